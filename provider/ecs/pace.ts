import type { Clock } from "./clock";

/** The longest interval, so that calls go on even if the service only throttles. */
const SLOWEST_INTERVAL_MS = 5_000;
/** Below this interval the calls are not spaced any more. */
const FASTEST_INTERVAL_MS = 2;
/** The answers of this last time tell how many calls the service takes. */
const WINDOW_MS = 1_000;

/**
 * Spaces the calls of one action in one region, which the service limits. Without throttling it does nothing. After a
 * throttled call, the next calls keep the interval at which calls last succeeded; each success shortens it a little.
 */
export class Pace {
  private intervalMs = 0;
  private nextAt = 0;
  private slowedAt = -Infinity;
  private readonly succeededAt: number[] = [];

  constructor(private readonly clock: Clock) {}

  /**
   * Waits until the next call may be sent. Resolves to that time, which {@link throttled} takes; to undefined, at once, if it
   * is after the deadline.
   *
   * @param onWait hears how long the wait will be, milliseconds
   */
  async turn(deadline = Infinity, onWait?: (waitMs: number) => void): Promise<number | undefined> {
    const at = Math.max(this.clock.now(), this.nextAt);
    if (at > deadline) {
      return undefined;
    }
    this.nextAt = at + this.intervalMs;
    const wait = at - this.clock.now();
    if (wait > 0) {
      onWait?.(wait);
      await this.clock.sleep(wait);
    }
    return this.clock.now();
  }

  succeeded(): void {
    const now = this.clock.now();
    this.succeededAt.push(now);
    this.forgetBefore(now - WINDOW_MS);
    this.intervalMs *= 0.99;
    if (this.intervalMs < FASTEST_INTERVAL_MS) {
      this.intervalMs = 0;
    }
  }

  /**
   * @param sentAt when the throttled call was sent: one sent before the pace was last slowed does not slow it again
   * @param atLeastMs how long the service asks to wait
   */
  throttled(sentAt: number, atLeastMs = 0): void {
    const now = this.clock.now();
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
