import { silenceHttpx } from "../silenceHttpx";
import { CredentialsError, MissingCredentialsError } from "./credentialErrors";
import type { Credentials, CredentialSource } from "./credentialSource";

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
export function renewed(
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
