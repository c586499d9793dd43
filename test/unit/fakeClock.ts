import type { Clock } from "../../provider/ecs/clock.ts";

/** A clock without real time: each sleep advances it at once. */
export class FakeClock implements Clock {
  /** Every sleep so far, milliseconds. */
  readonly sleeps: number[] = [];
  readonly canceled: AbortSignal | undefined;
  private time = 1_000_000;

  constructor(canceled?: AbortSignal) {
    this.canceled = canceled;
  }

  now(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.advance(ms);
    return Promise.resolve();
  }
}
