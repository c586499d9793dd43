import type { TimerOptions } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";

/** The time, and a way to wait. Everything that waits takes one, so that tests need no real seconds. */
export interface Clock {
  /** Milliseconds from any fixed point. */
  now(): number;
  /**
   * Resolves after this many milliseconds.
   *
   * @param options `signal` ends the wait with an error; with `ref: false` the process may end during the wait
   */
  sleep(ms: number, options?: TimerOptions): Promise<unknown>;
  /** Aborted when the user has canceled the run: every wait ends, and no call is begun. Default: never. */
  readonly canceled?: AbortSignal;
}

/** Hears what is being waited for, e.g. "CreateHpcCluster: Throttling, next call in 4 s". */
export type OnWait = (what: string) => void;

/** A shorter wait is not worth a line on the terminal. */
export const SHORTEST_REPORTED_WAIT_MS = 500;

/** Node's timers cannot be longer: about 24 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, options) => sleep(ms, undefined, options),
};

/** The system's clock, whose waits end when the signal is aborted. */
export function cancelableClock(canceled: AbortSignal): Clock {
  return {
    now: () => systemClock.now(),
    sleep: async (ms, options) => {
      const signal = options?.signal === undefined ? canceled : AbortSignal.any([canceled, options.signal]);
      try {
        await sleep(ms, undefined, { ...options, signal });
      } catch (error) {
        throw canceled.aborted ? new CanceledError() : error;
      }
    },
    canceled,
  };
}

/** The user has canceled the run while something was being waited for. */
export class CanceledError extends Error {
  constructor(message = "Canceled before the service had answered.") {
    super(message);
    this.name = "CanceledError";
  }
}
