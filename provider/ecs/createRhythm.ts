import { availableParallelism } from "node:os";

/** The engine's default `--parallel`. */
export const DEFAULT_WORKERS = 4 * availableParallelism();
/** How long to wait for the next read: as long as the rhythm is not known, at least, and at most. */
const FIRST_QUIET_MS = 50;
const SHORTEST_QUIET_MS = 20;
const LONGEST_QUIET_MS = 1_000;
/** So many batches in a row that wait in vain for the same number of workers show that there are no more. */
const IN_VAIN = 3;

/** The reads that wait for a call, and those that a call has not answered yet. */
interface Reads {
  waiting: number;
  inFlight: number;
}

/**
 * When the reads come that follow creates. The engine's workers run a limited number of creates at once, and before and after
 * each the engine writes its checkpoint, one write at a time. While enough workers queue there to keep it writing, a read can
 * wait for others without delaying anything.
 */
export class CreateRhythm {
  private announced = 0;
  private underWay = 0;
  private readsDue = 0;
  private workers = DEFAULT_WORKERS;
  private inVain = { workers: 0, times: 0 };
  private lastSentAt: number | undefined;
  /** The mean time from one create to the next. */
  private intervalMs: number | undefined;
  private latencyMs = 0;

  /** Whether more reads will come. */
  get isAnyComing(): boolean {
    return this.announced + this.underWay > 0;
  }

  /** The engine has checked a new cluster. Whether it creates it is not certain: the run may fail, or have other targets. */
  announce(): void {
    this.announced += 1;
  }

  begin(): void {
    this.announced = Math.max(0, this.announced - 1);
    this.underWay += 1;
  }

  /** @param succeeded whether a read follows */
  end(succeeded: boolean): void {
    this.underWay -= 1;
    this.readsDue += succeeded ? 1 : 0;
  }

  /** Whether the read that is requested now follows a create. */
  takeRead(): boolean {
    const isDue = this.readsDue > 0;
    this.readsDue -= isDue ? 1 : 0;
    return isDue;
  }

  /** Whether the reads are to be sent although others are coming. */
  isEnough(reads: Reads): boolean {
    // Until the answer, the engine must have something to write. A worker outside gives it half an interval of work before it
    // calls the service too, and what these reads and its create take are two latencies.
    const needed = this.intervalMs === undefined ? 1 : Math.floor((4 * this.latencyMs) / this.intervalMs);
    return reads.waiting >= this.workers / 4 && this.workersOutside(reads) <= Math.max(1, needed);
  }

  /** If no read comes for so long, all workers wait. */
  quietMs(reads: Reads): number {
    if (this.intervalMs === undefined) {
      return FIRST_QUIET_MS;
    }
    const ms = Math.max(1, this.workersOutside(reads)) * this.intervalMs;
    return Math.min(LONGEST_QUIET_MS, Math.max(SHORTEST_QUIET_MS, ms));
  }

  /**
   * Learns from a batch that is sent.
   *
   * @param isEnough false if it has waited in vain for more
   */
  sent(reads: Reads, isEnough: boolean): void {
    const now = performance.now();
    if (isEnough && this.lastSentAt !== undefined) {
      const intervalMs = (now - this.lastSentAt) / reads.waiting;
      this.intervalMs = this.intervalMs === undefined ? intervalMs : (this.intervalMs + intervalMs) / 2;
    }
    this.lastSentAt = now;
    this.countWorkers(this.workersInside(reads), isEnough);
  }

  /** @param latencyMs how long the service has taken to answer a batch */
  answered(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }

  private countWorkers(inside: number, isEnough: boolean): void {
    this.workers = Math.max(this.workers, inside);
    if (isEnough || !this.isAnyComing) {
      this.inVain = { workers: 0, times: 0 };
      return;
    }
    const times = this.inVain.workers === inside ? this.inVain.times + 1 : 1;
    this.inVain = { workers: inside, times };
    if (times >= IN_VAIN) {
      this.workers = inside;
    }
  }

  private workersInside({ waiting, inFlight }: Reads): number {
    return waiting + inFlight + this.underWay;
  }

  private workersOutside(reads: Reads): number {
    return this.workers - this.workersInside(reads);
  }
}
