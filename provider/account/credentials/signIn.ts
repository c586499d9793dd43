import type { Clock } from "../../ecs/clock.ts";
import { isObject, jsonObject, nonEmptyString } from "../../ecs/json.ts";
import type { Credentials } from "../../ecs/http/credentialSource.ts";
import { changeProfile, type ProfileFields, readFields } from "./cliFile.ts";
import { CredentialsReason } from "./credentialErrors.ts";
import type { DoRequest } from "./proxiedRequest.ts";
import { isFresh, type TemporaryCredentials } from "./sources.ts";

/** Why a sign-in to CloudSSO cannot be used; undefined if it can. There is no refresh token: when it ends, the user signs in again. */
export function expiredCloudSso(fields: ProfileFields, signIn: string): string | undefined {
  return timeOf(fields, "cloud_sso_access_token_expire") > Date.now()
    ? undefined
    : `the CloudSSO access token has expired; sign in again with \`${signIn}\`.`;
}

/**
 * Temporary credentials for a sign-in to CloudSSO. The library's own provider does not send the account and the configuration.
 *
 * @param fields of the profile, with all that the mode requires
 * @param signIn how the user signs in again, for messages
 */
export async function cloudSsoCredentials(
  fields: ProfileFields,
  signIn: string,
  doRequest: DoRequest,
): Promise<TemporaryCredentials> {
  const expired = expiredCloudSso(fields, signIn);
  if (expired !== undefined) {
    throw new CredentialsReason(expired);
  }
  const stored = storedCredentials(fields);
  if (stored !== undefined) {
    return stored;
  }
  const json = JSON.stringify({
    AccountId: String(fields["cloud_sso_account_id"]),
    AccessConfigurationId: String(fields["cloud_sso_access_config"]),
  });
  const url = `${new URL(String(fields["cloud_sso_sign_in_url"])).origin}/cloud-credentials`;
  const token = String(fields["access_token"]);
  const answer = await callService({ service: "CloudSSO", url, token, json, signIn }, doRequest);
  const found = answer["CloudCredential"];
  return temporaryIn("CloudSSO", isObject(found) ? found : {});
}

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
  let fields = readFields(file, profile);
  const stored = storedCredentials(fields);
  if (stored !== undefined) {
    return stored;
  }
  if (!hasFreshToken(fields)) {
    // Another process may have renewed them before this one has the lock.
    fields = await changeProfile(file, profile, clock, async (current) =>
      hasFreshToken(current) ? undefined : renewedTokens(current, given, doRequest),
    ).catch((error: unknown) => {
      // So may the CLI, which does not know the lock, and then the refresh token is refused.
      const current = readFields(file, profile);
      if (hasFreshToken(current)) {
        return current;
      }
      throw error;
    });
  }
  const url = `${oauthSites[site].url}/v1/exchange`;
  const token = String(fields["oauth_access_token"]);
  const answer = await callService({ service: "OAuth", url, token, signIn }, doRequest);
  return temporaryIn("OAuth", answer);
}

function hasFreshToken(fields: ProfileFields): boolean {
  return (
    nonEmptyString(fields, "oauth_access_token") !== undefined &&
    isFresh(timeOf(fields, "oauth_access_token_expire"))
  );
}

/** Uses up the refresh token. */
async function renewedTokens(
  current: ProfileFields,
  { site, signIn }: OauthSignIn,
  doRequest: DoRequest,
): Promise<ProfileFields> {
  const refreshToken = nonEmptyString(current, "oauth_refresh_token");
  if (refreshToken === undefined) {
    throw new CredentialsReason(`the profile has no oauth_refresh_token; sign in with \`${signIn}\`.`);
  }
  const { url, clientId } = oauthSites[site];
  const form = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
  const answer = await callService({ service: "OAuth", url: `${url}/v1/token`, form, signIn }, doRequest);
  const accessToken = nonEmptyString(answer, "access_token");
  if (accessToken === undefined) {
    throw new CredentialsReason(`the answer of OAuth contains no token; sign in again with \`${signIn}\`.`);
  }
  const seconds = typeof answer["expires_in"] === "number" ? answer["expires_in"] : 3_600;
  return {
    oauth_access_token: accessToken,
    oauth_refresh_token: nonEmptyString(answer, "refresh_token") ?? refreshToken,
    oauth_access_token_expire: Math.floor(Date.now() / 1_000) + seconds,
  };
}

