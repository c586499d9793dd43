import type { Clock } from "../clock";
import { CredentialsReason } from "./credentialErrors";
import { changeProfile, type ProfileFields, readProfileFields } from "./profileFile";
import type { DoRequest } from "./proxiedRequest";
import { callSignIn, endOf, isFresh, textsOf, type TemporaryCredentials } from "./temporaryCredentials";

/** The OAuth services, and the ids that they know the Alibaba Cloud CLI by. */
export const oauthSites = {
  CN: { url: "https://oauth.aliyun.com", clientId: "4038181954557748008" },
  INTL: { url: "https://oauth.alibabacloud.com", clientId: "4103531455503354461" },
} as const;

/** A sign-in with OAuth, in a profile of the Alibaba Cloud CLI. */
export interface OauthSignIn {
  site: keyof typeof oauthSites;
  /** The configuration file. The tokens are read from it for each renewal, and new ones go back there. */
  file: string;
  profile: string;
  /** How the user signs in again, for messages. */
  signIn: string;
}

/** Temporary credentials for a sign-in. The library's own provider stores new tokens elsewhere, and hides it if it cannot. */
export async function oauthCredentials(
  given: OauthSignIn,
  doRequest: DoRequest,
  clock: Clock,
): Promise<TemporaryCredentials> {
  const { site, file, profile, signIn } = given;
  let fields = await readProfileFields(file, profile);
  const stored = storedCredentials(fields);
  if (stored !== undefined && isFresh(stored.expiresAt)) {
    return stored;
  }
  if (!hasFreshToken(fields)) {
    // Another process may have renewed them before this one has the lock.
    fields = await changeProfile(file, profile, clock, async (current) =>
      hasFreshToken(current) ? undefined : renewedTokens(current, given, doRequest),
    ).catch(async (error: unknown) => {
      // So may the CLI, which does not know the lock, and then the refresh token is refused.
      const current = await readProfileFields(file, profile);
      if (hasFreshToken(current)) {
        return current;
      }
      throw error;
    });
  }
  const answer = await callSignIn(
    {
      service: "OAuth",
      url: `${oauthSites[site].url}/v1/exchange`,
      token: String(fields["oauth_access_token"]),
      signIn,
    },
    doRequest,
  );
  const found = textsOf(answer, "accessKeyId", "accessKeySecret", "securityToken", "expiration");
  if (found === undefined) {
    throw new CredentialsReason("the answer of OAuth contains no credentials.");
  }
  const { accessKeyId, accessKeySecret, securityToken, expiration } = found;
  return {
    credentials: { accessKeyId, accessKeySecret, securityToken },
    expiresAt: endOf("OAuth", expiration),
  };
}

/** The temporary credentials that the CLI has stored in a profile beside its sign-in; undefined if there are none. */
export function storedCredentials(fields: ProfileFields): TemporaryCredentials | undefined {
  const found = textsOf(fields, "access_key_id", "access_key_secret", "sts_token");
  return found === undefined
    ? undefined
    : {
        credentials: {
          accessKeyId: found.access_key_id,
          accessKeySecret: found.access_key_secret,
          securityToken: found.sts_token,
        },
        expiresAt: millisecondsOf(fields["sts_expiration"]),
      };
}

/** The CLI stores times in seconds. 0 if there is none. */
export function millisecondsOf(seconds: unknown): number {
  return typeof seconds === "number" ? seconds * 1_000 : 0;
}

function hasFreshToken(fields: ProfileFields): boolean {
  return (
    textsOf(fields, "oauth_access_token") !== undefined &&
    isFresh(millisecondsOf(fields["oauth_access_token_expire"]))
  );
}

/** Uses up the refresh token. */
async function renewedTokens(
  current: ProfileFields,
  { site, signIn }: OauthSignIn,
  doRequest: DoRequest,
): Promise<ProfileFields> {
  const refreshToken = textsOf(current, "oauth_refresh_token")?.oauth_refresh_token;
  if (refreshToken === undefined) {
    throw new CredentialsReason(`the profile has no oauth_refresh_token; sign in with \`${signIn}\`.`);
  }
  const answer = await callSignIn(
    {
      service: "OAuth",
      url: `${oauthSites[site].url}/v1/token`,
      form: {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        client_id: oauthSites[site].clientId,
      },
      signIn,
    },
    doRequest,
  );
  const accessToken = textsOf(answer, "access_token")?.access_token;
  if (accessToken === undefined) {
    throw new CredentialsReason(`the answer of OAuth contains no token; sign in again with \`${signIn}\`.`);
  }
  const seconds = typeof answer["expires_in"] === "number" ? answer["expires_in"] : 3_600;
  return {
    oauth_access_token: accessToken,
    oauth_refresh_token: textsOf(answer, "refresh_token")?.refresh_token ?? refreshToken,
    oauth_access_token_expire: Math.floor(Date.now() / 1_000) + seconds,
  };
}
