import { messageOf } from "../ecs/errors";
import type { HpcClusterItem } from "../ecs/items";
import { InitializationError } from "./initializationError";
import { ecsOf, type Operation } from "./operation";
import type { ClusterState } from "./state";

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
