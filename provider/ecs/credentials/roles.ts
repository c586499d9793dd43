import { devNull } from "node:os";
import type { CredentialSource, OidcRole, RoleToAssume, StsChoice } from "./credentialSource";
import type { DoRequest } from "./proxiedRequest";
import { renewed } from "./renewed";

/** The credentials of a role that is assumed with others. */
export function assumed(
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
    ifDefined(role.externalId, (externalId) => builder.withExternalId(externalId));
    setSession(builder, role, sts);
    return Object.assign(builder.build(), { doRequest });
  });
}

/** The credentials of a role that is assumed with a token. */
export function oidcRole(
  role: OidcRole,
  sts: StsChoice,
  source: string,
  doRequest: DoRequest,
): CredentialSource {
  const { oidcToken } = role;
  return renewed(source, ({ OIDCRoleArnCredentialsProvider }) => {
    const builder = OIDCRoleArnCredentialsProvider.builder()
      .withRoleArn(role.roleArn)
      .withOIDCProviderArn(role.oidcProviderArn)
      .withOIDCTokenFilePath(role.oidcTokenFile ?? devNull);
    setSession(builder, role, sts);
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

/** What the library's builders of both kinds of roles have in common. */
interface SessionBuilder {
  withPolicy(policy: string): unknown;
  withRoleSessionName(name: string): unknown;
  withDurationSeconds(seconds: number): unknown;
  withStsEndpoint(endpoint: string): unknown;
  withStsRegionId(region: string): unknown;
}

/** Sets what is given; the library has defaults for the rest. */
function setSession(
  builder: SessionBuilder,
  role: Pick<RoleToAssume, "policy" | "sessionName" | "sessionExpirationS">,
  sts: StsChoice,
): void {
  ifDefined(role.policy, (policy) => builder.withPolicy(policy));
  ifDefined(role.sessionName, (name) => builder.withRoleSessionName(name));
  ifDefined(role.sessionExpirationS, (seconds) => builder.withDurationSeconds(seconds));
  ifDefined(sts.endpoint, (endpoint) => builder.withStsEndpoint(endpoint));
  ifDefined(sts.region, (region) => builder.withStsRegionId(region));
}

/** Calls the function with a value that is given. */
export function ifDefined<T>(value: T | undefined, use: (value: T) => unknown): void {
  if (value !== undefined) {
    use(value);
  }
}
