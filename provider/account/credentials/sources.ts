import { devNull } from "node:os";
import type { Clock } from "../../ecs/clock.ts";
import type { Credentials, CredentialSource } from "../../ecs/http/credentialSource.ts";
import { silenceHttpx } from "../../ecs/http/silenceHttpx.ts";
import { CredentialsError, noneFound, unavailable } from "./credentialErrors.ts";
import type { DoRequest } from "./proxiedRequest.ts";

type Library = typeof import("@alicloud/credentials");

/** Caches credentials, and renews temporary ones. */
interface Provider {
  getCredentials(): Promise<Credentials>;
}

/** Credentials that never change. */
export function staticCredentials(description: string, credentials: Credentials): CredentialSource {
  return { description, load: () => Promise.resolve(credentials) };
}

/** Credentials of a provider of `@alicloud/credentials`. */
function fromLibrary(
  description: string,
  makeProvider: (library: Library, clock: Clock) => Provider | Promise<Provider>,
): CredentialSource {
  return fromProvider(description, (clock) => makeProvider(loadLibrary(), clock));
}

/** Loaded on first use: it takes longer to load than everything else. */
function loadLibrary(): Library {
  silenceHttpx("@alicloud/credentials");
  // Not import(): what that returns has other names in the plugin's bundle.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("@alicloud/credentials") as Library;
}

/** Credentials of a provider that is made by the first call. */
function fromProvider(
  description: string,
  makeProvider: (clock: Clock) => Provider | Promise<Provider>,
): CredentialSource {
  let provider: Provider | undefined;
  let request: Promise<Credentials> | undefined;

  async function requestCredentials(clock: Clock): Promise<Credentials> {
    try {
      provider ??= await makeProvider(clock);
      const { accessKeyId, accessKeySecret, securityToken } = await provider.getCredentials();
      return { accessKeyId, accessKeySecret, securityToken };
    } catch (error) {
      // What a failed provider has cached is not used again.
      provider = undefined;
      // The error of the credentials that a role is assumed with says where those come from.
      throw error instanceof CredentialsError ? error : unavailable(description, error);
    }
  }

  return {
    description,
    load(clock) {
      // Calls at the same time share one request; otherwise each would call STS.
      request ??= requestCredentials(clock).finally(() => {
        request = undefined;
      });
      return request;
    },
  };
}

