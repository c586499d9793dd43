import { CanceledError, type Clock } from "./clock.ts";
import { MissingField, optionalText } from "./answerFields.ts";
import type { Namespace } from "./errorCodes.ts";
import { EcsError, FailedAttempt, type Attempts } from "./errors.ts";
import { getOrCreate } from "./getOrCreate.ts";
import type { Answer, Call, Send } from "./http/transport.ts";
import { type Pause, RegionQueue, TurnTimeout } from "./regionQueue.ts";

/** What the retries need to know. */
export interface RetryOptions {
  /** How long a call may take with its repetitions and every wait, also for its turn, milliseconds. */
  maxRetryTimeoutMs: number;
  /** Calls on their way at once in one region; the others wait. */
  maxInFlight: number;
  /** What messages put before the names of configuration keys. */
  namespace: Namespace;
  clock: Clock;
}

const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 20_000;
/** A service that throttles takes some calls all the time: longer pauses would leave it idle at the end of a run. */
const MAX_DELAY_WHEN_THROTTLED_MS = 1_000;

/** Makes a call, with retries, and parses its answer; fails with an {@link EcsError}. */
export type Request = <T>(call: Call, parse: (answer: Answer) => T) => Promise<T>;

/**
 * Repeats a call after transient errors until it succeeds, fails for good, or its time is up. The parameters stay the same, so
 * the ClientToken does too; the transport makes a new nonce, timestamp and signature. An incomplete answer is like a lost one.
 */
export function withRetry(
  transport: Send,
  { maxRetryTimeoutMs, maxInFlight, namespace, clock }: RetryOptions,
): Request {
  const queues = new Map<string, RegionQueue>();

  return async function request(call, parse) {
    try {
      return await repeat(call, parse);
    } catch (error) {
      throw error instanceof CanceledError
        ? new CanceledError(`${call.action} in ${call.regionId}: canceled before the service had answered.`)
        : error;
    }
  };

  async function repeat<T>(call: Call, parse: (answer: Answer) => T): Promise<T> {
    const { regionId, withinMs = Infinity } = call;
    const startedAt = clock.now();
    const limitMs = call.deadline === undefined ? maxRetryTimeoutMs : call.deadline - startedAt;
    const timeoutMs = Math.min(withinMs, limitMs);
    const deadline = startedAt + timeoutMs;
    // The settings limit when the last attempt starts; the limits of a call and of an operation, when it ends.
    const limitsAnswer = call.deadline !== undefined || call.withinMs !== undefined;
    const queue = getOrCreate(queues, regionId, () => new RegionQueue(transport, maxInFlight, clock));

    let last: FailedAttempt | undefined;
    let pause: Pause | undefined;

    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await queue.send({ call: { ...call, attempt }, deadline, limitsAnswer, pause });
        return parsed(call, answer, parse);
      } catch (error) {
        const attempts = { elapsedMs: clock.now() - startedAt, namespace };
        if (error instanceof TurnTimeout) {
          throw last === undefined
            ? tooLateError(call, timeoutMs, error, attempts)
            : new EcsError(last.failure, { ...attempts, count: attempt - 1 });
        }
        if (!(error instanceof FailedAttempt)) {
          throw error;
        }
        const delayMs = delayBefore(attempt + 1, error);
        // A wait that would end after the deadline is not begun.
        if (delayMs === undefined || attempts.elapsedMs + delayMs >= timeoutMs) {
          throw new EcsError(error.failure, { ...attempts, count: attempt });
        }
        last = error;
        pause = { until: clock.now() + delayMs, code: error.failure.code };
      }
    }
  }
}

function parsed<T>({ action, regionId }: Call, answer: Answer, parse: (answer: Answer) => T): T {
  try {
    return parse(answer);
  } catch (error) {
    throw error instanceof MissingField
      ? new FailedAttempt({
          action,
          regionId,
          code: "UnreadableAnswer",
          serviceMessage: error.message,
          requestId: optionalText(answer, "RequestId"),
          transport: true,
        })
      : error;
  }
}

/** The error of a call that was not sent: what it would have waited for. */
function tooLateError(
  { action, regionId }: Call,
  timeoutMs: number,
  { pause }: TurnTimeout,
  attempts: Attempts,
): EcsError {
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
    attempts,
  );
}

/**
 * How long to wait before this attempt, milliseconds; undefined if there must be none. Everything that is not known to be transient
 * (errorCodes.ts) is final: a wrong value, missing rights, an unknown host or a bad certificate do not get better.
 */
function delayBefore(attempt: number, { meaning, failure }: FailedAttempt): number | undefined {
  if (meaning.transient !== true) {
    return undefined;
  }
  const longestMs = meaning.throttled === true ? MAX_DELAY_WHEN_THROTTLED_MS : MAX_DELAY_MS;
  // Full jitter, so that calls that failed together are not repeated together.
  return (
    (failure.retryAfterMs ?? 0) + Math.random() * Math.min(longestMs, BASE_DELAY_MS * 2 ** (attempt - 2))
  );
}
