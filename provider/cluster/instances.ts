import { debuglog } from "node:util";
import { PREVIEW_TIMEOUT_MS } from "../account/regions.ts";
import { messageOf } from "../ecs/errors.ts";
import { ecsOf, warnOnce, type Operation } from "./operation.ts";
import type { ClusterState } from "./state.ts";

const debug = debuglog("alicloud-hpc");

/**
 * The instances of a cluster, for a message: up to ten ids, and the count.
 *
 * @returns undefined if there are none, or the account may not call DescribeInstances
 */
export async function instancesOf(
  operation: Operation,
  { regionId, hpcClusterId }: ClusterState,
): Promise<string | undefined> {
  try {
    const ecs = await ecsOf(operation);
    const { ids, totalCount } = await ecs.describeInstancesOf(regionId, hpcClusterId, PREVIEW_TIMEOUT_MS);
    if (ids.length === 0) {
      return undefined;
    }
    const others = totalCount - ids.length;
    return `${totalCount} ${totalCount === 1 ? "instance" : "instances"} (${ids.join(", ")}${others > 0 ? `, and ${others} more` : ""})`;
  } catch (error) {
    // Only a message gets shorter: the caller has its own error or result.
    debug("the instances of %s are not known: %s", hpcClusterId, messageOf(error));
    return undefined;
  }
}

/** Warns in a preview that a cluster to be replaced still contains instances: the service would refuse to delete it. */
export async function warnOfInstances(operation: Operation, state: ClusterState): Promise<void> {
  const instances = await instancesOf(operation, state);
  if (instances !== undefined) {
    warnOnce(
      operation,
      `The HPC cluster ${state.hpcClusterId} would be replaced, but contains ${instances}. The service deletes only empty clusters: ` +
        "release the instances first.",
    );
  }
}
