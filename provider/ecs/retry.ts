import { bulkhead, DelegateBackoff, handleWhen, retry, type BulkheadPolicy } from "cockatiel";
import { EcsError } from "./errors";
import { Pace } from "./pace";
import { decideRetry } from "./retryDecision";
import type { Send } from "./transport";

/** What the retries need to know. */
export interface RetryOptions {
  /** How long a call may be repeated after it was first sent, milliseconds. */
  maxRetryTimeoutMs: number;
  /** Calls under way in one region at once; the others wait. */
  maxInFlight: number;
}

const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 20_000;

/**
 * Repeats what {@link decideRetry} calls transient, with the same parameters (so the ClientToken stays; pop-core makes a new
 * nonce and timestamp), until it succeeds, fails for good, or its time is up.
 */
export function withRetry(send: Send, { maxRetryTimeoutMs, maxInFlight }: RetryOptions): Send {
  const regions = new Map<string, BulkheadPolicy>();
  const paces = new Map<string, Pace>();

  return function sendWithRetry(action, regionId, parameters) {
    const inFlight = entry(regions, regionId, () => bulkhead(maxInFlight, Infinity));
    // The service limits each action by itself.
    const pace = entry(paces, `${regionId} ${action}`, () => new Pace());
    let attempts = 0;
    let startedAt: number | undefined;
    let delayMs = 0;

    /** Decides, and with it how long to wait: a wait that ends after the deadline is not begun. */
    const mayRepeat = (error: Error): boolean => {
      const decision = error instanceof EcsError ? decideRetry(error) : { retry: false as const };
      if (!decision.retry) {
        return false;
      }
      delayMs = (decision.atLeastMs ?? 0) + fullJitter(attempts);
      return elapsed() + delayMs < maxRetryTimeoutMs;
    };
    const elapsed = () => performance.now() - (startedAt ?? performance.now());

    const attempt = async () => {
      const sentAt = await pace.turn();
      // Time spent in the queue before the first attempt does not count: a long queue is no failure.
      startedAt ??= sentAt;
      attempts += 1;
      try {
        const answer = await send(action, regionId, parameters, attempts);
        pace.succeeded();
        return answer;
      } catch (error) {
        const decision = error instanceof EcsError ? decideRetry(error) : undefined;
        if (decision?.retry && decision.throttled) {
          pace.throttled(sentAt, decision.atLeastMs);
        }
        throw error;
      }
    };

    return retry(handleWhen(mayRepeat), {
      maxAttempts: Infinity,
      backoff: new DelegateBackoff(() => delayMs),
    })
      .execute(() => inFlight.execute(attempt))
      .catch((error: unknown) => {
        throw error instanceof EcsError ? error.after(attempts, elapsed()) : error;
      });
  };
}

/** Anything between nothing and a bound that doubles with each attempt, so that calls that failed together part. */
function fullJitter(attempts: number): number {
  return Math.random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempts - 1));
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
