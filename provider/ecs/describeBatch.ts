import { CreateRhythm } from "./createRhythm";
import { EcsError } from "./errors";
import type { CallOptions } from "./http/transport";
import type { HpcClusterItem } from "./items";

/** DescribeHpcClusters takes at most 100 ids, and returns at most 100 clusters a page. */
export const DESCRIBE_LIMIT = 100;

/** A batch is sent when no id has been added for this long, … */
const QUIET_MS = 12;
/** … and at the latest this long after its first id. */
const LONGEST_WAIT_MS = 300;
/** The reads of new clusters come as slowly as the engine writes its checkpoint. */
const LONGEST_WAIT_FOR_CREATES_MS = 2_000;

/** What one call has shown. */
export interface DescribedClusters {
  items: readonly HpcClusterItem[];
  /** The error for the clusters that are not among the items, if the answer was not complete: they may exist. */
  missing?: EcsError | undefined;
}

interface Read {
  id: string;
  operation: CallOptions;
  followsCreate: boolean;
  resolve: (item: HpcClusterItem | undefined) => void;
  reject: (error: unknown) => void;
}

/** Collects the ids that are read at about the same time into one call of up to 100. */
export class DescribeBatch {
  private readonly creates = new CreateRhythm();
  private waiting: Read[] = [];
  private firstAt = 0;
  private stopTimer = (): void => undefined;
  private inFlight = 0;
  private mostInFlight = 0;
  private isStopped = false;

  /** @param describe resolves to those of the clusters that exist, in any order */
  constructor(
    private readonly describe: (ids: readonly string[], operation: CallOptions) => Promise<DescribedClusters>,
  ) {}

  /** From now on no read waits for others: the run is canceled. */
  stopWaiting(): void {
    this.isStopped = true;
    if (this.waiting.length > 0) {
      this.schedule();
    }
  }

  /** A cluster will be created, and then read. */
  announceCreate(): void {
    this.creates.announce();
  }

  /** Creates a cluster, which is then read. */
  async create<T>(call: () => Promise<T>): Promise<T> {
    this.creates.begin();
    try {
      const created = await call();
      this.creates.end(true);
      return created;
    } catch (error) {
      this.creates.end(false);
      // The reads that wait may have waited for this one.
      if (this.waiting.length > 0) {
        this.schedule();
      }
      throw error;
    }
  }

  /** The cluster; undefined if there is none with this id. */
  load(id: string, operation: CallOptions = {}): Promise<HpcClusterItem | undefined> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) {
        this.firstAt = performance.now();
      }
      this.waiting.push({ id, operation, followsCreate: this.creates.takeRead(), resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    this.stopTimer();
    if (this.isComplete()) {
      const immediate = setImmediate(() => {
        this.sendAll(true);
      });
      this.stopTimer = () => {
        clearImmediate(immediate);
      };
      return;
    }
    const [quietMs, longestMs] = this.onlyFollowCreates
      ? [this.creates.quietMs(this.reads), LONGEST_WAIT_FOR_CREATES_MS]
      : [QUIET_MS, LONGEST_WAIT_MS];
    const left = this.firstAt + longestMs - performance.now();
    const timer = setTimeout(
      () => {
        this.sendAll(false);
      },
      Math.max(0, Math.min(quietMs, left)),
    );
    this.stopTimer = () => {
      clearTimeout(timer);
    };
  }

  private get reads(): { waiting: number; inFlight: number } {
    return { waiting: this.waiting.length, inFlight: this.inFlight };
  }

  private get onlyFollowCreates(): boolean {
    return this.waiting.every(({ followsCreate }) => followsCreate);
  }

  private isComplete(): boolean {
    const { length } = this.waiting;
    if (this.isStopped || length >= DESCRIBE_LIMIT) {
      return true;
    }
    if (this.onlyFollowCreates) {
      return !this.creates.isAnyComing || this.creates.isEnough(this.reads);
    }
    // The engine runs a limited number of reads at once. When that many wait, no more will come before these are answered.
    return this.mostInFlight > 0 && length >= this.mostInFlight;
  }

  private sendAll(isComplete: boolean): void {
    const reads = this.waiting;
    if (this.onlyFollowCreates) {
      this.creates.sent(this.reads, isComplete);
    }
    this.waiting = [];
    this.inFlight += reads.length;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    for (let start = 0; start < reads.length; start += DESCRIBE_LIMIT) {
      const batch = reads.slice(start, start + DESCRIBE_LIMIT);
      void this.send(batch).finally(() => {
        this.inFlight -= batch.length;
      });
    }
  }

  private async send(reads: readonly Read[]): Promise<void> {
    const ids = [...new Set(reads.map(({ id }) => id))];
    try {
      const sentAt = performance.now();
      const { items, missing } = await this.describe(ids, sharedOptions(reads));
      this.creates.answered(performance.now() - sentAt);
      const found = new Map(items.map((item) => [item.HpcClusterId, item]));
      for (const { id, resolve, reject } of reads) {
        if (missing !== undefined && !found.has(id)) {
          reject(missing);
        } else {
          resolve(found.get(id));
        }
      }
    } catch (error) {
      if (ids.length > 1 && error instanceof EcsError && error.meaning.refused === "ids") {
        // One wrong id makes the whole call fail: read each alone, so that only that one's read fails.
        await Promise.all(reads.map((read) => this.send([read])));
        return;
      }
      for (const { reject } of reads) {
        reject(error);
      }
    }
  }
}

/** A shared call may take as long as the longest of its operations, and all of them hear of its waits. */
function sharedOptions(reads: readonly Read[]): CallOptions {
  const latest = Math.max(...reads.map(({ operation }) => operation.deadline ?? Infinity));
  const listeners = reads.flatMap(({ operation }) => operation.onWait ?? []);
  return {
    ...(latest === Infinity ? {} : { deadline: latest }),
    ...(listeners.length === 0
      ? {}
      : {
          onWait: (what) => {
            for (const listener of listeners) {
              listener(what);
            }
          },
        }),
  };
}
