import { lowerCaseId } from "./random.ts";

/** A cluster as the service keeps it. */
export type StoredCluster = {
  readonly accountId: string;
  readonly regionId: string;
  readonly hpcClusterId: string;
  readonly name: string;
  readonly description: string;
  /** Instances inside: a cluster that has any cannot be deleted through the API. */
  readonly instances: number;
};

/** Fields of a new cluster; everything but the name has a default. */
export type NewCluster = {
  readonly name: string;
  readonly description?: string;
  readonly accountId?: string;
  readonly regionId?: string;
  readonly hpcClusterId?: string;
  readonly instances?: number;
};

/** Until when DescribeHpcClusters does not show a new cluster yet. */
export type Hidden = { readonly untilTime?: number; readonly describes?: number };

type Entry = { cluster: StoredCluster; hiddenUntil: number; hiddenDescribes: number };

/** The clusters of all accounts and regions, readable and changeable behind the API's back. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  // Clusters of one account in one region, in the order of their creation: what Describe lists.
  readonly #rooms = new Map<string, Map<string, Entry>>();
  readonly #random: () => number;
  readonly #defaultAccountId: string;
  readonly #defaultRegionId: string;

  constructor(random: () => number, defaultAccountId: string, defaultRegionId: string) {
    this.#random = random;
    this.#defaultAccountId = defaultAccountId;
    this.#defaultRegionId = defaultRegionId;
  }

  /** Copies of the clusters whose fields equal those of the filter. */
  clusters(filter: Partial<StoredCluster> = {}): StoredCluster[] {
    const wanted = Object.entries(filter) as [string, string | number | undefined][];
    return [...this.#entries.values()]
      .map((entry) => entry.cluster)
      .filter((cluster) =>
        wanted.every(
          ([field, value]) => value === undefined || cluster[field as keyof StoredCluster] === value,
        ),
      )
      .map((cluster) => ({ ...cluster }));
  }

  /** A copy of the cluster with that id, in whatever account and region. */
  find(hpcClusterId: string): StoredCluster | undefined {
    const entry = this.#entries.get(hpcClusterId);
    return entry === undefined ? undefined : { ...entry.cluster };
  }

  /** Adds a cluster, by default to the first account and the first region. */
  add(cluster: NewCluster, hidden: Hidden = {}): StoredCluster {
    const stored: StoredCluster = {
      accountId: cluster.accountId ?? this.#defaultAccountId,
      regionId: cluster.regionId ?? this.#defaultRegionId,
      hpcClusterId: cluster.hpcClusterId ?? this.#newId(),
      name: cluster.name,
      description: cluster.description ?? "",
      instances: cluster.instances ?? 0,
    };
    if (this.#entries.has(stored.hpcClusterId)) {
      throw new Error(`There is a cluster ${stored.hpcClusterId} already.`);
    }
    const entry: Entry = {
      cluster: stored,
      hiddenUntil: hidden.untilTime ?? Number.NEGATIVE_INFINITY,
      hiddenDescribes: hidden.describes ?? 0,
    };
    this.#entries.set(stored.hpcClusterId, entry);
    const room = roomKey(stored.accountId, stored.regionId);
    const clusters = this.#rooms.get(room) ?? new Map<string, Entry>();
    this.#rooms.set(room, clusters.set(stored.hpcClusterId, entry));
    return { ...stored };
  }

  /** Changes a cluster and returns a copy of what it has become. */
  modify(
    hpcClusterId: string,
    change: Partial<Pick<StoredCluster, "name" | "description" | "instances">>,
  ): StoredCluster {
    const entry = this.#entry(hpcClusterId);
    const { name, description, instances } = entry.cluster;
    entry.cluster = {
      ...entry.cluster,
      name: change.name ?? name,
      description: change.description ?? description,
      instances: change.instances ?? instances,
    };
    return { ...entry.cluster };
  }

  /** Removes a cluster, whether or not it holds instances. */
  remove(hpcClusterId: string): void {
    const { cluster } = this.#entry(hpcClusterId);
    this.#entries.delete(hpcClusterId);
    this.#rooms.get(roomKey(cluster.accountId, cluster.regionId))?.delete(hpcClusterId);
  }

  /** Puts that many instances into a cluster. */
  setInstances(hpcClusterId: string, instances: number): void {
    this.modify(hpcClusterId, { instances });
  }

  /** What one Describe sees. It counts as a look at each cluster that it would have shown. */
  describe(
    accountId: string,
    regionId: string,
    ids: readonly string[] | undefined,
    now: number,
  ): StoredCluster[] {
    const room = this.#rooms.get(roomKey(accountId, regionId));
    if (room === undefined) return [];
    const entries =
      ids === undefined
        ? [...room.values()]
        : [...new Set(ids)].map((id) => room.get(id)).filter((entry) => entry !== undefined);
    return entries.filter((entry) => visible(entry, now)).map((entry) => entry.cluster);
  }

  /** The cluster, if it is this account's and in this region. */
  owned(accountId: string, regionId: string, hpcClusterId: string): StoredCluster | undefined {
    return this.#rooms.get(roomKey(accountId, regionId))?.get(hpcClusterId)?.cluster;
  }

  #entry(hpcClusterId: string): Entry {
    const entry = this.#entries.get(hpcClusterId);
    if (entry === undefined) throw new Error(`There is no cluster ${hpcClusterId}.`);
    return entry;
  }

  #newId(): string {
    for (;;) {
      const id = `hpc-${lowerCaseId(this.#random, 16)}`;
      if (!this.#entries.has(id)) return id;
    }
  }
}

function visible(entry: Entry, now: number): boolean {
  if (entry.hiddenDescribes > 0) {
    entry.hiddenDescribes -= 1;
    return false;
  }
  return now >= entry.hiddenUntil;
}

function roomKey(accountId: string, regionId: string): string {
  return `${accountId}/${regionId}`;
}
