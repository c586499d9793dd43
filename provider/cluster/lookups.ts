import { runInNewContext } from "node:vm";
import { REGION_OF_REGIONS } from "../account/regions";
import type { EcsClient } from "../ecs/client";
import type { HpcClusterItem } from "../ecs/items";
import { withoutUndefined } from "../ecs/withoutUndefined";

/** How long `nameRegex` may take for all names together, milliseconds: nothing else of the process runs meanwhile. */
const LONGEST_MATCHING_MS = 1_000;

/** The client of the lookup's account, and the region that it looks in. */
export interface LookupPlace {
  ecs: EcsClient;
  regionId: string;
}

/** Which cluster to look up: either `id` or `name`. */
export interface ClusterQuery {
  id?: string | undefined;
  name?: string | undefined;
}

/** Which clusters to look up; default: all of the region. */
export interface ClustersQuery {
  ids?: readonly string[] | undefined;
  nameRegex?: string | undefined;
}

/** A cluster as lookups return it. */
export interface FoundCluster {
  id: string;
  name: string;
  description?: string;
  regionId: string;
}

/**
 * One cluster, by its id or its name.
 *
 * @param openPlace is called once the query is known to be right
 * @throws if there is none, or if several have that name
 */
export async function findCluster(
  { id, name }: ClusterQuery,
  openPlace: () => Promise<LookupPlace>,
): Promise<FoundCluster> {
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
 * @param openPlace is called once the query is known to be right
 * @param caller how errors name the lookup
 * @throws if `nameRegex` is not a regular expression, or takes longer than a second
 */
export async function findClusters(
  { ids, nameRegex }: ClustersQuery,
  openPlace: () => Promise<LookupPlace>,
  caller = "getHpcClusters",
): Promise<FoundCluster[]> {
  requireRegex(nameRegex, caller);
  const { ecs, regionId } = await openPlace();
  const items =
    ids === undefined ? await ecs.listHpcClusters(regionId) : await ecs.describeHpcClusters(regionId, ids);
  return (nameRegex === undefined ? items : withName(items, nameRegex, caller))
    .map((item) => foundCluster(item, regionId))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The regions of the account. */
export async function findRegions(
  ecs: EcsClient,
): Promise<{ id: string; localName: string; endpoint: string }[]> {
  const regions = await ecs.describeRegions(REGION_OF_REGIONS);
  return regions.map(({ RegionId, LocalName, RegionEndpoint }) => ({
    id: RegionId,
    localName: LocalName,
    endpoint: RegionEndpoint,
  }));
}

function foundCluster({ HpcClusterId, Name, Description }: HpcClusterItem, regionId: string): FoundCluster {
  return withoutUndefined({ id: HpcClusterId, name: Name, description: Description, regionId });
}

/** @throws without the value, which may be a secret */
function requireRegex(nameRegex: string | undefined, caller: string): void {
  try {
    new RegExp(nameRegex ?? "", "u");
  } catch {
    throw new Error(
      `${caller}: nameRegex is not a valid regular expression; correct it (the syntax is JavaScript's, with the flag u).`,
    );
  }
}

/** The clusters whose names match. Some expressions would take longer than a program lives, even for one name. */
function withName(items: readonly HpcClusterItem[], nameRegex: string, caller: string): HpcClusterItem[] {
  const context = { nameRegex, names: items.map(({ Name }) => Name) };
  try {
    const matches = runInNewContext(
      'const pattern = new RegExp(nameRegex, "u"); names.map((name) => pattern.test(name));',
      context,
      { timeout: LONGEST_MATCHING_MS },
    ) as boolean[];
    return items.filter((_, index) => matches[index]);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
      ? new Error(
          `${caller}: nameRegex took longer than ${LONGEST_MATCHING_MS / 1_000} s for all names together; ` +
            "make it simpler, for example without a repetition inside a repetition.",
        )
      : error;
  }
}
