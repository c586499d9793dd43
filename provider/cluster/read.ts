import { isStored, stateFrom, stateShownBy, type ClusterState } from "./state";
import type { EngineProperties } from "./properties";
import type { Session } from "./session";

/**
 * Reads a cluster, for a refresh and for `HpcCluster.get`.
 *
 * @param properties the stored outputs, or the arguments of `HpcCluster.get`
 * @returns undefined if a stored cluster does not exist any more
 * @throws if `HpcCluster.get` asks for a cluster that does not exist
 */
export async function readCluster(
  session: Session,
  hpcClusterId: string,
  properties: EngineProperties,
): Promise<ClusterState | undefined> {
  const regionId = session.regionOf(properties);
  const item = await (await session.ecs()).describeHpcCluster(regionId, hpcClusterId);
  if (item !== undefined) {
    return stateShownBy(item, stateFrom(hpcClusterId, { ...properties, regionId }));
  }
  if (isStored(properties)) {
    return undefined;
  }
  throw new Error(
    `There is no HPC cluster ${hpcClusterId} in ${regionId}: check the id, the region and the account given to HpcCluster.get.`,
  );
}
