import type { EcsError } from "./errors";

/** What to do about a failed call. */
export type RetryDecision =
  | { retry: false }
  | {
      retry: true;
      /** The service wants fewer calls: the others have to slow down too. */
      throttled: boolean;
      /** How long to wait at least, milliseconds, if the service said so. */
      atLeastMs: number | undefined;
    };

/** Codes after which the same call may well succeed, whatever their HTTP status is. */
const transientCodes: ReadonlySet<string> = new Set([
  "InternalError",
  "ServiceUnavailable",
  "SystemBusy",
  // An earlier call with the same ClientToken is still being carried out.
  "IdempotentProcessing",
]);

/** Failures on the way after which it is not known whether the request was carried out, or known that it was not. */
const transientTransportCodes: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "ConnectTimeout",
  "UnreadableAnswer",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
]);

/**
 * Decides by the code first, and by the status only where the code says nothing. Everything that is not known to pass by
 * itself is final: a wrong value, missing rights, an unknown host or a bad certificate do not get better.
 */
export function decideRetry(error: EcsError): RetryDecision {
  const throttled = error.code.includes("Throttling");
  const transient = error.transport
    ? // HPE_…: what came is not HTTP.
      transientTransportCodes.has(error.code) || error.code.startsWith("HPE_")
    : throttled || transientCodes.has(error.code) || (error.status !== undefined && error.status >= 500);
  return transient ? { retry: true, throttled, atLeastMs: error.retryAfterMs } : { retry: false };
}
