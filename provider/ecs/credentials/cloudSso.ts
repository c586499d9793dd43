import { CredentialsReason } from "./credentialErrors";
import type { DoRequest } from "./proxiedRequest";
import { callSignIn, endOf, isFresh, textsOf, type TemporaryCredentials } from "./temporaryCredentials";

/** A sign-in to CloudSSO, as a profile of the Alibaba Cloud CLI contains it. */
export interface CloudSsoSignIn {
  signInUrl: string;
  accountId: string;
  accessConfiguration: string;
  accessToken: string;
  /** Milliseconds since 1970. */
  accessTokenExpiresAt: number;
  /** What the CLI has stored, if it still lasts. */
  stored: TemporaryCredentials | undefined;
  /** How the user signs in again, for messages. */
  signIn: string;
}

/** CloudSSO has no refresh token: when the access token ends, the user has to sign in again. */
export function assertSignedIn({ accessTokenExpiresAt, signIn }: CloudSsoSignIn): void {
  // Also if it is not a number.
  if (!(accessTokenExpiresAt > Date.now())) {
    throw new CredentialsReason(`the CloudSSO access token has expired; sign in again with \`${signIn}\`.`);
  }
}

/** Temporary credentials for a sign-in. The library's own provider does not send the account and the configuration. */
export async function cloudSsoCredentials(
  given: CloudSsoSignIn,
  doRequest: DoRequest,
): Promise<TemporaryCredentials> {
  assertSignedIn(given);
  if (given.stored !== undefined && isFresh(given.stored.expiresAt)) {
    return given.stored;
  }
  const answer = await callSignIn(
    {
      service: "CloudSSO",
      url: `${new URL(given.signInUrl).origin}/cloud-credentials`,
      token: given.accessToken,
      json: { AccountId: given.accountId, AccessConfigurationId: given.accessConfiguration },
      signIn: given.signIn,
    },
    doRequest,
  );
  const found = textsOf(
    answer["CloudCredential"] as Record<string, unknown> | undefined,
    "AccessKeyId",
    "AccessKeySecret",
    "SecurityToken",
    "Expiration",
  );
  if (found === undefined) {
    throw new CredentialsReason("the answer of CloudSSO contains no credentials.");
  }
  return {
    credentials: {
      accessKeyId: found.AccessKeyId,
      accessKeySecret: found.AccessKeySecret,
      securityToken: found.SecurityToken,
    },
    expiresAt: endOf("CloudSSO", found.Expiration),
  };
}
