import { CanceledError, type Clock, type OnWait, SHORTEST_REPORTED_WAIT_MS } from "./clock";
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
/** How long a call that is on its way may still take once the run is canceled: its answer may be the id of a new cluster. */
const LAST_ANSWER_MS = 1_000;

/**
 * Repeats a call after transient errors until it succeeds, fails for good, or its time is up. The parameters stay the same, so
 * the ClientToken does too; the transport makes a new nonce, timestamp and signature.
 */
export function withRetry(send: Send, { maxRetryTimeoutMs, maxInFlight, clock }: RetryOptions): Send {
  const slotsOfRegions = new Map<string, Slots>();
  const paces = new Map<string, Pace>();

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
    const { action, regionId, withinMs = Infinity, onWait } = call;
    const startedAt = clock.now();
    const limitMs = call.deadline === undefined ? maxRetryTimeoutMs : call.deadline - startedAt;
    const timeoutMs = Math.min(withinMs, limitMs);
    const slots = getOrCreate(slotsOfRegions, regionId, () => new Slots(maxInFlight));
    // The service limits each action separately.
    const pace = getOrCreate(paces, `${regionId} ${action}`, () => new Pace(clock));
    const deadline = startedAt + timeoutMs;
    // The settings limit when the last attempt starts; the limits of a call and of an operation, when it ends.
    const limitsAnswer = call.deadline !== undefined || call.withinMs !== undefined;

    let lastError: EcsError | undefined;

    for (let attempt = 1; ; attempt += 1) {
      const outcome = await slots.run(async (): Promise<Outcome> => {
        const sentAt = await pace.turn(deadline, (waitMs) => {
          reportWait(onWait, action, "throttled", waitMs);
        });
        if (sentAt === undefined) {
          return { tooLate: true };
        }
        try {
          const answer = await untilCanceled(clock.canceled, () =>
            send({
              ...call,
              attempt,
              deadline,
              ...(limitsAnswer ? { withinMs: deadline - clock.now() } : {}),
            }),
          );
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
      if ("tooLate" in outcome) {
        throw lastError?.after(attempt - 1, clock.now() - startedAt) ?? tooLateError(call, timeoutMs);
      }
      lastError = outcome.error;
      const elapsedMs = clock.now() - startedAt;
      const delayMs = delayBefore(attempt + 1, outcome.decision);
      // A wait that would end after the deadline is not begun.
      if (delayMs === undefined || elapsedMs + delayMs >= timeoutMs) {
        throw outcome.error.after(attempt, elapsedMs);
      }
      reportWait(onWait, action, outcome.error.code, delayMs);
      await clock.sleep(delayMs);
    }
  }
}

function reportWait(onWait: OnWait | undefined, action: string, why: string, waitMs: number): void {
  if (waitMs >= SHORTEST_REPORTED_WAIT_MS) {
    onWait?.(`${action}: ${why}, next call in ${(waitMs / 1_000).toFixed(1)} s`);
  }
}

/** Sends a call unless the run is canceled. One that is on its way gets a last moment for its answer. */
async function untilCanceled<T>(canceled: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
  if (canceled === undefined) {
    return await send();
  }
  if (canceled.aborted) {
    throw new CanceledError();
  }
  return await new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onCancel = () => {
      timer = setTimeout(() => {
        reject(new CanceledError());
      }, LAST_ANSWER_MS);
    };
    canceled.addEventListener("abort", onCancel, { once: true });
    send()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        canceled.removeEventListener("abort", onCancel);
      });
  });
}

/** `tooLate`: the turn would come after the deadline. */
type Outcome = { answer: Answer } | { tooLate: true } | { error: EcsError; decision: RetryDecision };

/** The service asked for a longer wait than the call has time for. */
function tooLateError({ action, regionId }: Call, timeoutMs: number): EcsError {
  return new EcsError({
    action,
    regionId,
    code: "Throttling",
    serviceMessage: `the service asked to wait longer than the ${timeoutMs / 1_000} s that the call may take`,
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
