/** The lookups' calls of the service. */
import * as pulumi from "@pulumi/pulumi";
import { REGION_OF_REGIONS } from "../account/regions";
import { messageOf } from "../ecs/errors";
import type { HpcClusterItem, RegionItem } from "../ecs/items";
import { withoutUndefined } from "../ecs/withoutUndefined";
import { lookupClient } from "./lookupClient";
import type {
  GetHpcClusterArgs,
  GetHpcClusterResult,
  GetHpcClustersArgs,
  GetHpcClustersResult,
  GetRegionsResult,
  Region,
} from "./lookups";

/** See `getHpcCluster`. */
export function findHpcCluster(
  args: GetHpcClusterArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClusterResult> {
  return withRunErrors(async () => {
    const { id, name } = args;
    if ((id === undefined) === (name === undefined)) {
      throw new pulumi.RunError("getHpcCluster: give either id or name of the cluster to look up.");
    }
    const { ecs, regionId } = await lookupClient(args.regionId, opts);
    if (id !== undefined) {
      const item = await ecs.describeHpcCluster(regionId, id);
      if (item === undefined) {
        throw new pulumi.RunError(
          `getHpcCluster: there is no HPC cluster ${id} in ${regionId}; check the id, the region and the account.`,
        );
      }
      return resultOf(item, regionId);
    }
    const found = (await ecs.listHpcClusters(regionId)).filter((item) => item.Name === name);
    const [only, ...others] = found;
    if (only === undefined) {
      throw new pulumi.RunError(
        `getHpcCluster: there is no HPC cluster named ${JSON.stringify(name)} in ${regionId}; check the name, the region and the account.`,
      );
    }
    if (others.length > 0) {
      const ids = found.map((item) => item.HpcClusterId).sort();
      throw new pulumi.RunError(
        `getHpcCluster: ${found.length} HPC clusters in ${regionId} are named ${JSON.stringify(name)}: ${ids.join(", ")}; give the id of one.`,
      );
    }
    return resultOf(only, regionId);
  });
}

/** See `getHpcClusters`. */
export function findHpcClusters(
  args: GetHpcClustersArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClustersResult> {
  return withRunErrors(async () => {
    const { ids } = args;
    const pattern = patternOf(args.nameRegex);
    const { ecs, regionId } = await lookupClient(args.regionId, opts);
    const items =
      ids === undefined
        ? await ecs.listHpcClusters(regionId)
        : (await Promise.all([...new Set(ids)].map((id) => ecs.describeHpcCluster(regionId, id)))).filter(
            (item) => item !== undefined,
          );
    return items
      .filter((item) => pattern?.test(item.Name) ?? true)
      .map((item) => resultOf(item, regionId))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  });
}

/** See `getRegions`. */
export function findRegions(opts: pulumi.InvokeOptions | undefined): Promise<GetRegionsResult> {
  return withRunErrors(async () => {
    const { ecs } = await lookupClient(REGION_OF_REGIONS, opts);
    return (await ecs.describeRegions(REGION_OF_REGIONS)).map(regionOf);
  });
}

/** Turns every error into a RunError, which the engine shows without a stack trace. */
async function withRunErrors<T>(lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    throw pulumi.RunError.isInstance(error) ? error : new pulumi.RunError(messageOf(error));
  }
}

function resultOf(
  { HpcClusterId, Name, Description }: HpcClusterItem,
  regionId: string,
): GetHpcClusterResult {
  return withoutUndefined({ id: HpcClusterId, name: Name, description: Description, regionId });
}

function regionOf({ RegionId, LocalName, RegionEndpoint }: RegionItem): Region {
  return { id: RegionId, localName: LocalName, endpoint: RegionEndpoint };
}

function patternOf(nameRegex: string | undefined): RegExp | undefined {
  try {
    return nameRegex === undefined ? undefined : new RegExp(nameRegex, "u");
  } catch {
    throw new pulumi.RunError(
      `getHpcClusters: nameRegex ${JSON.stringify(nameRegex)} is not a valid regular expression.`,
    );
  }
}
