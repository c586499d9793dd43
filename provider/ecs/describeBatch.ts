import DataLoader from "dataloader";
import { EcsError } from "./errors";
import type { HpcClusterItem } from "./items";

/** DescribeHpcClusters takes at most 100 ids, and answers with at most 100 clusters a page. */
export const DESCRIBE_LIMIT = 100;

/** A batch goes out when as many wait as were ever under way at once, or when nobody has joined it for this long, … */
const QUIET_MS = 8;
/** … which is longer where many are under way at once: one moment's patience then spares many calls, … */
const LONGEST_QUIET_MS = 25;
/** … and after this long in any case. */
const LONGEST_WAIT_MS = 300;

/** Collects the ids that are asked for at about the same time into one call of up to 100. */
export class DescribeBatch {
  private readonly loader: DataLoader<string, HpcClusterItem | undefined>;
  private dispatches: (() => void)[] = [];
  private firstAt = 0;
  private stopWaiting: (() => void) | undefined;
  private waiting = 0;
  private inFlight = 0;
  private mostAtOnce = 0;

  /** @param describe resolves to those of the clusters that exist, in any order */
  constructor(private readonly describe: (ids: readonly string[]) => Promise<HpcClusterItem[]>) {
    this.loader = new DataLoader((ids) => this.describeEach(ids), {
      // What has been seen may change: nothing is kept.
      cache: false,
      maxBatchSize: DESCRIBE_LIMIT,
      batchScheduleFn: (dispatch) => {
        this.dispatches.push(dispatch);
      },
    });
  }

  load(id: string): Promise<HpcClusterItem | undefined> {
    const result = this.loader.load(id);
    this.waiting += 1;
    this.postpone();
    return result;
  }

  /** Waits for company: the engine hands over reads one by one, also those that it makes at once. */
  private postpone(): void {
    const now = performance.now();
    if (this.stopWaiting === undefined) {
      this.firstAt = now;
    }
    this.stopWaiting?.();
    const dispatch = () => {
      this.dispatch();
    };
    // All that the engine lets run at once are here: nobody else will come before these are answered.
    if (this.mostAtOnce > 0 && this.waiting >= this.mostAtOnce) {
      const immediate = setImmediate(dispatch);
      this.stopWaiting = () => {
        clearImmediate(immediate);
      };
    } else {
      const quiet = Math.min(LONGEST_QUIET_MS, Math.max(QUIET_MS, this.mostAtOnce / 4));
      const timer = setTimeout(dispatch, Math.min(quiet, Math.max(0, this.firstAt + LONGEST_WAIT_MS - now)));
      this.stopWaiting = () => {
        clearTimeout(timer);
      };
    }
  }

  private dispatch(): void {
    this.stopWaiting = undefined;
    this.inFlight += this.waiting;
    this.waiting = 0;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.inFlight);
    const dispatches = this.dispatches;
    this.dispatches = [];
    for (const dispatch of dispatches) {
      dispatch();
    }
  }

  private async describeEach(ids: readonly string[]): Promise<(HpcClusterItem | undefined | Error)[]> {
    try {
      return await this.describeTogether(ids);
    } finally {
      this.inFlight -= ids.length;
    }
  }

  private async describeTogether(ids: readonly string[]): Promise<(HpcClusterItem | undefined | Error)[]> {
    const different = [...new Set(ids)];
    let items: HpcClusterItem[];
    try {
      items = await this.describe(different);
    } catch (error) {
      if (different.length > 1 && isAboutTheIds(error)) {
        // One id spoils the call for all: each is asked for alone, so that the error goes to its own.
        return await Promise.all(ids.map((id) => this.describeAlone(id)));
      }
      throw error;
    }
    const found = new Map(items.map((item) => [item.hpcClusterId, item]));
    return ids.map((id) => found.get(id));
  }

  private async describeAlone(id: string): Promise<HpcClusterItem | undefined | Error> {
    try {
      return (await this.describe([id])).find((item) => item.hpcClusterId === id);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function isAboutTheIds(error: unknown): boolean {
  return (
    error instanceof EcsError &&
    (error.code.startsWith("InvalidHpcClusterIds.") || error.code === "Invalid.Parameter")
  );
}