/** The temporary credentials that the CLI has stored in a profile beside its sign-in; undefined if they no longer last. */
function storedCredentials(fields: ProfileFields): TemporaryCredentials | undefined {
  const expiresAt = timeOf(fields, "sts_expiration");
  const credentials = credentialsIn(fields, "access_key_id", "access_key_secret", "sts_token");
  return credentials === undefined || !isFresh(expiresAt) ? undefined : { credentials, expiresAt };
}

/** A time in a profile, milliseconds since 1970: the CLI stores seconds. NaN if there is none. */
function timeOf(fields: ProfileFields, name: string): number {
  return Number(fields[name]) * 1_000;
}

/** The credentials of an object, whose fields have these names; undefined if one is missing. */
function credentialsIn(
  object: Record<string, unknown>,
  id: string,
  secret: string,
  token: string,
): Credentials | undefined {
  const accessKeyId = nonEmptyString(object, id);
  const accessKeySecret = nonEmptyString(object, secret);
  const securityToken = nonEmptyString(object, token);
  return accessKeyId === undefined || accessKeySecret === undefined || securityToken === undefined
    ? undefined
    : { accessKeyId, accessKeySecret, securityToken };
}

/** The temporary credentials of an answer. */
function temporaryIn(service: string, answer: Record<string, unknown>): TemporaryCredentials {
  // The names of CloudSSO begin with capitals, those of OAuth do not.
  const fields = Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]),
  );
  const credentials = credentialsIn(fields, "accessKeyId", "accessKeySecret", "securityToken");
  if (credentials === undefined) {
    throw new CredentialsReason(`the answer of ${service} contains no credentials.`);
  }
  const expiresAt = Date.parse(String(fields["expiration"]));
  if (Number.isNaN(expiresAt)) {
    throw new CredentialsReason(`the answer of ${service} has no valid expiration; try again later.`);
  }
  return { credentials, expiresAt };
}

/** A POST to the service that a user has signed in to. */
interface ServiceCall {
  /** What is called, for messages, e.g. "CloudSSO". */
  service: string;
  url: string;
  /** The access token of the sign-in. */
  token?: string;
  form?: Record<string, string>;
  json?: string;
  /** How the user signs in again, for messages. */
  signIn: string;
}

/**
 * The JSON of an answer.
 *
 * @throws CredentialsReason without the answer's text, which may contain tokens
 */
async function callService(call: ServiceCall, doRequest: DoRequest): Promise<Record<string, unknown>> {
  const { service, url, token, form, json, signIn } = call;
  const { statusCode = 0, body } = await doRequest({
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": form === undefined ? "application/json" : "application/x-www-form-urlencoded",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    bodyForm: form,
    body: json,
    readTimeout: 10_000,
    toRequestURL: () => url,
  });
  const isTransient = statusCode === 408 || statusCode === 429;
  if (statusCode >= 400 && statusCode < 500 && !isTransient) {
    throw new CredentialsReason(
      `${service} refused the sign-in (HTTP ${statusCode}); sign in again with \`${signIn}\`.`,
    );
  }
  const answer = statusCode === 200 ? jsonObject(body.toString("utf8")) : undefined;
  if (answer === undefined) {
    throw new CredentialsReason(
      `the answer of ${service} cannot be used (HTTP ${statusCode}); try again later.`,
    );
  }
  return answer;
}
