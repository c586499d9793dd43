import { CanceledError, type Clock } from "./clock";
import { EcsError } from "./errors";
import { getOrCreate } from "./getOrCreate";
import type { Answer, Call, Send } from "./http/transport";
import { type Pause, RegionQueue, TurnTimeout } from "./regionQueue";

/** What the retries need to know. */
export interface RetryOptions {
  /** How long a call may take with its repetitions and every wait, also for its turn, milliseconds. */
  maxRetryTimeoutMs: number;
  /** Calls on their way at once in one region; the others wait. */
  maxInFlight: number;
  clock: Clock;
}

const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 20_000;
/** A service that throttles takes some calls all the time: longer pauses would leave it idle at the end of a run. */
const MAX_DELAY_WHEN_THROTTLED_MS = 1_000;

/**
 * Repeats a call after transient errors until it succeeds, fails for good, or its time is up. The parameters stay the same, so
 * the ClientToken does too; the transport makes a new nonce, timestamp and signature.
 */
export function withRetry(transport: Send, { maxRetryTimeoutMs, maxInFlight, clock }: RetryOptions): Send {
  const queues = new Map<string, RegionQueue>();

  return async function sendWithRetry(call) {
    try {
      return await repeat(call);
    } catch (error) {
      throw error instanceof CanceledError
        ? new CanceledError(`${call.action} in ${call.regionId}: canceled before the service had answered.`)
        : error;
    }
  };

  async function repeat(call: Call): Promise<Answer> {
    const { regionId, withinMs = Infinity } = call;
    const startedAt = clock.now();
    const limitMs = call.deadline === undefined ? maxRetryTimeoutMs : call.deadline - startedAt;
    const timeoutMs = Math.min(withinMs, limitMs);
    const deadline = startedAt + timeoutMs;
    // The settings limit when the last attempt starts; the limits of a call and of an operation, when it ends.
    const limitsAnswer = call.deadline !== undefined || call.withinMs !== undefined;
    const queue = getOrCreate(queues, regionId, () => new RegionQueue(transport, maxInFlight, clock));

    let lastError: EcsError | undefined;
    let pause: Pause | undefined;

    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await queue.send({ call: { ...call, attempt }, deadline, limitsAnswer, pause });
        call.validate?.(answer);
        return answer;
      } catch (error) {
        const elapsedMs = clock.now() - startedAt;
        if (error instanceof TurnTimeout) {
          throw lastError?.after(attempt - 1, elapsedMs) ?? tooLateError(call, timeoutMs, error);
        }
        if (!(error instanceof EcsError)) {
          throw error;
        }
        const delayMs = delayBefore(attempt + 1, error);
        // A wait that would end after the deadline is not begun.
        if (delayMs === undefined || elapsedMs + delayMs >= timeoutMs) {
          throw error.after(attempt, elapsedMs);
        }
        lastError = error;
        pause = { until: clock.now() + delayMs, code: error.code };
      }
    }
  }
}

/** The error of a call that was not sent: what it would have waited for. */
function tooLateError({ action, regionId }: Call, timeoutMs: number, { pause }: TurnTimeout): EcsError {
  const limit = `the ${Math.round(Math.max(0, timeoutMs) / 100) / 10} s that the call may take`;
  return new EcsError(
    pause === undefined
      ? {
          action,
          regionId,
          code: "QueueTimeout",
          serviceMessage: `${limit} were over before the other calls in the region had been answered; nothing was sent`,
          transport: true,
        }
      : {
          action,
          regionId,
          code: pause.code,
          serviceMessage: `the service asked to wait longer than ${limit}`,
        },
  );
}

/**
 * How long to wait before this attempt, milliseconds; undefined if there must be none. Everything that is not known to be transient
 * (errorCodes.ts) is final: a wrong value, missing rights, an unknown host or a bad certificate do not get better.
 */
function delayBefore(attempt: number, { meaning, retryAfterMs = 0 }: EcsError): number | undefined {
  if (meaning.transient !== true) {
    return undefined;
  }
  const longestMs = meaning.throttled === true ? MAX_DELAY_WHEN_THROTTLED_MS : MAX_DELAY_MS;
  // Full jitter, so that calls that failed together are not repeated together.
  return retryAfterMs + Math.random() * Math.min(longestMs, BASE_DELAY_MS * 2 ** (attempt - 2));
}
