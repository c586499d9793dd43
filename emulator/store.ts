import { defaultOffers, isSccType, zoneOf, type Offer } from "./offers.ts";
import { lowerCaseId } from "./random.ts";

/** A cluster in the store. */
export interface StoredCluster {
  readonly accountId: string;
  readonly regionId: string;
  readonly hpcClusterId: string;
  readonly name: string;
  readonly description: string;
  /** The number of its instances. The API deletes only a cluster without instances. */
  readonly instances: number;
}

/** Fields of a new cluster; everything but the name has a default. */
export interface NewCluster {
  readonly name: string;
  /** Default: empty. */
  readonly description?: string;
  /** Default: the first account. */
  readonly accountId?: string;
  /** Default: the first region. */
  readonly regionId?: string;
  /** Default: a new id. */
  readonly hpcClusterId?: string;
  /** Default: 0. */
  readonly instances?: number;
}

/** Until when DescribeHpcClusters does not show a new cluster. */
export interface Hidden {
  readonly untilTime?: number;
  readonly describes?: number;
  /** Until when ModifyHpcClusterAttribute does not find it. */
  readonly modifyUntilTime?: number;
}

/** An instance in the store. It runs until it is deleted. */
export interface StoredInstance {
  readonly accountId: string;
  readonly regionId: string;
  readonly instanceId: string;
  readonly name: string;
  readonly instanceType: string;
  readonly imageId: string;
  /** The cluster that it is in. Undefined if it is in none. */
  readonly hpcClusterId: string | undefined;
  readonly zoneId: string;
  /** As DescribeInstances names it, for example Running. */
  readonly status: string;
  readonly privateIpAddresses: readonly string[];
  /** Empty for a type that is not an SCC type. */
  readonly rdmaIpAddresses: readonly string[];
}

/** Fields of a new instance; each has a default. */
export interface NewInstance {
  /** Default: none. */
  readonly hpcClusterId?: string | undefined;
  /** Default: the account of the cluster, else the first account. */
  readonly accountId?: string;
  /** Default: the region of the cluster, else the first region. */
  readonly regionId?: string;
  /** Default: the first zone of the region. */
  readonly zoneId?: string;
  /** Default: a new id. */
  readonly instanceId?: string;
  /** Default: the id. */
  readonly name?: string;
  /** Default: `ecs.sccg7.32xlarge`. */
  readonly instanceType?: string;
  /** Default: `aliyun_3`. */
  readonly imageId?: string;
  /** Default: Running. */
  readonly status?: string;
  /** Default: one address. */
  readonly privateIpAddresses?: readonly string[];
  /** Default: one address for an SCC type, else none. */
  readonly rdmaIpAddresses?: readonly string[];
}

/** What a state file keeps of a store. */
export interface StoreContent {
  readonly clusters: readonly Omit<StoredCluster, "instances">[];
  readonly instances: readonly StoredInstance[];
  /** How many instances were ever started: the addresses are counted. */
  readonly started: number;
}

type LateValues = Partial<Pick<StoredCluster, "name" | "description">>;

interface Entry {
  cluster: Omit<StoredCluster, "instances">;
  readonly instanceIds: Set<string>;
  hiddenUntil: number;
  hiddenDescribes: number;
  readonly modifiableFrom: number;
  /** What DescribeHpcClusters shows until then instead of what is stored. */
  late: { readonly values: LateValues; readonly untilTime: number } | undefined;
  /** Set when the cluster is deleted: until then DescribeHpcClusters still shows it. */
  shownUntil: number | undefined;
}

/** The clusters and instances of all accounts and regions. Tests read and change them without the API. */
export class Store {
  private readonly entries = new Map<string, Entry>();
  // The clusters of one account in one region, in the order of their creation, as Describe lists them.
  private readonly byRegion = new Map<string, Map<string, Entry>>();
  private readonly running = new Map<string, StoredInstance>();
  private readonly sold = new Map<string, readonly Offer[]>();
  private started = 0;
  private readonly random: () => number;
  private readonly defaultAccountId: string;
  private readonly defaultRegionId: string;
  private readonly changed: () => void;

  /**
   * @param changed is called after every change of clusters and instances
   * @internal
   */
  constructor(
    random: () => number,
    defaultAccountId: string,
    defaultRegionId: string,
    changed: () => void = () => undefined,
  ) {
    this.changed = changed;
    this.random = random;
    this.defaultAccountId = defaultAccountId;
    this.defaultRegionId = defaultRegionId;
  }

