import { setTimeout as sleep } from "node:timers/promises";

/** The slowest pace, so that a service that only throttles is still asked now and then. */
const SLOWEST_INTERVAL_MS = 5_000;
/** Below this many milliseconds between calls there is nothing left to slow down. */
const FASTEST_INTERVAL_MS = 2;
/** How long an answered call counts for what the service can do. */
const WINDOW_MS = 1_000;

/** The clock and the waiting, so that tests need not wait. */
export interface Time {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const realTime: Time = { now: () => performance.now(), sleep: (ms) => sleep(ms) };

/**
 * Spaces the calls of one action in one region, as the service limits them. Without throttling it does nothing. When a call
 * is throttled, all that follow keep the distance at which the service last kept up; with every call that succeeds the
 * distance shrinks a little again.
 */
export class Pace {
  private intervalMs = 0;
  private nextAt = 0;
  private slowedAt = -Infinity;
  private readonly succeededAt: number[] = [];

  constructor(private readonly time: Time = realTime) {}

  /** Waits for one's turn. Resolves to the time of the call, which {@link throttled} wants back. */
  async turn(): Promise<number> {
    const at = Math.max(this.time.now(), this.nextAt);
    this.nextAt = at + this.intervalMs;
    const wait = at - this.time.now();
    if (wait > 0) {
      await this.time.sleep(wait);
    }
    return this.time.now();
  }

  succeeded(): void {
    const now = this.time.now();
    this.succeededAt.push(now);
    this.forgetBefore(now - WINDOW_MS);
    this.intervalMs *= 0.99;
    if (this.intervalMs < FASTEST_INTERVAL_MS) {
      this.intervalMs = 0;
    }
  }

  /**
   * @param sentAt when the throttled call was sent: calls that were under way when the pace was last slowed say nothing new
   * @param atLeastMs how long the service wants to be left alone
   */
  throttled(sentAt: number, atLeastMs = 0): void {
    const now = this.time.now();
    this.nextAt = Math.max(this.nextAt, now + atLeastMs);
    if (sentAt < this.slowedAt) {
      return;
    }
    this.slowedAt = now;
    this.forgetBefore(now - WINDOW_MS);
    const keptUpWith = WINDOW_MS / Math.max(1, this.succeededAt.length);
    this.intervalMs = Math.min(SLOWEST_INTERVAL_MS, Math.max(keptUpWith, this.intervalMs * 1.25));
  }

  private forgetBefore(time: number): void {
    while (this.succeededAt[0] !== undefined && this.succeededAt[0] < time) {
      this.succeededAt.shift();
    }
  }
}
