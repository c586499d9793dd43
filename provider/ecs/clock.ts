import { setTimeout as sleep } from "node:timers/promises";

/** The time, and a way to wait. Everything that waits takes one, so that tests need no real seconds. */
export interface Clock {
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Resolves after this many milliseconds. */
  sleep(ms: number): Promise<unknown>;
  /** Aborted when the user has canceled the run: every wait ends, and no call is begun. Default: never. */
  readonly canceled?: AbortSignal;
}

/** Hears what is being waited for, e.g. "CreateHpcCluster: Throttling, next call in 4 s". */
export type OnWait = (what: string) => void;

export const systemClock: Clock = { now: () => performance.now(), sleep: (ms) => sleep(ms) };

/** The system's clock, whose waits end when the signal is aborted. */
export function cancelableClock(canceled: AbortSignal): Clock {
  return {
    now: () => systemClock.now(),
    sleep: async (ms) => {
      try {
        await sleep(ms, undefined, { signal: canceled });
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
