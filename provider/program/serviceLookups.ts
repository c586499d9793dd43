/** The lookups' calls of the service. */
import type * as pulumi from "@pulumi/pulumi";
import { REGION_OF_REGIONS } from "../account/regions";
import { findCluster, findClusters, findRegions } from "../cluster/lookups";
import { messageOf } from "../ecs/errors";
import { lookupClient } from "./lookupClient";
import type {
  GetHpcClusterArgs,
  GetHpcClusterResult,
  GetHpcClustersArgs,
  GetHpcClustersResult,
  GetRegionsResult,
} from "./lookups";
import { runError } from "./runError";

/** See `getHpcCluster`. */
export function findHpcCluster(
  args: GetHpcClusterArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClusterResult> {
  return withRunErrors(() => findCluster(args, () => lookupClient(args.regionId, opts)));
}

/** See `getHpcClusters`. */
export function findHpcClusters(
  args: GetHpcClustersArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClustersResult> {
  return withRunErrors(() => findClusters(args, () => lookupClient(args.regionId, opts)));
}

/** See `getRegions`. */
export function findAccountRegions(opts: pulumi.InvokeOptions | undefined): Promise<GetRegionsResult> {
  return withRunErrors(async () => findRegions((await lookupClient(REGION_OF_REGIONS, opts)).ecs));
}

/** The engine shows no error with a stack trace. */
async function withRunErrors<T>(lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    throw runError(messageOf(error));
  }
}
