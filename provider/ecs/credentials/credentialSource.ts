import { devNull } from "node:os";
import { type Clock, systemClock } from "../clock";
import { silenceHttpx } from "../silenceHttpx";
import { type CloudSsoSignIn, cloudSsoCredentials } from "./cloudSso";
import { CredentialsError, MissingCredentialsError } from "./credentialErrors";
import { externalCredentials } from "./externalProcess";
import { oauthCredentials, type OauthSignIn } from "./oauth";
import { type DoRequest, proxiedRequest } from "./proxiedRequest";
import { kept } from "./temporaryCredentials";

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
  /** Without a name: the role that the instance has. */
  | { kind: "ecsRole"; roleName: string | undefined; source: string }
  | { kind: "uri"; uri: string; source: string }
  | ({ kind: "oidcRole" } & OidcRole & { sts?: StsChoice; source: string })
  | { kind: "role"; base: CredentialChoice; role: RoleToAssume; sts: StsChoice; source: string }
  | { kind: "external"; command: string; source: string }
  | ({ kind: "cloudSso"; source: string } & CloudSsoSignIn)
  | ({ kind: "oauth"; source: string } & OauthSignIn)
  | {
      kind: "default";
      /** The places already searched, for the error if nothing is found here either. */
      searched: readonly string[];
    };

/** The STS service that roles are assumed with. */
export interface StsChoice {
  region: string | undefined;
  endpoint: string | undefined;
}

/** A role that is assumed with an OpenID Connect token. */
export interface OidcRole extends Omit<RoleToAssume, "externalId"> {
  oidcProviderArn: string;
  /** Read again for each renewal. */
  oidcTokenFile: string | undefined;
  /** Instead of a file. */
  oidcToken: string | undefined;
}

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
  /** For what has no STS service of its own. */
  sts: StsChoice;
}

/** The credentials of a plan. Nothing is requested or loaded before the first call. */
export function credentialSource(
  { base, role, sts }: CredentialPlan,
  proxyEnv: Readonly<Record<string, string | undefined>> = process.env,
  clock: Clock = systemClock,
): CredentialSource {
  const doRequest = proxiedRequest(proxyEnv);
  const own = sourceOf(base, sts, doRequest, clock);
  return role === undefined
    ? own
    : assumed(
        role,
        own,
        sts,
        `the role ${role.roleArn} (alicloud:assumeRole), assumed with ${own.source}`,
        doRequest,
      );
}

function sourceOf(
  choice: CredentialChoice,
  sts: StsChoice,
  doRequest: DoRequest,
  clock: Clock,
): CredentialSource {
  switch (choice.kind) {
    case "static":
      return { source: choice.source, getCredentials: () => Promise.resolve(choice.credentials) };
    case "ecsRole":
      return renewed(choice.source, ({ ECSRAMRoleCredentialsProvider }) => {
        const builder = ECSRAMRoleCredentialsProvider.builder();
        ifDefined(choice.roleName, (name) => builder.withRoleName(name));
        return builder.build();
      });
    case "uri":
      return renewed(choice.source, ({ URICredentialsProvider }) =>
        Object.assign(URICredentialsProvider.builder().withCredentialsURI(choice.uri).build(), { doRequest }),
      );
    case "oidcRole":
      return oidcRole(choice, choice.sts ?? sts, choice.source, doRequest);
    case "role":
      return assumed(
        choice.role,
        sourceOf(choice.base, choice.sts, doRequest, clock),
        choice.sts,
        choice.source,
        doRequest,
      );
    case "external":
      return renewed(choice.source, () => kept(() => externalCredentials(choice.command)));
    case "cloudSso":
      return renewed(choice.source, () => kept(() => cloudSsoCredentials(choice, doRequest)));
    case "oauth":
      return renewed(choice.source, () => kept(() => oauthCredentials(choice, doRequest, clock)));
    case "default":
      return renewed(
        "the default credential chain of @alicloud/credentials",
        ({ ProfileCredentialsProvider, ECSRAMRoleCredentialsProvider }) =>
          firstOf(
            () => ProfileCredentialsProvider.builder().build(),
            () => ECSRAMRoleCredentialsProvider.builder().build(),
          ),
        (error) =>
          new MissingCredentialsError(choice.searched, error instanceof AggregateError ? error.errors : []),
      );
  }
}

function assumed(
  role: RoleToAssume,
  own: CredentialSource,
  sts: StsChoice,
  source: string,
  doRequest: DoRequest,
): CredentialSource {
  return renewed(source, ({ RAMRoleARNCredentialsProvider }) => {
    const builder = RAMRoleARNCredentialsProvider.builder()
      .withCredentialsProvider({
        // The name is sent in a header. The source may contain any character, so it cannot be the name.
        getCredentials: async () => ({ providerName: "pulumi", ...(await own.getCredentials()) }),
        getProviderName: () => "pulumi",
      } as Parameters<ReturnType<typeof RAMRoleARNCredentialsProvider.builder>["withCredentialsProvider"]>[0])
      .withRoleArn(role.roleArn);
    ifDefined(role.policy, (policy) => builder.withPolicy(policy));
    ifDefined(role.externalId, (externalId) => builder.withExternalId(externalId));
    ifDefined(role.sessionName, (name) => builder.withRoleSessionName(name));
    ifDefined(role.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
    ifDefined(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
    ifDefined(sts.region, (region) => builder.withStsRegionId(region));
    return Object.assign(builder.build(), { doRequest });
  });
}

function oidcRole(role: OidcRole, sts: StsChoice, source: string, doRequest: DoRequest): CredentialSource {
  const { oidcToken } = role;
  return renewed(source, ({ OIDCRoleArnCredentialsProvider }) => {
    const builder = OIDCRoleArnCredentialsProvider.builder()
      .withRoleArn(role.roleArn)
      .withOIDCProviderArn(role.oidcProviderArn)
      .withOIDCTokenFilePath(role.oidcTokenFile ?? devNull);
    ifDefined(role.policy, (policy) => builder.withPolicy(policy));
    ifDefined(role.sessionName, (name) => builder.withRoleSessionName(name));
    ifDefined(role.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
    ifDefined(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
    ifDefined(sts.region, (region) => builder.withStsRegionId(region));
    return Object.assign(builder.build(), {
      // The library takes the token from a file only.
      doRequest:
        oidcToken === undefined
          ? doRequest
          : (request: Parameters<DoRequest>[0]) =>
              doRequest({
                ...request,
                toRequestURL: () => request.toRequestURL(),
                bodyForm: { ...request.bodyForm, OIDCToken: oidcToken },
              }),
    });
  });
}

/** The credentials of the first that has some. */
function firstOf(...makers: (() => Renewable)[]): Renewable {
  let found: Renewable | undefined;
  return {
    async getCredentials() {
      if (found !== undefined) {
        return found.getCredentials();
      }
      const failures: unknown[] = [];
      for (const make of makers) {
        try {
          const candidate = make();
          const credentials = await candidate.getCredentials();
          found = candidate;
          return credentials;
        } catch (error) {
          failures.push(error);
        }
      }
      throw new AggregateError(failures);
    },
  };
}

function ifDefined<T>(value: T | undefined, use: (value: T) => unknown): void {
  if (value !== undefined) {
    use(value);
  }
}

type CredentialsModule = typeof import("@alicloud/credentials");
/** Credentials that are renewed by themselves. */
export interface Renewable {
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
      // What a failed one has kept is not used again.
      provider = undefined;
      // The error of the credentials that a role is assumed with names their own source.
      throw error instanceof CredentialsError || error instanceof MissingCredentialsError
        ? error
        : errorFor(error);
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
