import { nameOf, type Entry } from "./holders.ts";
import { foreignUpdates } from "./foreignState.ts";
import { warnOfInstances } from "./instances.ts";
import {
  changesBetween,
  type EngineProperties,
  type PropertyChanges,
  type ReplacedName,
} from "./properties.ts";
import type { Operation } from "./operation.ts";
import { isStored, stateFrom } from "./state.ts";

/** What differs between a stored cluster and the program. */
export interface ClusterChanges extends PropertyChanges {
  /** What a state of `@pulumi/alicloud` does not have. An update adds it, and no call changes the cluster for it. */
  adds: ReplacedName[];
}

/**
 * Compares stored outputs with new inputs, so that a change made outside Pulumi shows after a refresh. The session learns which
 * entry holds the cluster, and the user what would prevent a replacement.
 *
 * @param resource the resource, as far as the host knows it
 * @throws if this run has given the cluster to a new resource as well, or another resource of the program has it too; or if the
 * state is one of `@pulumi/alicloud`, and its cluster does not show in the region
 */
export async function diffCluster(
  operation: Operation,
  hpcClusterId: string,
  olds: EngineProperties,
  news: EngineProperties,
  resource: Pick<Entry, "resourceName" | "urn">,
): Promise<ClusterChanges> {
  const { holders } = operation.session;
  const old = stateFrom(hpcClusterId, olds);
  const own: Entry = { ...resource, entry: old.__entry };
  const other = holders.otherHolder(hpcClusterId, own);
  holders.record(hpcClusterId, own);
  if (other?.isNew) {
    // A failure here keeps the engine from recording what depends on both.
    throw new Error(
      `The HPC cluster ${hpcClusterId} of this resource has just been given to ${nameOf(other)} as well, which has the name and the ` +
        "values that this one once had. Remove that one from the state (pulumi state delete), and let it depend on this one " +
        "(dependsOn), or give it a clientToken.",
    );
  }
  if (other?.urn !== undefined && own.urn !== undefined && other.urn !== own.urn) {
    throw new Error(
      `The HPC cluster ${hpcClusterId} belongs to both ${nameOf(other)} and ${nameOf(own)}, so deleting one would delete the ` +
        "other's. Remove one of them from the state, which leaves the cluster as it is: " +
        `pulumi state delete '${other.urn}' or pulumi state delete '${own.urn}'.`,
    );
  }
  if (!isStored(olds)) {
    const updates = await foreignUpdates(operation, hpcClusterId, olds, news);
    return { updates, replaces: [], adds: ["regionId"] };
  }
  const changes = changesBetween(olds, news);
  if (changes.replaces.length > 0) {
    await warnOfInstances(operation, old);
  }
  return { ...changes, adds: [] };
}
