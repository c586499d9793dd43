/** Changes and deletes what the state has: an entry of our own, or one that `@pulumi/alicloud` has written. */
import { deleteCluster } from "./delete.ts";
import { moveCluster, requireShown } from "./foreignState.ts";
import type { Operation } from "./operation.ts";
import { propertiesFrom, textOf, type EngineProperties } from "./properties.ts";
import { isStored, stateFrom, type ClusterState } from "./state.ts";
import { updateCluster } from "./update.ts";

/**
 * Changes the cluster, or makes a foreign entry one of our own.
 *
 * @param olds the stored outputs
 * @throws if the region differs: `pulumi do … patch` asks for an update also where a change replaces
 */
export async function updateStored(
  operation: Operation,
  hpcClusterId: string,
  olds: EngineProperties,
  inputs: EngineProperties,
): Promise<ClusterState> {
  const wanted = propertiesFrom(inputs);
  if (!isStored(olds)) {
    return await moveCluster(operation, hpcClusterId, wanted);
  }
  const storedRegion = textOf(olds, "regionId");
  if (storedRegion !== undefined && storedRegion !== wanted.regionId) {
    throw new Error(
      `regionId: the HPC cluster ${hpcClusterId} is in ${storedRegion}, and a cluster cannot be moved to another region; create one in ` +
        `${wanted.regionId}, and delete this one. Nothing has been changed.`,
    );
  }
  return await updateCluster(operation, stateOf(operation, hpcClusterId, olds), wanted);
}

/**
 * Deletes the cluster.
 *
 * @param olds the stored outputs
 * @throws if the entry is a foreign one, and the cluster does not show in the region: elsewhere it would count as deleted already
 */
export async function deleteStored(
  operation: Operation,
  hpcClusterId: string,
  olds: EngineProperties,
): Promise<void> {
  const state = stateOf(operation, hpcClusterId, olds);
  if (!isStored(olds)) {
    await requireShown(operation, state.regionId, hpcClusterId);
  }
  await deleteCluster(operation, state);
}

function stateOf({ session }: Operation, hpcClusterId: string, outputs: EngineProperties): ClusterState {
  return stateFrom(hpcClusterId, { ...outputs, regionId: session.regionOf(outputs) });
}
