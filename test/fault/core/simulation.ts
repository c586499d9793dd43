/**
 * The one scheduler of a simulated run: its clock, its random numbers, and who may go on. At any time at most one request is on its
 * way, so the same choices give the same log of requests.
 */
import { randomStream } from "../../../emulator/random.ts";

/** Something that waits for its turn. */
interface Task {
  readonly label: string;
  readonly isAlive: () => boolean;
  /** Resolves when it has ended. */
  readonly run: () => Promise<void>;
}

interface Sleeper {
  readonly until: number;
  readonly isAlive: () => boolean;
  readonly wake: () => void;
}

/** The run has been stopped, as by SIGKILL of all its processes. */
export class Stopped extends Error {}

/** Nobody can go on, and the run has not ended. */
class Deadlock extends Error {}

/** The run makes so many requests that it seems to have no end. */
class Endless extends Error {}

const MOST_TURNS = 4_000;

/** Enough turns of the event loop for everything that waits for no request and no clock. */
const TURNS = 4;

/** One world: its processes share the clock and the order of events. */
export class Simulation {
  /** Milliseconds since the beginning. Only waits move it. */
  now = 0;
  /** Where the run stops: after so many points. Default: never. */
  stopAfter = Infinity;
  /** What dies there instead of the whole run. Default: the whole run. */
  victims: (() => void) | undefined;
  /** The points that the run has passed, in words. */
  readonly points: string[] = [];
  /** Uniform in [0, 1), from the seed. */
  readonly random: () => number;
  private readonly choose: (count: number) => number;
  private readonly ready: Task[] = [];
  private readonly sleepers = new Set<Sleeper>();
  private stop: (() => void) | undefined;

  /** @param choose which of so many tasks goes on first. Default: the one that has waited longest. */
  constructor(seed: number, choose: (count: number) => number = () => 0) {
    this.choose = choose;
    this.random = randomStream(seed);
  }

  /** Waits for a turn. Resolves when the task has ended. */
  enqueue(label: string, isAlive: () => boolean, run: () => Promise<void>): void {
    this.ready.push({ label, isAlive, run });
  }

  /** Waits on the simulated clock. */
  sleep(ms: number, isAlive: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = { until: this.now + Math.max(0, ms), isAlive, wake: resolve };
      const abort = () => {
        this.sleepers.delete(sleeper);
        reject(new DOMException("The operation was aborted", "AbortError"));
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      this.sleepers.add(sleeper);
    });
  }

  /** A place where a run can be stopped. It does not return if this is the one. */
  async point(label: string): Promise<void> {
    this.points.push(label);
    if (this.points.length >= this.stopAfter) {
      this.stopAfter = Infinity;
      if (this.victims !== undefined) {
        this.victims();
        return;
      }
      this.stop?.();
      await new Promise(() => undefined);
    }
  }

  /**
   * Lets everybody go on, one after the other, until the run has ended.
   *
   * @param die ends all processes of the run at once
   * @throws Stopped if it reaches the point where it is to be stopped
   */
  async drive<T>(run: () => Promise<T>, die: () => void): Promise<T> {
    const state = { isOver: false };
    const stopped = new Promise<"stopped">((resolve) => {
      this.stop = () => {
        state.isOver = true;
        die();
        resolve("stopped");
      };
    });
    const ended = run().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    void ended.then(() => (state.isOver = true));
    for (let turns = 0; ; turns += 1) {
      await this.settle();
      if (state.isOver) {
        break;
      }
      if (turns > MOST_TURNS) {
        throw new Endless(`${turns} turns; the last points: ${this.points.slice(-5).join(", ")}`);
      }
      await Promise.race([this.goOn(), stopped]);
    }
    const outcome = await Promise.race([stopped, ended]);
    this.ready.length = 0;
    this.sleepers.clear();
    if (outcome === "stopped") {
      throw new Stopped();
    }
    if ("error" in outcome) {
      throw outcome.error;
    }
    return outcome.value;
  }

  private async goOn(): Promise<void> {
    const alive = this.ready.filter((task) => task.isAlive());
    this.ready.splice(0, this.ready.length, ...alive);
    if (alive.length > 0) {
      const [task] = this.ready.splice(this.choose(alive.length), 1);
      await task!.run();
      return;
    }
    const next = [...this.sleepers]
      .filter((sleeper) => sleeper.isAlive())
      .reduce<Sleeper | undefined>((a, b) => (a === undefined || b.until < a.until ? b : a), undefined);
    if (next === undefined) {
      throw new Deadlock(`nobody can go on; the last points: ${this.points.slice(-5).join(", ")}`);
    }
    this.sleepers.delete(next);
    this.now = Math.max(this.now, next.until);
    next.wake();
  }

  private async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