/** Credentials with an end. */
export interface TemporaryCredentials {
  credentials: Credentials;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Temporary credentials are renewed this long before their end, so that none ends during a request. */
const RENEW_BEFORE_MS = 3 * 60_000;

/** Whether something that ends then can still be used. */
export function isFresh(expiresAt: number): boolean {
  return expiresAt - RENEW_BEFORE_MS > Date.now();
}

/** Temporary credentials, requested again shortly before their end. */
export function cachedUntilExpiry(
  description: string,
  request: (clock: Clock) => Promise<TemporaryCredentials>,
): CredentialSource {
  return fromProvider(description, (clock) => {
    let cached: TemporaryCredentials | undefined;
    return {
      async getCredentials() {
        if (cached === undefined || !isFresh(cached.expiresAt)) {
          try {
            cached = await request(clock);
          } catch (error) {
            // They are renewed early: what is left may be enough.
            if (cached === undefined || cached.expiresAt <= Date.now()) {
              throw error;
            }
          }
        }
        return cached.credentials;
      },
    };
  });
}

/**
 * The role of the ECS instance.
 *
 * @param roleName default: the role that the instance has
 */
export function ecsRole(description: string, roleName: string | undefined): CredentialSource {
  return fromLibrary(description, ({ ECSRAMRoleCredentialsProvider }) => {
    const builder = ECSRAMRoleCredentialsProvider.builder();
    return (roleName === undefined ? builder : builder.withRoleName(roleName)).build();
  });
}

/** The credentials that a URI answers with. */
export function credentialsOfUri(description: string, uri: string, doRequest: DoRequest): CredentialSource {
  return fromLibrary(description, ({ URICredentialsProvider }) =>
    Object.assign(URICredentialsProvider.builder().withCredentialsURI(uri).build(), { doRequest }),
  );
}

/** How the services that give temporary credentials are called. */
export interface Services {
  /** The region of STS. Default: none. */
  stsRegion: string | undefined;
  /** Default: that of the region. */
  stsEndpoint: string | undefined;
  doRequest: DoRequest;
}

/** A RAM role, and how to assume it. */
export interface Role {
  roleArn: string;
  sessionName: string | undefined;
  /** How long its credentials last, seconds (900 at least). Default: 3600. */
  durationSeconds?: number | undefined;
  policy?: string | undefined;
}

/** The credentials of a role that is assumed with others. */
export function assumeRole(
  description: string,
  role: Role & { externalId: string | undefined },
  base: CredentialSource,
  services: Services,
): CredentialSource {
  return fromLibrary(description, ({ RAMRoleARNCredentialsProvider }, clock) => {
    const builder = RAMRoleARNCredentialsProvider.builder().withCredentialsProvider({
      // The name is sent in a header. The description may contain any character, so it cannot be the name.
      getCredentials: async () => ({ providerName: "pulumi", ...(await base.load(clock)) }),
      getProviderName: () => "pulumi",
    } as Parameters<ReturnType<typeof RAMRoleARNCredentialsProvider.builder>["withCredentialsProvider"]>[0]);
    if (role.externalId !== undefined) {
      builder.withExternalId(role.externalId);
    }
    return buildRole(builder, role, services);
  });
}

/** A role that is assumed with an OpenID Connect token. */
export interface OidcRole extends Role {
  oidcProviderArn: string;
  /** Read again for each renewal. */
  oidcTokenFile: string | undefined;
  /** Instead of a file. */
  oidcToken?: string | undefined;
}

/** The credentials of a role that is assumed with a token. */
export function assumeRoleWithOidc(
  description: string,
  role: OidcRole,
  services: Services,
): CredentialSource {
  const { oidcToken } = role;
  const { doRequest } = services;
  return fromLibrary(description, ({ OIDCRoleArnCredentialsProvider }) => {
    const builder = OIDCRoleArnCredentialsProvider.builder()
      .withOIDCProviderArn(role.oidcProviderArn)
      .withOIDCTokenFilePath(role.oidcTokenFile ?? devNull);
    if (oidcToken === undefined) {
      return buildRole(builder, role, services);
    }
    // The library takes the token from a file only.
    return buildRole(builder, role, {
      ...services,
      doRequest: (request) =>
        doRequest({
          ...request,
          toRequestURL: () => request.toRequestURL(),
          bodyForm: { ...request.bodyForm, OIDCToken: oidcToken },
        }),
    });
  });
}

/** What the library's builders of both kinds of roles have in common. Each has a default for what is undefined. */
interface RoleBuilder {
  withRoleArn(roleArn: string): unknown;
  withPolicy(policy: string | undefined): unknown;
  withRoleSessionName(name: string | undefined): unknown;
  withDurationSeconds(seconds: number | undefined): unknown;
  withStsEndpoint(endpoint: string | undefined): unknown;
  withStsRegionId(region: string | undefined): unknown;
  build(): Provider;
}

function buildRole(builder: RoleBuilder, role: Role, services: Services): Provider {
  builder.withRoleArn(role.roleArn);
  builder.withPolicy(role.policy);
  builder.withRoleSessionName(role.sessionName);
  builder.withDurationSeconds(role.durationSeconds);
  // The library takes a host, and always calls it with HTTPS.
  builder.withStsEndpoint(services.stsEndpoint?.replace(/^https?:\/\/|\/+$/gi, ""));
  builder.withStsRegionId(services.stsRegion);
  return Object.assign(builder.build(), { doRequest: services.doRequest });
}

/**
 * The end of the SDKs' default chain.
 *
 * @param advice what to do if nothing is found
 * @param searched the places that were searched before
 */
export function defaultChain(advice: string, searched: readonly string[]): CredentialSource {
  return fromLibrary(
    "the default credential chain of @alicloud/credentials",
    async ({ ProfileCredentialsProvider, ECSRAMRoleCredentialsProvider }) => {
      const failures: unknown[] = [];
      for (const member of [ProfileCredentialsProvider, ECSRAMRoleCredentialsProvider]) {
        try {
          const provider = member.builder().build();
          await provider.getCredentials();
          return provider;
        } catch (error) {
          failures.push(error);
        }
      }
      throw noneFound(advice, searched, failures);
    },
  );
}