  /** Copies of the clusters whose fields equal those of the filter, in the order of their creation. */
  clusters(filter: Partial<StoredCluster> = {}): StoredCluster[] {
    return [...this.entries.values()].map(clusterOf).filter((cluster) => matches(cluster, filter));
  }

  /** A copy of the cluster with that id, in any account and region. */
  find(hpcClusterId: string): StoredCluster | undefined {
    const entry = this.entries.get(hpcClusterId);
    return entry === undefined ? undefined : clusterOf(entry);
  }

  /** Adds a cluster. */
  add(cluster: NewCluster, hidden: Hidden = {}): StoredCluster {
    const stored = {
      accountId: cluster.accountId ?? this.defaultAccountId,
      regionId: cluster.regionId ?? this.defaultRegionId,
      hpcClusterId: cluster.hpcClusterId ?? this.newId("hpc-", 16, this.entries),
      name: cluster.name,
      description: cluster.description ?? "",
    };
    if (this.entries.has(stored.hpcClusterId)) {
      throw new Error(`The cluster ${stored.hpcClusterId} already exists.`);
    }
    const entry: Entry = {
      cluster: stored,
      instanceIds: new Set(),
      hiddenUntil: hidden.untilTime ?? Number.NEGATIVE_INFINITY,
      hiddenDescribes: hidden.describes ?? 0,
      modifiableFrom: hidden.modifyUntilTime ?? Number.NEGATIVE_INFINITY,
      late: undefined,
      shownUntil: undefined,
    };
    this.entries.set(stored.hpcClusterId, entry);
    const key = regionKey(stored.accountId, stored.regionId);
    const clusters = this.byRegion.get(key) ?? new Map<string, Entry>();
    this.byRegion.set(key, clusters.set(stored.hpcClusterId, entry));
    this.changed();
    this.setInstances(stored.hpcClusterId, cluster.instances ?? 0);
    return clusterOf(entry);
  }

  /** Changes a cluster and returns a copy of it. */
  modify(
    hpcClusterId: string,
    { name, description, instances }: Partial<Pick<StoredCluster, "name" | "description" | "instances">>,
  ): StoredCluster {
    const entry = this.entry(hpcClusterId);
    entry.cluster = {
      ...entry.cluster,
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
    };
    if (instances !== undefined) {
      this.setInstances(hpcClusterId, instances);
    }
    this.changed();
    return clusterOf(entry);
  }

  /**
   * Lets DescribeHpcClusters show other values than those that are stored.
   *
   * @internal
   */
  showInstead(hpcClusterId: string, values: LateValues, untilTime: number): void {
    this.entry(hpcClusterId).late = { values, untilTime };
  }

  /** Removes a cluster, with its instances. Until `shownUntil` DescribeHpcClusters still shows it. */
  remove(hpcClusterId: string, shownUntil?: number): void {
    const entry = this.entry(hpcClusterId);
    this.setInstances(hpcClusterId, 0);
    this.entries.delete(hpcClusterId);
    entry.shownUntil = shownUntil;
    if (shownUntil === undefined) {
      this.byRegion.get(regionKey(entry.cluster.accountId, entry.cluster.regionId))?.delete(hpcClusterId);
    }
    this.changed();
  }

  /** Starts instances in a cluster, or removes the last ones, until it has this number. */
  setInstances(hpcClusterId: string, instances: number): void {
    const { instanceIds } = this.entry(hpcClusterId);
    while (instanceIds.size < instances) {
      this.runInstance({ hpcClusterId });
    }
    for (const instanceId of [...instanceIds].slice(instances)) {
      this.removeInstance(instanceId);
    }
  }

  /** Copies of the instances whose fields equal those of the filter, in the order of their start. */
  instances(filter: Partial<StoredInstance> = {}): StoredInstance[] {
    return [...this.running.values()]
      .filter((instance) => matches(instance, filter))
      .map((instance) => ({ ...instance }));
  }

  /** Starts an instance. */
  runInstance(instance: NewInstance = {}): StoredInstance {
    const { hpcClusterId } = instance;
    const entry = hpcClusterId === undefined ? undefined : this.entry(hpcClusterId);
    const instanceId = instance.instanceId ?? this.newId("i-", 20, this.running);
    if (this.running.has(instanceId)) {
      throw new Error(`The instance ${instanceId} already exists.`);
    }
    this.started += 1;
    const regionId = instance.regionId ?? entry?.cluster.regionId ?? this.defaultRegionId;
    const instanceType = instance.instanceType ?? "ecs.sccg7.32xlarge";
    const host = `${(this.started >> 8) & 255}.${this.started & 255}`;
    const stored = {
      accountId: instance.accountId ?? entry?.cluster.accountId ?? this.defaultAccountId,
      regionId,
      instanceId,
      name: instance.name ?? instanceId,
      instanceType,
      imageId: instance.imageId ?? "aliyun_3",
      hpcClusterId,
      zoneId: instance.zoneId ?? zoneOf(regionId),
      status: instance.status ?? "Running",
      privateIpAddresses: instance.privateIpAddresses ?? [`10.0.${host}`],
      rdmaIpAddresses: instance.rdmaIpAddresses ?? (isSccType(instanceType) ? [`192.168.${host}`] : []),
    };
    entry?.instanceIds.add(instanceId);
    this.running.set(instanceId, stored);
    this.changed();
    return { ...stored };
  }

