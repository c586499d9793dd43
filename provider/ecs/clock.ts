import { setTimeout as sleep } from "node:timers/promises";

/** The time, and a way to wait. Everything that waits takes one, so that tests need no real seconds. */
export interface Clock {
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Resolves after this many milliseconds. */
  sleep(ms: number): Promise<unknown>;
}

export const systemClock: Clock = { now: () => performance.now(), sleep: (ms) => sleep(ms) };
