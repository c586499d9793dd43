import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../../provider/ecs/clock.ts";

/**
 * A clock on which waiting costs no time: it jumps to the end of the next sleep. Only sleeps move it, so a slow machine cannot
 * make a deadline pass.
 */
export function skippingClock(): Clock {
  let now = 0;
  const sleepers: { until: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) =>
      new Promise<void>((wake) => {
        sleepers.push({ until: now + ms, wake });
        // One tick for each sleeper. Answers that have arrived come first.
        setTimeout(() => {
          sleepers.sort((a, b) => a.until - b.until);
          const next = sleepers.shift()!;
          now = Math.max(now, next.until);
          next.wake();
        }, 1);
      }),
  };
}

/** A clock that is so many times as fast as the real one. For services that need some real time themselves. */
export function fastClock(factor: number): Clock {
  return { now: () => performance.now() * factor, sleep: (ms) => sleep(ms / factor) };
}
