import { EcsError, saysGone } from "../ecs/errors.ts";
import { nameOf } from "./holders.ts";
import { instancesOf } from "./instances.ts";
import { ecsOf, type Operation } from "./operation.ts";
import type { ClusterState } from "./state.ts";

/**
 * DeleteHpcCluster. A cluster that does not exist counts as deleted. A cluster that another entry holds stays: that entry's
 * deletion deletes it.
 */
export async function deleteCluster(operation: Operation, state: ClusterState): Promise<void> {
  const { session } = operation;
  const { regionId, hpcClusterId } = state;
  const own = { entry: state.__entry };
  const holder = session.holders.otherHolder(hpcClusterId, own);
  if (holder !== undefined) {
    session.holders.release(hpcClusterId, own);
    operation.warn(
      `The HPC cluster ${hpcClusterId} is kept, and only its old entry leaves the state: ${nameOf(holder)} holds it too.`,
    );
    return;
  }
  const ecs = await ecsOf(operation);
  try {
    await ecs.deleteHpcCluster(regionId, hpcClusterId);
  } catch (error) {
    if (isNotEmpty(error)) {
      const instances = await instancesOf(operation, state);
      throw instances === undefined
        ? error
        : new Error(`${error.message} The cluster contains ${instances}.`);
    }
    if (!saysGone(error)) {
      throw error;
    }
    await session.requireAccountOf(state);
  }
  session.holders.release(hpcClusterId, own);
  session.holders.recordDeleted(state);
}

function isNotEmpty(error: unknown): error is EcsError {
  return error instanceof EcsError && error.meaning.refused === "deletion";
}
