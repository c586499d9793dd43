import { lowerCaseId } from "./random.ts";

/** A cluster in the store. */
export interface StoredCluster {
  readonly accountId: string;
  readonly regionId: string;
  readonly hpcClusterId: string;
  readonly name: string;
  readonly description: string;
  /** The number of instances. The API deletes only a cluster without instances. */
  readonly instances: number;
}

/** Fields of a new cluster; everything but the name has a default. */
export interface NewCluster {
  readonly name: string;
  readonly description?: string;
  readonly accountId?: string;
  readonly regionId?: string;
  readonly hpcClusterId?: string;
  readonly instances?: number;
}

/** Until when DescribeHpcClusters does not show a new cluster. */
export interface Hidden {
  readonly untilTime?: number;
  readonly describes?: number;
}

interface Entry {
  cluster: StoredCluster;
  hiddenUntil: number;
  hiddenDescribes: number;
  /** Set when the cluster is deleted: until then DescribeHpcClusters still shows it. */
  shownUntil: number | undefined;
  /** The ids of the instances, also of former ones: an instance keeps its id. */
  readonly instanceIds: string[];
}

/** An instance in a cluster. */
export interface StoredInstance {
  readonly instanceId: string;
  readonly hpcClusterId: string;
}

/** The clusters of all accounts and regions. Tests read and change them without the API. */
export class Store {
  private readonly entries = new Map<string, Entry>();
  // The clusters of one account in one region, in the order of their creation, as Describe lists them.
  private readonly byRegion = new Map<string, Map<string, Entry>>();
  private readonly random: () => number;
  private readonly defaultAccountId: string;
  private readonly defaultRegionId: string;

  constructor(random: () => number, defaultAccountId: string, defaultRegionId: string) {
    this.random = random;
    this.defaultAccountId = defaultAccountId;
    this.defaultRegionId = defaultRegionId;
  }

  /** Copies of the clusters whose fields equal those of the filter. */
  clusters(filter: Partial<StoredCluster> = {}): StoredCluster[] {
    const wanted = Object.entries(filter) as [string, string | number | undefined][];
    return [...this.entries.values()]
      .map((entry) => entry.cluster)
      .filter((cluster) =>
        wanted.every(
          ([field, value]) => value === undefined || cluster[field as keyof StoredCluster] === value,
        ),
      )
      .map((cluster) => ({ ...cluster }));
  }

  /** A copy of the cluster with that id, in any account and region. */
  find(hpcClusterId: string): StoredCluster | undefined {
    const entry = this.entries.get(hpcClusterId);
    return entry === undefined ? undefined : { ...entry.cluster };
  }

  /** Adds a cluster, by default to the first account and the first region. */
  add(cluster: NewCluster, hidden: Hidden = {}): StoredCluster {
    const stored: StoredCluster = {
      accountId: cluster.accountId ?? this.defaultAccountId,
      regionId: cluster.regionId ?? this.defaultRegionId,
      hpcClusterId: cluster.hpcClusterId ?? this.newId(),
      name: cluster.name,
      description: cluster.description ?? "",
      instances: cluster.instances ?? 0,
    };
    if (this.entries.has(stored.hpcClusterId)) {
      throw new Error(`The cluster ${stored.hpcClusterId} already exists.`);
    }
    const entry: Entry = {
      cluster: stored,
      hiddenUntil: hidden.untilTime ?? Number.NEGATIVE_INFINITY,
      hiddenDescribes: hidden.describes ?? 0,
      shownUntil: undefined,
      instanceIds: [],
    };
    this.entries.set(stored.hpcClusterId, entry);
    const key = regionKey(stored.accountId, stored.regionId);
    const clusters = this.byRegion.get(key) ?? new Map<string, Entry>();
    this.byRegion.set(key, clusters.set(stored.hpcClusterId, entry));
    return { ...stored };
  }

  /** Changes a cluster and returns a copy of it. */
  modify(
    hpcClusterId: string,
    change: Partial<Pick<StoredCluster, "name" | "description" | "instances">>,
  ): StoredCluster {
    const entry = this.entry(hpcClusterId);
    const { name, description, instances } = entry.cluster;
    entry.cluster = {
      ...entry.cluster,
      name: change.name ?? name,
      description: change.description ?? description,
      instances: change.instances ?? instances,
    };
    return { ...entry.cluster };
  }

  /** Removes a cluster, with its instances. Until `shownUntil` DescribeHpcClusters still shows it. */
  remove(hpcClusterId: string, shownUntil?: number): void {
    const entry = this.entry(hpcClusterId);
    this.entries.delete(hpcClusterId);
    entry.shownUntil = shownUntil;
    if (shownUntil === undefined) {
      this.byRegion.get(regionKey(entry.cluster.accountId, entry.cluster.regionId))?.delete(hpcClusterId);
    }
  }

  /** Sets the number of instances in a cluster. */
  setInstances(hpcClusterId: string, instances: number): void {
    this.modify(hpcClusterId, { instances });
  }

  /** The clusters that one DescribeHpcClusters shows. It counts as a call for each cluster that is still hidden. */
  describe(
    accountId: string,
    regionId: string,
    ids: readonly string[] | undefined,
    now: number,
  ): StoredCluster[] {
    const clusters = this.byRegion.get(regionKey(accountId, regionId));
    if (clusters === undefined) {
      return [];
    }
    const entries =
      ids === undefined
        ? [...clusters.values()]
        : [...new Set(ids)].map((id) => clusters.get(id)).filter((entry) => entry !== undefined);
    return entries.filter((entry) => visible(entry, now)).map((entry) => entry.cluster);
  }

  /** The instances of one account in one region, of all clusters or of one. */
  instances(accountId: string, regionId: string, hpcClusterId?: string): StoredInstance[] {
    return [...this.entries.values()]
      .filter(({ cluster }) => cluster.accountId === accountId && cluster.regionId === regionId)
      .filter(({ cluster }) => hpcClusterId === undefined || cluster.hpcClusterId === hpcClusterId)
      .flatMap((entry) => this.instancesOf(entry));
  }

  /** The cluster, if it belongs to this account and region. */
  owned(accountId: string, regionId: string, hpcClusterId: string): StoredCluster | undefined {
    const entry = this.byRegion.get(regionKey(accountId, regionId))?.get(hpcClusterId);
    return entry === undefined || entry.shownUntil !== undefined ? undefined : entry.cluster;
  }

  private entry(hpcClusterId: string): Entry {
    const entry = this.entries.get(hpcClusterId);
    if (entry === undefined) {
      throw new Error(`The cluster ${hpcClusterId} does not exist.`);
    }
    return entry;
  }

  private instancesOf({ cluster, instanceIds }: Entry): StoredInstance[] {
    while (instanceIds.length < cluster.instances) {
      instanceIds.push(`i-${lowerCaseId(this.random, 20)}`);
    }
    return instanceIds
      .slice(0, cluster.instances)
      .map((instanceId) => ({ instanceId, hpcClusterId: cluster.hpcClusterId }));
  }

  private newId(): string {
    for (;;) {
      const id = `hpc-${lowerCaseId(this.random, 16)}`;
      if (!this.entries.has(id)) {
        return id;
      }
    }
  }
}

function visible(entry: Entry, now: number): boolean {
  if (entry.shownUntil !== undefined) {
    return now < entry.shownUntil;
  }
  if (entry.hiddenDescribes > 0) {
    entry.hiddenDescribes -= 1;
    return false;
  }
  return now >= entry.hiddenUntil;
}

function regionKey(accountId: string, regionId: string): string {
  return `${accountId}/${regionId}`;
}
