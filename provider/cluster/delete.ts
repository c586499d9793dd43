import { saysGone } from "../ecs/errors";
import type { Session } from "./session";
import type { ClusterState } from "./state";

/** DeleteHpcCluster. A cluster that does not exist counts as deleted. */
export async function deleteCluster(session: Session, state: ClusterState): Promise<void> {
  const { regionId, hpcClusterId } = state;
  if (session.holders.wasJustCreated(hpcClusterId)) {
    session.warn(
      `HPC cluster ${hpcClusterId} is kept: with deleteBeforeReplace: false a forced replacement with the same values gets the same ` +
        "cluster again. Leave deleteBeforeReplace as it is to have it deleted and created again.",
    );
    return;
  }
  const ecs = await session.ecs();
  try {
    await ecs.deleteHpcCluster(regionId, hpcClusterId);
  } catch (error) {
    if (!saysGone(error)) {
      throw error;
    }
  }
  session.holders.recordDeleted(state);
}
