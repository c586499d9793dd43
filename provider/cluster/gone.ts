import { EcsError, messageOf } from "../ecs/errors";
import { InitializationError } from "./initializationError";
import { parametersOf } from "./properties";
import { ecsOf, type Operation } from "./operation";
import type { ClusterState } from "./state";

/**
 * Whether a cluster that DescribeHpcClusters does not show is gone. The list may lag, and a list that lags must not lead to a
 * second cluster: confirm with a Modify that changes nothing.
 *
 * @returns false if the service changes it, so that it exists
 * @throws InitializationError if the cluster may exist
 */
export async function isGone(operation: Operation, state: ClusterState): Promise<boolean> {
  const { regionId, hpcClusterId } = state;
  const ecs = await ecsOf(operation);
  try {
    await ecs.modifyHpcCluster(regionId, hpcClusterId, parametersOf(state, ["name"]));
    return false;
  } catch (error) {
    const { gone, refused } = error instanceof EcsError ? error.meaning : {};
    if (gone === "certainly") {
      await operation.session.requireAccountOf(state);
      return true;
    }
    const advice =
      refused === "permission"
        ? " Without ecs:ModifyHpcClusterAttribute it is not known whether the cluster is only late, or was deleted earlier. If it " +
          "exists, the next `pulumi up` continues with it. If it was deleted, give the resource a `clientToken` that was not used " +
          "before (any text), then run `pulumi refresh` and `pulumi up`: without the new clientToken the service returns the " +
          "deleted cluster again. Or grant ecs:ModifyHpcClusterAttribute, then run the same two commands."
        : " Run `pulumi up` again in a few minutes. If the cluster has been deleted, run `pulumi refresh` first.";
    throw new InitializationError(
      state,
      `The HPC cluster ${hpcClusterId} is in the state, but DescribeHpcClusters does not show it: ${messageOf(error)}${advice}`,
    );
  }
}

export function notShown(state: ClusterState): InitializationError {
  return new InitializationError(
    state,
    `The HPC cluster ${state.hpcClusterId} has been created in ${state.regionId}, but DescribeHpcClusters does not show it ` +
      "yet. Its id is in the state: run `pulumi up` again in a few minutes.",
  );
}
