/**
 * What lookups take and find, as programs see it, and how each is answered, whichever host runs it. The program side adds the forms
 * whose arguments may be outputs.
 */
import { REGION_OF_REGIONS } from "../account/regions.ts";
import type { EcsClient } from "../ecs/client.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { withoutUndefined } from "../ecs/json.ts";
import { itemsWithName, requireRegex } from "./nameRegex.ts";
import { sccTypesOf } from "./sccTypes.ts";

/** An HPC cluster that a lookup has found. */
export interface GetHpcClusterResult {
  /** The cluster's id, `hpc-…`. */
  id: string;
  /** The cluster's name. */
  name: string;
  /** The description; absent if there is none. */
  description?: string;
  /** The region's id. */
  regionId: string;
}

/** The HPC clusters that {@link getHpcClusters} has found, ordered by id. */
export type GetHpcClustersResult = GetHpcClusterResult[];

/** The arguments of {@link getHpcCluster}: either `id` or `name`. */
export interface GetHpcClusterArgs {
  /** The cluster's id, `hpc-…`. */
  id?: string | undefined;
  /** The cluster's exact name. */
  name?: string | undefined;
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** The arguments of {@link getHpcClusters}. Without `ids` and `nameRegex` it returns all clusters of the region. */
export interface GetHpcClustersArgs {
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
  /** Only these clusters; an id that does not exist is left out. */
  ids?: string[] | undefined;
  /** Only clusters whose name matches this regular expression (JavaScript's, unanchored). */
  nameRegex?: string | undefined;
}

/** A region that {@link getRegions} has found. */
export interface Region {
  /** The region's id, e.g. `cn-hangzhou`. */
  id: string;
  /** The region's name, in the account's language. */
  localName: string;
  /** The host of its ECS endpoint. */
  endpoint: string;
}

/** The regions of the account. */
export type GetRegionsResult = Region[];

/** The arguments of {@link getHpcClusterInstances}. */
export interface GetHpcClusterInstancesArgs {
  /** The cluster's id, `hpc-…`. */
  id: string;
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** An instance that {@link getHpcClusterInstances} has found. */
export interface HpcClusterInstance {
  /** The instance's id, `i-…`. */
  id: string;
  /** The instance's name. */
  name: string;
  /** The status, e.g. `Running`. */
  status: string;
  /** The instance type, e.g. `ecs.sccc7.32xlarge`. */
  instanceType: string;
  /** The zone's id, e.g. `cn-shanghai-b`. */
  zoneId: string;
  /** The private addresses in the VPC. */
  privateIpAddresses: string[];
  /** The addresses in the RDMA network, for MPI. Empty if the instance has none. */
  rdmaIpAddresses: string[];
}

/** The instances of the cluster, ordered by name, then by id. */
export type GetHpcClusterInstancesResult = HpcClusterInstance[];

/** The arguments of {@link getSccInstanceTypes}. */
export interface GetSccInstanceTypesArgs {
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** An SCC instance type in a zone, that {@link getSccInstanceTypes} has found. */
export interface SccInstanceType {
  /** The instance type, e.g. `ecs.sccc7.32xlarge`. */
  instanceType: string;
  /** The zone's id, e.g. `cn-shanghai-b`. */
  zoneId: string;
  /** `Available` or `SoldOut`. */
  status: string;
  /** The stock in the service's words, e.g. `WithStock`, `ClosedWithStock` or `WithoutStock`. */
  stock: string;
}

/** The SCC instance types that the region sells, ordered by type, then by zone. */
export type GetSccInstanceTypesResult = SccInstanceType[];

/** @internal The client of the lookup's account, and the region that it looks in. */
interface LookupPlace {
  ecs: EcsClient;
  regionId: string;
}

/** @internal Opens the place of a lookup, once its arguments are known to be right. */
type OpenPlace = (regionId: string | undefined) => Promise<LookupPlace>;

/** @internal The arguments of all lookups. Each takes some of them. */
export interface LookupArgs extends GetHpcClusterArgs, GetHpcClustersArgs {}

/** @internal One lookup, whichever host runs it. */
interface Lookup {
  /** The arguments that it takes. */
  readonly args: readonly (keyof LookupArgs)[];
  /** A function of the plugin returns an object. Where the lookup returns a list, this is the name of its property. */
  readonly list?: string;
  readonly find: (args: LookupArgs, open: OpenPlace) => Promise<object>;
}

/** @internal Every lookup by its name. The program's calls of the service and the plugin's functions are derived from these rows. */
export const lookups = {
  getHpcCluster: {
    args: ["id", "name", "regionId"],
    find: (args, open) => findCluster(args, () => open(args.regionId)),
  },
  getHpcClusters: {
    args: ["regionId", "ids", "nameRegex"],
    list: "clusters",
    find: (args, open) => findClusters(args, () => open(args.regionId)),
  },
  getRegions: {
    args: [],
    list: "regions",
    find: async (_, open) => findRegions((await open(REGION_OF_REGIONS)).ecs),
  },
  getHpcClusterInstances: {
    args: ["id", "regionId"],
    list: "instances",
    find: (args, open) => findInstances(args.id, () => open(args.regionId)),
  },
  getSccInstanceTypes: {
    args: ["regionId"],
    list: "instanceTypes",
    find: async (args, open) => findSccTypes(await open(args.regionId)),
  },
} as const satisfies Record<string, Lookup>;

/** @internal */
export type LookupName = keyof typeof lookups;

/** @internal What a lookup finds. */
export type LookupResult<N extends LookupName> = Awaited<ReturnType<(typeof lookups)[N]["find"]>>;

/** @internal The lookup of this name, without its literal types. */
export function lookupNamed(name: LookupName): Lookup {
  return lookups[name];
}

/**
 * One cluster, by its id or its name.
 *
 * @param openPlace is called once the query is known to be right
 * @throws if there is none, or if several have that name
 */
async function findCluster(
  { id, name }: GetHpcClusterArgs,
  openPlace: () => Promise<LookupPlace>,
): Promise<GetHpcClusterResult> {
  if ((id === undefined) === (name === undefined)) {
    throw new Error("getHpcCluster: give either id or name of the cluster to look up.");
  }
  const { ecs, regionId } = await openPlace();
  if (id !== undefined) {
    const item = await ecs.describeHpcCluster(regionId, id);
    if (item === undefined) {
      throw new Error(
        `getHpcCluster: there is no HPC cluster ${id} in ${regionId}; check the id, the region and the account.`,
      );
    }
    return foundCluster(item, regionId);
  }
  const found = (await ecs.listHpcClusters(regionId)).filter((item) => item.Name === name);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new Error(
      `getHpcCluster: there is no HPC cluster named ${JSON.stringify(name)} in ${regionId}; check the name, the region and the account.`,
    );
  }
  if (others.length > 0) {
    const ids = found.map((item) => item.HpcClusterId).sort();
    throw new Error(
      `getHpcCluster: ${found.length} HPC clusters in ${regionId} are named ${JSON.stringify(name)}: ${ids.join(", ")}; give the id of one.`,
    );
  }
  return foundCluster(only, regionId);
}

/**
 * The clusters of a region, ordered by id.
 *
 * @internal
 * @param openPlace is called once the query is known to be right
 * @param caller how errors name the lookup
 * @throws if `nameRegex` is not a regular expression, or takes longer than a second
 */
export async function findClusters(
  { ids, nameRegex }: GetHpcClustersArgs,
  openPlace: () => Promise<LookupPlace>,
  caller = "getHpcClusters",
): Promise<GetHpcClusterResult[]> {
  const argument = `${caller}: nameRegex`;
  requireRegex(nameRegex, argument);
  const { ecs, regionId } = await openPlace();
  const items =
    ids === undefined ? await ecs.listHpcClusters(regionId) : await ecs.describeHpcClusters(regionId, ids);
  return (nameRegex === undefined ? items : itemsWithName(items, ({ Name }) => Name, nameRegex, argument))
    .map((item) => foundCluster(item, regionId))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The instances of a cluster, ordered by name, then by id.
 *
 * @param openPlace is called once the query is known to be right
 */
async function findInstances(
  id: string | undefined,
  openPlace: () => Promise<LookupPlace>,
): Promise<HpcClusterInstance[]> {
  // Without an id the service would list all instances of the region.
  if (id === undefined || id === "") {
    throw new Error("getHpcClusterInstances: give the id of the cluster whose instances to look up.");
  }
  const { ecs, regionId } = await openPlace();
  return (await ecs.listInstancesOf(regionId, id))
    .map(({ InstanceId, InstanceName, Status, InstanceType, ZoneId, ...addresses }) => ({
      id: InstanceId,
      name: InstanceName,
      status: Status,
      instanceType: InstanceType,
      zoneId: ZoneId,
      ...addresses,
    }))
    .sort(byTexts(({ name, id }) => [name, id]));
}

/** The SCC instance types that a region sells, ordered by type, then by zone. */
async function findSccTypes({ ecs, regionId }: LookupPlace): Promise<SccInstanceType[]> {
  return (await sccTypesOf(ecs, regionId))
    .map(({ instanceType, ZoneId, Status, StatusCategory }) => ({
      instanceType,
      zoneId: ZoneId,
      status: Status,
      stock: StatusCategory,
    }))
    .sort(byTexts(({ instanceType, zoneId }) => [instanceType, zoneId]));
}

/** Compares by the first text that differs. */
function byTexts<T>(keysOf: (item: T) => string[]): (a: T, b: T) => number {
  return (a, b) => {
    const others = keysOf(b);
    const at = keysOf(a).findIndex((text, index) => text !== others[index]);
    return at < 0 ? 0 : keysOf(a)[at]! < others[at]! ? -1 : 1;
  };
}

/** The regions of the account. */
async function findRegions(ecs: EcsClient): Promise<Region[]> {
  const regions = await ecs.describeRegions(REGION_OF_REGIONS);
  return regions.map(({ RegionId, LocalName, RegionEndpoint }) => ({
    id: RegionId,
    localName: LocalName,
    endpoint: RegionEndpoint,
  }));
}

function foundCluster(
  { HpcClusterId, Name, Description }: HpcClusterItem,
  regionId: string,
): GetHpcClusterResult {
  return withoutUndefined({ id: HpcClusterId, name: Name, description: Description, regionId });
}
