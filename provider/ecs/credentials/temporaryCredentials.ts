import { jsonObject } from "../json";
import { CredentialsReason } from "./credentialErrors";
import type { Credentials } from "./credentialSource";
import type { DoRequest } from "./proxiedRequest";
import type { Renewable } from "./renewed";

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

/** Keeps temporary credentials until shortly before their end. */
export function kept(request: () => Promise<TemporaryCredentials>): Renewable {
  let current: TemporaryCredentials | undefined;
  return {
    async getCredentials() {
      if (current === undefined || !isFresh(current.expiresAt)) {
        try {
          current = await request();
        } catch (error) {
          // They are renewed early: what is left may be enough.
          if (current === undefined || current.expiresAt <= Date.now()) {
            throw error;
          }
        }
      }
      return current.credentials;
    },
  };
}

/** A POST to the service that a user has signed in to. */
export interface SignInCall {
  /** What is called, for messages, e.g. "CloudSSO". */
  service: string;
  url: string;
  /** The access token of the sign-in. */
  token?: string;
  form?: Record<string, string>;
  json?: object;
  /** How the user signs in again, for messages. */
  signIn: string;
}

/**
 * The JSON of an answer.
 *
 * @throws CredentialsReason without the answer's text, which may contain tokens
 */
export async function callSignIn(call: SignInCall, doRequest: DoRequest): Promise<Record<string, unknown>> {
  const { service, url, token, form, json, signIn } = call;
  const { statusCode = 0, body } = await doRequest({
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": form === undefined ? "application/json" : "application/x-www-form-urlencoded",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(form === undefined ? {} : { bodyForm: form }),
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
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

/** When credentials end, from the text in an answer. */
export function endOf(service: string, expiration: string): number {
  const end = Date.parse(expiration);
  if (Number.isNaN(end)) {
    throw new CredentialsReason(`the answer of ${service} has no valid expiration; try again later.`);
  }
  return end;
}

/** The texts of an object under these names; undefined if one is missing. */
export function textsOf<const N extends string>(
  object: Record<string, unknown> | undefined,
  ...names: N[]
): Record<N, string> | undefined {
  const isComplete = names.every((name) => typeof object?.[name] === "string" && object[name] !== "");
  return isComplete ? (object as Record<N, string>) : undefined;
}
