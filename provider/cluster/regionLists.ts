import { PREVIEW_TIMEOUT_MS } from "../account/regions.ts";
import type { EcsClient } from "../ecs/client.ts";
import { type Clock, LONGEST_TIMER_MS, type OnWait } from "../ecs/clock.ts";
import { EcsError } from "../ecs/errors.ts";
import { getOrCreate } from "../ecs/getOrCreate.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";

/** The clusters of a region, by id, or why they are not known. */
export type ListedClusters =
  { readonly clusters: ReadonlyMap<string, HpcClusterItem> } | { readonly error: unknown };

/** Who waits for a list. */
export interface ListReader {
  /** How long the reader waits for the list, milliseconds. Default: each page may take as long as the settings say. */
  readonly limitMs?: number | undefined;
  /** When the reader's operation must end, on the clock. */
  readonly deadline: number;
  readonly onWait: OnWait;
}

/** A list that is being taken, or has been. */
interface List {
  readonly result: Promise<ListedClusters>;
  /** When it will have ended at the latest, on the clock. */
  readonly deadline: number;
  /** When it has ended; undefined before. */
  endedAt?: number;
  readonly listeners: Set<OnWait>;
}

/** Ten pages: a region with more clusters is not listed. */
const MOST_LISTED = 1_000;
/** Then the next reader takes a new list: others may have changed clusters. */
const RENEWED_AFTER_MS = 60_000;

/**
 * The lists of the regions. Each is taken by the first that needs it, all pages of it, for all: the engine asks for one cluster after
 * the other.
 */
export class RegionLists {
  private readonly clock: Clock;
  private readonly maxRetryTimeoutMs: number;
  private readonly ecs: () => Promise<EcsClient>;
  private readonly lists = new Map<string, List>();
  private readonly before = new Map<string, Promise<ListedClusters>>();

  /** @param maxRetryTimeoutMs how long the settings allow a call, milliseconds */
  constructor(clock: Clock, maxRetryTimeoutMs: number, ecs: () => Promise<EcsClient>) {
    this.clock = clock;
    this.maxRetryTimeoutMs = maxRetryTimeoutMs;
    this.ecs = ecs;
  }

  /**
   * The clusters that a region had before this process created one there: every creation asks first, and the first answer stays.
   * Never rejects.
   */
  async beforeCreation(regionId: string): Promise<ListedClusters> {
    const reader = { limitMs: PREVIEW_TIMEOUT_MS, deadline: Infinity, onWait: () => undefined };
    return await getOrCreate(this.before, regionId, () => this.list(regionId, reader));
  }

  /** The clusters of a region, as they were a minute ago at the earliest. Never rejects. */
  async list(
    regionId: string,
    { limitMs = Infinity, deadline, onWait }: ListReader,
  ): Promise<ListedClusters> {
    const now = this.clock.now();
    let list = this.lists.get(regionId);
    if (list === undefined || now - (list.endedAt ?? now) > RENEWED_AFTER_MS) {
      list = this.take(regionId, limitMs);
      this.lists.set(regionId, list);
    }
    // Another reader, who waits longer, may have begun the list.
    const ownLimit = now + limitMs < list.deadline ? now + limitMs : Infinity;
    list.listeners.add(onWait);
    try {
      return await this.until(Math.min(deadline, ownLimit), regionId, list.result);
    } finally {
      list.listeners.delete(onWait);
    }
  }

  /**
   * Takes a new list, which only the caller gets.
   *
   * @throws if the region cannot be listed within the time of a preview, or has more than 1,000 clusters
   */
  async listNow(regionId: string): Promise<ReadonlyMap<string, HpcClusterItem>> {
    const list = await this.take(regionId, PREVIEW_TIMEOUT_MS).result;
    if ("error" in list) {
      throw list.error;
    }
    return list.clusters;
  }

  private take(regionId: string, limitMs: number): List {
    const listeners = new Set<OnWait>();
    const onWait: OnWait = (what) => {
      for (const listener of listeners) {
        listener(what);
      }
    };
    const deadline =
      limitMs === Infinity ? Infinity : this.clock.now() + Math.min(limitMs, this.maxRetryTimeoutMs);
    const listed = async (): Promise<ListedClusters> => {
      try {
        const ecs = (await this.ecs()).forOperation({ onWait, deadline });
        const items = await ecs.listHpcClusters(regionId, MOST_LISTED);
        return { clusters: new Map(items.map((item) => [item.HpcClusterId, item])) };
      } catch (error) {
        return { error };
      } finally {
        list.endedAt = this.clock.now();
      }
    };
    const list: List = { result: Promise.resolve().then(listed), deadline, listeners };
    return list;
  }

  private async until(
    deadline: number,
    regionId: string,
    result: Promise<ListedClusters>,
  ): Promise<ListedClusters> {
    if (deadline === Infinity) {
      return await result;
    }
    const stop = new AbortController();
    const waitMs = Math.min(Math.max(0, deadline - this.clock.now()), LONGEST_TIMER_MS);
    const tooLate = async (): Promise<ListedClusters> => {
      try {
        await this.clock.sleep(waitMs, { signal: stop.signal });
      } catch (error) {
        return { error };
      }
      return { error: tooLateError(regionId, waitMs) };
    };
    try {
      return await Promise.race([result, tooLate()]);
    } finally {
      stop.abort();
    }
  }
}

function tooLateError(regionId: string, waitMs: number): EcsError {
  return new EcsError({
    action: "DescribeHpcClusters",
    regionId,
    code: "RequestTimeout",
    serviceMessage: `the list of the region was not there within ${(waitMs / 1_000).toFixed(1)} s`,
    transport: true,
  });
}
