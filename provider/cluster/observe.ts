import { EcsError, messageOf } from "../ecs/errors.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { InitializationError, type ClusterState } from "./state.ts";
import { parametersOf } from "./properties.ts";
import { ecsOf, type Operation } from "./operation.ts";

/** How long a cluster, or a change of one, may take to show in DescribeHpcClusters. */
export const VISIBILITY_GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Reads a cluster until it is as expected, or the grace period is over.
 *
 * @param graceMs how long it may take until then, milliseconds
 * @returns what was read last; undefined if the cluster does not show
 * @throws InitializationError if it cannot be read, so that its id is not lost
 */
export async function observe(
  operation: Operation,
  state: ClusterState,
  isExpected: (item: HpcClusterItem | undefined) => boolean,
  graceMs = VISIBILITY_GRACE_MS,
): Promise<HpcClusterItem | undefined> {
  try {
    return await readUntil(operation, state, isExpected, graceMs);
  } catch (error) {
    throw new InitializationError(
      state,
      `The HPC cluster ${state.hpcClusterId} is in the state, but could not be read afterwards: ${messageOf(error)}`,
    );
  }
}

/**
 * Reads a cluster that has not just been changed until it is as expected, or the grace period is over.
 *
 * @returns what was read last; undefined if the cluster does not show
 */
export async function readUntil(
  operation: Operation,
  { regionId, hpcClusterId }: Pick<ClusterState, "regionId" | "hpcClusterId">,
  isExpected: (item: HpcClusterItem | undefined) => boolean,
  graceMs = VISIBILITY_GRACE_MS,
): Promise<HpcClusterItem | undefined> {
  const { onWait, deadline } = operation;
  const { clock } = operation.session;
  const ecs = await ecsOf(operation);
  const end = clock.now() + graceMs;
  for (let nextPauseMs = FIRST_PAUSE_MS; ; nextPauseMs = Math.min(nextPauseMs * 2, LONGEST_PAUSE_MS)) {
    const item = await ecs.describeHpcCluster(regionId, hpcClusterId);
    // The last look is at the end of the grace period.
    const pauseMs = Math.min(nextPauseMs, end - clock.now());
    if (isExpected(item) || pauseMs <= 0 || clock.now() + pauseMs > deadline) {
      return item;
    }
    onWait(`waiting for ${hpcClusterId} to show in DescribeHpcClusters`);
    await clock.sleep(pauseMs);
  }
}

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
