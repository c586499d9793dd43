import { type DoRequest, proxiedRequest } from "./proxiedRequest";

/** What a request is signed with. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary (STS) credentials. */
  securityToken?: string | undefined;
}

/** Where credentials come from. Asked again for every request, so that temporary ones are renewed during a long run. */
export interface CredentialSource {
  /** In words, for error messages. */
  readonly source: string;
  getCredentials(): Promise<Credentials>;
}

/** One way to come by credentials; `source` says in words where it was set. */
export type CredentialChoice =
  | { kind: "static"; credentials: Credentials; source: string }
  | { kind: "profile"; name: string; profiles: object; source: string }
  | { kind: "ecsRole"; roleName: string; source: string }
  | { kind: "uri"; uri: string; source: string }
  | ({ kind: "oidcRole"; oidcProviderArn: string; oidcTokenFile: string; source: string } & Omit<
      RoleToAssume,
      "externalId"
    >)
  | {
      kind: "default";
      /** The places looked at before, for the error if there is nothing here either. */
      lookedAt: readonly string[];
    };

/** A RAM role, and how to assume it. */
export interface RoleToAssume {
  roleArn: string;
  policy: string | undefined;
  sessionName: string | undefined;
  /** How long its credentials last, seconds (900 at least); the role's own default otherwise. */
  sessionExpirationS: number | undefined;
  externalId: string | undefined;
}

/** How to come by the credentials that requests are signed with. */
export interface CredentialPlan {
  base: CredentialChoice;
  /** Assumed with the base credentials. */
  role: RoleToAssume | undefined;
  /** The STS service that roles are assumed with. */
  sts: { region: string | undefined; endpoint: string | undefined };
}

