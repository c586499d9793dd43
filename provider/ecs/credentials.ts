import type Credential from "@alicloud/credentials";

/** What a request is signed with. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary (STS) credentials. */
  securityToken?: string | undefined;
}

/** Where credentials come from. Asked again for every request, so that temporary ones can be renewed. */
export interface CredentialSource {
  /** In words, for error messages. */
  readonly source: string;
  getCredentials(): Promise<Credentials>;
}

/** Credentials as written in the configuration or the environment. */
export function staticCredentials(credentials: Credentials, source: string): CredentialSource {
  return { source, getCredentials: () => Promise.resolve(credentials) };
}

/**
 * The default chain of `@alicloud/credentials`: environment, OIDC, `~/.aliyun/config.json`, `~/.alibabacloud/credentials`,
 * the ECS instance's RAM role, `ALIBABA_CLOUD_CREDENTIALS_URI`.
 *
 * @param lookedAt the places looked at before, for the error if there is nothing here either
 */
export function defaultChain(lookedAt: readonly string[]): CredentialSource {
  let chain: Promise<Credential> | undefined;
  return {
    source: "the default credential chain of @alicloud/credentials",
    async getCredentials() {
      // Loaded on first need: it takes longer to load than all the rest.
      // The module is CommonJS: its default export comes through import() wrapped once more.
      chain ??= import("@alicloud/credentials").then((module) => new module.default.default());
      try {
        const { accessKeyId, accessKeySecret, securityToken } = await (await chain).getCredential();
        return { accessKeyId: accessKeyId ?? "", accessKeySecret: accessKeySecret ?? "", securityToken };
      } catch {
        // After a total failure the chain asks only its last provider: the next call makes a new one.
        chain = undefined;
        // Its messages are left out: the one about the CLI's configuration file contains the whole file, secrets included.
        throw new MissingCredentialsError(lookedAt);
      }
    },
  };
}

/** No credentials anywhere. The message lists every place looked at. */
export class MissingCredentialsError extends Error {
  constructor(lookedAt: readonly string[]) {
    const places = [
      ...lookedAt,
      "environment variables ALIBABA_CLOUD_ROLE_ARN with ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE",
      "~/.aliyun/config.json (the profile of the Alibaba Cloud CLI)",
      "~/.alibabacloud/credentials",
      "the RAM role of this ECS instance",
      "environment variable ALIBABA_CLOUD_CREDENTIALS_URI",
    ];
    super(
      "No Alibaba Cloud credentials were found. Set them with `pulumi config set alicloud:accessKey …` and " +
        "`pulumi config set --secret alicloud:secretKey …`, or in the environment. Looked at:" +
        places.map((place) => `\n  - ${place}`).join(""),
    );
    this.name = "MissingCredentialsError";
  }
}