  /** Removes an instance. */
  removeInstance(instanceId: string): void {
    const instance = this.running.get(instanceId);
    if (instance === undefined) {
      throw new Error(`The instance ${instanceId} does not exist.`);
    }
    this.running.delete(instanceId);
    if (instance.hpcClusterId !== undefined) {
      this.entry(instance.hpcClusterId).instanceIds.delete(instanceId);
    }
    this.changed();
  }

  /** The instance types that a region sells, by zone. */
  offers(regionId: string): readonly Offer[] {
    return this.sold.get(regionId) ?? defaultOffers(regionId);
  }

  /** Sets the instance types that a region sells; an empty list: none. */
  setOffers(regionId: string, offers: readonly Offer[]): void {
    this.sold.set(regionId, offers);
  }

  /**
   * What a state file keeps. The effects of faults are not kept.
   *
   * @internal
   */
  get content(): StoreContent {
    return {
      clusters: [...this.entries.values()].map(({ cluster }) => cluster),
      instances: [...this.running.values()],
      started: this.started,
    };
  }

  /**
   * Adds what a state file has kept.
   *
   * @internal
   */
  load({ clusters, instances, started }: StoreContent): void {
    for (const cluster of clusters) {
      this.add(cluster);
    }
    for (const instance of instances) {
      this.runInstance(instance);
    }
    this.started = started;
  }

  /**
   * The clusters that one DescribeHpcClusters shows. It counts as a call for each cluster that is still hidden.
   *
   * @internal
   */
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
    return entries.filter((entry) => visible(entry, now)).map((entry) => shown(entry, now));
  }

  /**
   * The cluster, if it belongs to this account and region.
   *
   * @internal
   */
  owned(accountId: string, regionId: string, hpcClusterId: string): StoredCluster | undefined {
    const entry = this.byRegion.get(regionKey(accountId, regionId))?.get(hpcClusterId);
    return entry === undefined || entry.shownUntil !== undefined ? undefined : clusterOf(entry);
  }

  /**
   * The cluster, if it belongs to this account and region, and can be modified already.
   *
   * @internal
   */
  modifiable(
    accountId: string,
    regionId: string,
    hpcClusterId: string,
    now: number,
  ): StoredCluster | undefined {
    const cluster = this.owned(accountId, regionId, hpcClusterId);
    return cluster === undefined || now < this.entry(hpcClusterId).modifiableFrom ? undefined : cluster;
  }

  /**
   * Whether a cluster is still being created: not every action finds it yet.
   *
   * @internal
   */
  isCreating(hpcClusterId: string, now: number): boolean {
    const { hiddenDescribes, hiddenUntil, modifiableFrom } = this.entry(hpcClusterId);
    return hiddenDescribes > 0 || now < hiddenUntil || now < modifiableFrom;
  }

  private entry(hpcClusterId: string): Entry {
    const entry = this.entries.get(hpcClusterId);
    if (entry === undefined) {
      throw new Error(`The cluster ${hpcClusterId} does not exist.`);
    }
    return entry;
  }

  private newId(prefix: string, length: number, taken: ReadonlyMap<string, unknown>): string {
    for (;;) {
      const id = `${prefix}${lowerCaseId(this.random, length)}`;
      if (!taken.has(id)) {
        return id;
      }
    }
  }
}

function clusterOf({ cluster, instanceIds }: Entry): StoredCluster {
  return { ...cluster, instances: instanceIds.size };
}

function shown(entry: Entry, now: number): StoredCluster {
  const { late } = entry;
  return { ...clusterOf(entry), ...(late !== undefined && now < late.untilTime ? late.values : {}) };
}

/** Whether each field of the filter is undefined or has the item's value. */
function matches<T extends object>(item: T, filter: Partial<T>): boolean {
  return (Object.keys(filter) as (keyof T)[]).every(
    (field) => filter[field] === undefined || filter[field] === item[field],
  );
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
