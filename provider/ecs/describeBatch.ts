import { EcsError } from "./errors";
import type { HpcClusterItem } from "./items";

/** DescribeHpcClusters takes at most 100 ids, and returns at most 100 clusters a page. */
export const DESCRIBE_LIMIT = 100;

/** A batch is sent when no id has been added for this long, … */
const QUIET_MS = 12;
/** … and at the latest this long after its first id. */
const LONGEST_WAIT_MS = 300;

interface Read {
  id: string;
  resolve: (item: HpcClusterItem | undefined) => void;
  reject: (error: unknown) => void;
}

/** Collects the ids that are read at about the same time into one call of up to 100. */
export class DescribeBatch {
  private waiting: Read[] = [];
  private firstAt = 0;
  private stopTimer = (): void => undefined;
  private inFlight = 0;
  private mostInFlight = 0;

  /** @param describe resolves to those of the clusters that exist, in any order */
  constructor(private readonly describe: (ids: readonly string[]) => Promise<HpcClusterItem[]>) {}

  /** The cluster; undefined if there is none with this id. */
  load(id: string): Promise<HpcClusterItem | undefined> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) {
        this.firstAt = performance.now();
      }
      this.waiting.push({ id, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    this.stopTimer();
    // The engine runs a limited number of reads at once. When that many wait, no more will come before these are answered.
    const isComplete =
      this.waiting.length >= DESCRIBE_LIMIT ||
      (this.mostInFlight > 0 && this.waiting.length >= this.mostInFlight);
    if (isComplete) {
      const immediate = setImmediate(() => {
        this.sendAll();
      });
      this.stopTimer = () => {
        clearImmediate(immediate);
      };
      return;
    }
    const left = this.firstAt + LONGEST_WAIT_MS - performance.now();
    const timer = setTimeout(
      () => {
        this.sendAll();
      },
      Math.max(0, Math.min(QUIET_MS, left)),
    );
    this.stopTimer = () => {
      clearTimeout(timer);
    };
  }

  private sendAll(): void {
    const reads = this.waiting;
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
      const items = await this.describe(ids);
      const found = new Map(items.map((item) => [item.HpcClusterId, item]));
      for (const { id, resolve } of reads) {
        resolve(found.get(id));
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
