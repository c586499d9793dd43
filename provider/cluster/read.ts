import { readUntil } from "./observe";
import type { EngineProperties } from "./properties";
import type { Session } from "./session";
import { isStored, stateFrom, stateShownBy, type ClusterState } from "./state";

/**
 * Reads a cluster, for a refresh and for `HpcCluster.get`.
 *
 * @param properties the stored outputs, or the arguments of `HpcCluster.get`
 * @returns undefined if a stored cluster does not exist any more: it did not show over several reads
 * @throws if `HpcCluster.get` asks for a cluster that does not exist, or a stored one is in another account
 */
export async function readCluster(
  session: Session,
  hpcClusterId: string,
  properties: EngineProperties,
): Promise<ClusterState | undefined> {
  const regionId = session.regionOf(properties);
  const state = stateFrom(hpcClusterId, { ...properties, regionId });
  const ecs = await session.ecs();
  if (!isStored(properties)) {
    const item = await ecs.describeHpcCluster(regionId, hpcClusterId);
    if (item === undefined) {
      throw new Error(
        `There is no HPC cluster ${hpcClusterId} in ${regionId}: check the id, the region and the account.`,
      );
    }
    return stateShownBy(item, state);
  }
  session.holders.record(hpcClusterId, { entry: state.__entry });
  // A new cluster may take a moment to show, and a refresh that drops it would lose it.
  const item = await readUntil(session, state, (found) => found !== undefined);
  if (item === undefined) {
    await session.requireAccountOf(state);
    session.holders.release(hpcClusterId, { entry: state.__entry });
    return undefined;
  }
  return stateShownBy(item, state);
}
