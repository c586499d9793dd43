import type { TimerOptions } from "node:timers";
import type { Clock } from "../../provider/ecs/clock.ts";

interface Sleep {
  until: number;
  wake: () => void;
}

/** A clock without real time, on which many may wait at once: a sleep ends when the test advances the time to its end. */
export class VirtualClock implements Clock {
  private time = 1_000_000;
  private readonly sleeps = new Set<Sleep>();

  now(): number {
    return this.time;
  }

  sleep(ms: number, { signal }: TimerOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleep = { until: this.time + ms, wake: resolve };
      this.sleeps.add(sleep);
      signal?.addEventListener("abort", () => {
        this.sleeps.delete(sleep);
        reject(signal.reason as Error);
      });
    });
  }

  /** How many sleeps have not ended. */
  get pending(): number {
    return this.sleeps.size;
  }

  /** Lets everything happen that happens in these milliseconds, in its order. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      // Everything that waits for no time.
      await new Promise((resolve) => setImmediate(resolve));
      let next: Sleep | undefined;
      for (const sleep of this.sleeps) {
        next = next === undefined || sleep.until < next.until ? sleep : next;
      }
      if (next === undefined || next.until > end) {
        this.time = end;
        return;
      }
      this.time = Math.max(this.time, next.until);
      this.sleeps.delete(next);
      next.wake();
    }
  }
}
