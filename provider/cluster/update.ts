import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { isGone, notShown, observe } from "./observe.ts";
import { InitializationError, stateShownBy, type ClusterState } from "./state.ts";
import { changesBetween, changesShown, parametersOf, type ClusterProperties } from "./properties.ts";
import { ecsOf, type Operation } from "./operation.ts";

/** ModifyHpcClusterAttribute with what differs, and nothing else; then DescribeHpcClusters. */
export async function updateCluster(
  operation: Operation,
  old: ClusterState,
  inputs: ClusterProperties,
): Promise<ClusterState> {
  const { regionId, hpcClusterId } = old;
  const { updates } = changesBetween({ ...old }, inputs);
  const ecs = await ecsOf(operation);
  // After a create that was not observed, the engine asks for an update in which nothing may differ.
  if (updates.length > 0) {
    // An empty text removes an optional value.
    const removed = Object.fromEntries(updates.map((name) => [name, ""]));
    await ecs.modifyHpcCluster(regionId, hpcClusterId, parametersOf({ ...removed, ...inputs }, updates));
  }
  const wanted = updatedState(old, inputs);
  const staleNames = (item: HpcClusterItem) => changesShown(item, inputs);
  const item = await observe(
    operation,
    wanted,
    (found) => found !== undefined && staleNames(found).length === 0,
  );
  if (item === undefined) {
    if (!(await isGone(operation, wanted))) {
      throw notShown(wanted);
    }
    throw new Error(
      `There is no HPC cluster ${hpcClusterId} in ${regionId} any more: it has been deleted outside Pulumi. ` +
        "Run `pulumi refresh`, then `pulumi up`.",
    );
  }
  const shown = stateShownBy(item, wanted);
  const stale = staleNames(item);
  if (stale.length > 0) {
    throw new InitializationError(
      shown,
      `ModifyHpcClusterAttribute in ${regionId} succeeded, but DescribeHpcClusters still shows the old ${stale.join(" and ")} ` +
        `of ${hpcClusterId}. Run \`pulumi refresh\`, then \`pulumi up\`. If it stays so, the service stores the value in another form: ` +
        "write it in the program as it is shown.",
    );
  }
  return shown;
}

/** The cluster as an update leaves it. */
export function updatedState(old: ClusterState, inputs: ClusterProperties): ClusterState {
  return {
    ...inputs,
    regionId: old.regionId,
    hpcClusterId: old.hpcClusterId,
    requestId: old.requestId,
    __entry: old.__entry,
    __accountId: old.__accountId,
    __tokenUse: old.__tokenUse,
  };
}
