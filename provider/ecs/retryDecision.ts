import type { EcsError } from "./errors";

/** What to do about a failed call. */
export type RetryDecision =
  | { retry: false }
  | {
      retry: true;
      /** Whether the other calls of the action have to slow down too. */
      throttled: boolean;
      /** The least time to wait, milliseconds: what the service asked for, else 0. */
      atLeastMs: number;
    };

/**
 * Decides by the error code (errorCodes.ts). Everything that is not known to be transient is final: a wrong value, missing
 * rights, an unknown host or a bad certificate do not get better.
 */
export function decideRetry({ meaning, retryAfterMs }: EcsError): RetryDecision {
  return meaning.transient
    ? { retry: true, throttled: meaning.throttled ?? false, atLeastMs: retryAfterMs ?? 0 }
    : { retry: false };
}
