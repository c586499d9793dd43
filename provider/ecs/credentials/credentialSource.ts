import { silenceHttpx } from "../silenceHttpx";
import { CredentialsError, MissingCredentialsError } from "./credentialErrors";
import { type DoRequest, proxiedRequest } from "./proxiedRequest";

/** What a request is signed with. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary (STS) credentials. */
  securityToken?: string | undefined;
}

/** Provides the credentials for every request, so that temporary ones are renewed during a long run. */
export interface CredentialSource {
  /** Where they come from, for error messages. */
  readonly source: string;
  getCredentials(): Promise<Credentials>;
}

/** One way to get credentials; `source` says where it was set, for error messages. */
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
      /** The places already searched, for the error if nothing is found here either. */
      searched: readonly string[];
    };

/** How to assume a RAM role. */
export interface RoleToAssume {
  roleArn: string;
  policy: string | undefined;
  sessionName: string | undefined;
  /** How long its credentials last, seconds (900 at least); the role's own default otherwise. */
  sessionExpirationS: number | undefined;
  externalId: string | undefined;
}

/** How to get the credentials that requests are signed with. */
export interface CredentialPlan {
  base: CredentialChoice;
  /** Assumed with the base credentials. */
  role: RoleToAssume | undefined;
  /** The STS service that roles are assumed with. */
  sts: { region: string | undefined; endpoint: string | undefined };
}

/** The credentials of a plan. Nothing is requested or loaded before the first call. */
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
          // The name is sent in a header. The source may contain any character, so it cannot be the name.
          getCredentials: async () => ({ providerName: "pulumi", ...(await own.getCredentials()) }),
          getProviderName: () => "pulumi",
        } as Parameters<
          ReturnType<typeof RAMRoleARNCredentialsProvider.builder>["withCredentialsProvider"]
        >[0])
        .withRoleArn(role.roleArn);
      ifDefined(role.policy, (policy) => builder.withPolicy(policy));
      ifDefined(role.externalId, (externalId) => builder.withExternalId(externalId));
      ifDefined(role.sessionName, (name) => builder.withRoleSessionName(name));
      ifDefined(role.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
      ifDefined(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
      ifDefined(sts.region, (region) => builder.withStsRegionId(region));
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
        // The public method reads the file only in the home folder, and its parse error contains the whole file, secrets
        // included. This method takes the parsed content.
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
        ifDefined(choice.policy, (policy) => builder.withPolicy(policy));
        ifDefined(choice.sessionName, (name) => builder.withRoleSessionName(name));
        ifDefined(choice.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
        ifDefined(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
        ifDefined(sts.region, (region) => builder.withStsRegionId(region));
        return Object.assign(builder.build(), { doRequest });
      });
    case "default":
      return renewed(
        "the default credential chain of @alicloud/credentials",
        ({ DefaultCredentialsProvider }) => DefaultCredentialsProvider.builder().build(),
        () => new MissingCredentialsError(choice.searched),
      );
  }
}

function ifDefined<T>(value: T | undefined, use: (value: T) => unknown): void {
  if (value !== undefined) {
    use(value);
  }
}

type CredentialsModule = typeof import("@alicloud/credentials");
interface Renewable {
  getCredentials(): Promise<Credentials>;
}

/**
 * Credentials of `@alicloud/credentials`, which caches and renews temporary ones.
 *
 * @param errorFor makes the error if there are none
 */
function renewed(
  source: string,
  make: (module: CredentialsModule) => Renewable,
  errorFor = (error: unknown): Error => new CredentialsError(source, error),
): CredentialSource {
  let provider: Renewable | undefined;
  let request: Promise<Credentials> | undefined;

  async function requestCredentials(): Promise<Credentials> {
    try {
      provider ??= make(load());
      const { accessKeyId, accessKeySecret, securityToken } = await provider.getCredentials();
      return { accessKeyId, accessKeySecret, securityToken };
    } catch (error) {
      // After a failure the default chain tries only its last member: make a new one for the next call.
      provider = undefined;
      throw errorFor(error);
    }
  }

  return {
    source,
    getCredentials() {
      // Calls at the same time share one request; otherwise each would call STS.
      request ??= requestCredentials().finally(() => {
        request = undefined;
      });
      return request;
    },
  };
}

/** Loaded on first use: it takes longer to load than everything else. */
function load(): CredentialsModule {
  silenceHttpx("@alicloud/credentials");
  // Not import(): what that returns has other names in the plugin's bundle.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("@alicloud/credentials") as CredentialsModule;
}
