import type { Clock } from "./clock";
import { EcsError } from "./errors";
import { getOrCreate } from "./getOrCreate";
import type { Answer, Call, Send } from "./http/transport";
import { Pace } from "./pace";
import { decideRetry, type RetryDecision } from "./retryDecision";
import { Slots } from "./slots";

/** What the retries need to know. */
export interface RetryOptions {
  /** How long a call may take with its repetitions and every wait, also for its turn, milliseconds. */
  maxRetryTimeoutMs: number;
  /** Calls in flight at once in one region; the others wait. */
  maxInFlight: number;
  clock: Clock;
}

const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 20_000;

/**
 * Repeats a call after transient errors until it succeeds, fails for good, or its time is up. The parameters stay the same, so
 * the ClientToken does too; the transport makes a new nonce, timestamp and signature.
 */
export function withRetry(send: Send, { maxRetryTimeoutMs, maxInFlight, clock }: RetryOptions): Send {
  const slotsOfRegions = new Map<string, Slots>();
  const paces = new Map<string, Pace>();

  return async function sendWithRetry(call) {
    const { action, regionId, withinMs = maxRetryTimeoutMs } = call;
    const timeoutMs = Math.min(withinMs, maxRetryTimeoutMs);
    const slots = getOrCreate(slotsOfRegions, regionId, () => new Slots(maxInFlight));
    // The service limits each action separately.
    const pace = getOrCreate(paces, `${regionId} ${action}`, () => new Pace(clock));
    const startedAt = clock.now();
    const deadline = startedAt + timeoutMs;
    let lastError: EcsError | undefined;

    for (let attempt = 1; ; attempt += 1) {
      const outcome = await slots.run(async (): Promise<Outcome> => {
        const sentAt = await pace.turn(deadline);
        if (sentAt === undefined) {
          throw lastError?.after(attempt - 1, clock.now() - startedAt) ?? tooLateError(call, timeoutMs);
        }
        try {
          const answer = await send({ ...call, attempt });
          call.validate?.(answer);
          pace.succeeded();
          return { answer };
        } catch (error) {
          if (!(error instanceof EcsError)) {
            throw error;
          }
          const decision = decideRetry(error);
          if (decision.retry && decision.throttled) {
            pace.throttled(sentAt, decision.atLeastMs);
          }
          return { error, decision };
        }
      });
      if ("answer" in outcome) {
        return outcome.answer;
      }
      const elapsedMs = clock.now() - startedAt;
      const delayMs = delayBefore(attempt + 1, outcome.decision);
      // A wait that would end after the deadline is not begun.
      if (delayMs === undefined || elapsedMs + delayMs >= timeoutMs) {
        throw outcome.error.after(attempt, elapsedMs);
      }
      lastError = outcome.error;
      await clock.sleep(delayMs);
    }
  };
}

type Outcome = { answer: Answer } | { error: EcsError; decision: RetryDecision };

/** The service asked for a longer wait than the call has time for, or the calls before it took as long. */
function tooLateError({ action, regionId }: Call, timeoutMs: number): EcsError {
  return new EcsError({
    action,
    regionId,
    code: "Throttling",
    serviceMessage: `its turn did not come within the ${timeoutMs / 1_000} s that the call may take: the service throttles, or other calls took as long`,
  });
}

/** How long to wait before this attempt, milliseconds; undefined if there must be none. */
function delayBefore(attempt: number, decision: RetryDecision): number | undefined {
  if (!decision.retry) {
    return undefined;
  }
  // Full jitter, so that calls that failed together are not repeated together.
  return decision.atLeastMs + Math.random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 2));
}
