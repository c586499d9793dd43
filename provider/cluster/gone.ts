import { EcsError, messageOf } from "../ecs/errors";
import { InitializationError } from "./initializationError";
import { parametersOf } from "./properties";
import type { Session } from "./session";
import type { ClusterState } from "./state";

/**
 * DescribeHpcClusters may lag, and a list that lags must not lead to a second cluster: confirm with a Modify that changes
 * nothing.
 *
 * @throws InitializationError if the cluster may exist
 */
export async function proveGone(session: Session, state: ClusterState): Promise<void> {
  const { regionId, hpcClusterId } = state;
  const ecs = await session.ecs();
  try {
    await ecs.modifyHpcCluster(regionId, hpcClusterId, parametersOf(state, ["name"]));
  } catch (error) {
    const { gone, refused } = error instanceof EcsError ? error.meaning : {};
    if (gone === "certainly") {
      await session.requireAccountOf(state);
      return;
    }
    const advice =
      refused === "permission"
        ? " If the cluster has been deleted, run `pulumi refresh`, and grant ecs:ModifyHpcClusterAttribute or give clientToken a " +
          "new value before the next `pulumi up`."
        : " Run `pulumi up` again in a few minutes. If the cluster has been deleted, run `pulumi refresh` first.";
    throw new InitializationError(
      state,
      `The HPC cluster ${hpcClusterId} is in the state, but DescribeHpcClusters does not show it: ${messageOf(error)}${advice}`,
    );
  }
  throw notShown(state);
}

export function notShown(state: ClusterState): InitializationError {
  return new InitializationError(
    state,
    `The HPC cluster ${state.hpcClusterId} has been created in ${state.regionId}, but DescribeHpcClusters does not show it ` +
      "yet. Its id is in the state: run `pulumi up` again in a few minutes.",
  );
}
