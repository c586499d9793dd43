import { type Clock, systemClock } from "../clock";
import { type CloudSsoSignIn, cloudSsoCredentials } from "./cloudSso";
import { MissingCredentialsError } from "./credentialErrors";
import { externalCredentials } from "./externalProcess";
import { oauthCredentials, type OauthSignIn } from "./oauth";
import { type DoRequest, proxiedRequest } from "./proxiedRequest";
import { type Renewable, renewed } from "./renewed";
import { assumed, ifDefined, oidcRole } from "./roles";
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
      /** What to do if nothing is found here either. */
      advice: string;
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
        (error) => new MissingCredentialsError(choice, error instanceof AggregateError ? error.errors : []),
      );
  }
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