/** Carries out a plan. Nothing is asked for, and nothing loaded, before the first request. */
export function credentialSource(
  { base, role, sts }: CredentialPlan,
  proxyEnv: Readonly<Record<string, string | undefined>> = process.env,
): CredentialSource {
  const doRequest = proxiedRequest(proxyEnv);
  const own = sourceOf(base, sts, doRequest);
  if (role === undefined) {
    return own;
  }
  return renewed(
    `the role ${role.roleArn} (alicloud:assumeRole), assumed with ${own.source}`,
    ({ RAMRoleARNCredentialsProvider }) => {
      const builder = RAMRoleARNCredentialsProvider.builder()
        .withCredentialsProvider({
          // The name goes into a header, so it is not the source, which may hold any character.
          getCredentials: async () => ({ providerName: "pulumi", ...(await own.getCredentials()) }),
          getProviderName: () => "pulumi",
        } as Parameters<
          ReturnType<typeof RAMRoleARNCredentialsProvider.builder>["withCredentialsProvider"]
        >[0])
        .withRoleArn(role.roleArn);
      given(role.policy, (policy) => builder.withPolicy(policy));
      given(role.externalId, (externalId) => builder.withExternalId(externalId));
      given(role.sessionName, (name) => builder.withRoleSessionName(name));
      given(role.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
      given(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
      given(sts.region, (region) => builder.withStsRegionId(region));
      return Object.assign(builder.build(), { doRequest });
    },
  );
}

function sourceOf(
  choice: CredentialChoice,
  sts: CredentialPlan["sts"],
  doRequest: DoRequest,
): CredentialSource {
  switch (choice.kind) {
    case "static":
      return { source: choice.source, getCredentials: () => Promise.resolve(choice.credentials) };
    case "profile":
      return renewed(choice.source, ({ CLIProfileCredentialsProvider }) => {
        // The public way reads the file by itself, only in the home folder, and puts all of it, secrets included, into the
        // message if it cannot parse it. The method behind it takes the parsed content.
        const provider = CLIProfileCredentialsProvider.builder()
          .withProfileName(choice.name)
          .build() as unknown as {
          getCredentialsProvider(profiles: object, name: string): Renewable;
        };
        return provider.getCredentialsProvider(choice.profiles, choice.name);
      });
    case "ecsRole":
      return renewed(choice.source, ({ ECSRAMRoleCredentialsProvider }) =>
        ECSRAMRoleCredentialsProvider.builder().withRoleName(choice.roleName).build(),
      );
    case "uri":
      return renewed(choice.source, ({ URICredentialsProvider }) =>
        Object.assign(URICredentialsProvider.builder().withCredentialsURI(choice.uri).build(), { doRequest }),
      );
    case "oidcRole":
      return renewed(choice.source, ({ OIDCRoleArnCredentialsProvider }) => {
        const builder = OIDCRoleArnCredentialsProvider.builder()
          .withRoleArn(choice.roleArn)
          .withOIDCProviderArn(choice.oidcProviderArn)
          .withOIDCTokenFilePath(choice.oidcTokenFile);
        given(choice.policy, (policy) => builder.withPolicy(policy));
        given(choice.sessionName, (name) => builder.withRoleSessionName(name));
        given(choice.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
        given(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
        given(sts.region, (region) => builder.withStsRegionId(region));
        return Object.assign(builder.build(), { doRequest });
      });
    case "default":
      return renewed(
        "the default credential chain of @alicloud/credentials",
        ({ DefaultCredentialsProvider }) => DefaultCredentialsProvider.builder().build(),
        () => new MissingCredentialsError(choice.lookedAt),
      );
  }
}

function given<T>(value: T | undefined, use: (value: T) => unknown): void {
  if (value !== undefined) {
    use(value);
  }
}

type CredentialsModule = typeof import("@alicloud/credentials");
interface Renewable {
  getCredentials(): Promise<Credentials>;
}

/**
 * Credentials of `@alicloud/credentials`, which keeps and renews temporary ones.
 *
 * @param failed makes the error if there are none
 */
function renewed(
  source: string,
  make: (module: CredentialsModule) => Renewable,
  failed = (error: unknown): Error => new CredentialsError(source, error),
): CredentialSource {
  let provider: Promise<Renewable> | undefined;
  let asking: Promise<Credentials> | undefined;

  async function ask(): Promise<Credentials> {
    try {
      // Loaded on first need: it takes longer to load than all the rest.
      provider ??= import("@alicloud/credentials").then((module) => make(module.default));
      const { accessKeyId, accessKeySecret, securityToken } = await (await provider).getCredentials();
      return { accessKeyId, accessKeySecret, securityToken };
    } catch (error) {
      // After a total failure the default chain asks only its last member: the next call makes a new one.
      provider = undefined;
      throw failed(error);
    }
  }

  return {
    source,
    getCredentials() {
      // Calls at the same time share one answer; each would ask STS by itself otherwise.
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** The credentials that the settings name cannot be had. */
export class CredentialsError extends Error {
  constructor(source: string, cause: unknown) {
    super(`There are no credentials from ${source}: ${safeReason(cause)}. Check that setting.`);
    this.name = "CredentialsError";
  }
}

/** Of an error of `@alicloud/credentials` what cannot contain a secret; its messages quote whole answers and files. */
function safeReason(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const text = typeof message === "string" ? message : "";
  const told = /"Code"\s*:\s*"([\w.]+)"/.exec(text)?.[1];
  const status = /httpStatus: (\d{3})/.exec(text)?.[1];
  if (told !== undefined || status !== undefined) {
    return [told, status === undefined ? undefined : `HTTP ${status}`].filter(Boolean).join(", ");
  }
  if (typeof code === "string") {
    return code;
  }
  return /timeout/i.test(text) ? "no answer in time" : "they could not be got or read";
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
      "No Alibaba Cloud credentials were found. Set them with `pulumi config set --secret alicloud:accessKey …` and " +
        "`pulumi config set --secret alicloud:secretKey …`, or in the environment. Looked at:" +
        places.map((place) => `\n  - ${place}`).join(""),
    );
    this.name = "MissingCredentialsError";
  }
}
