import { randomUUID } from "node:crypto";
import { nameOf, type Entry } from "./holders.ts";
import { readUntil } from "./observe.ts";
import type { EngineProperties } from "./properties.ts";
import { ecsOf, findListed, type Operation } from "./operation.ts";
import { isStored, stateFrom, stateShownBy, type ClusterState } from "./state.ts";

/**
 * Reads a cluster that the state is to manage from now on, for `pulumi import` and the option `import`.
 *
 * @throws if it does not exist, or another resource is known to have it
 */
export async function importCluster(
  operation: Operation,
  hpcClusterId: string,
  resource: Pick<Entry, "resourceName" | "urn">,
): Promise<ClusterState> {
  const { session } = operation;
  const holder = session.holders.otherHolder(hpcClusterId);
  if (holder !== undefined && holder.urn === resource.urn) {
    session.holders.release(hpcClusterId, holder);
  } else if (holder !== undefined) {
    throw new Error(
      `The HPC cluster ${hpcClusterId} belongs to ${nameOf(holder)} already, so deleting one of the two would delete the other's. ` +
        "Remove that one from the state first, which leaves the cluster as it is (pulumi state delete), or do not import it.",
    );
  }
  const own: Entry = { ...resource, entry: randomUUID() };
  // At once: two imports may run at the same time.
  session.holders.record(hpcClusterId, own);
  try {
    const regionId = session.regionOf({});
    const found = await readExisting(operation, stateFrom(hpcClusterId, { regionId }));
    return { ...found, __entry: own.entry, __accountId: await session.accountId() };
  } catch (error) {
    session.holders.release(hpcClusterId, own);
    throw error;
  }
}

/** @throws if the cluster does not exist */
async function readExisting(operation: Operation, state: ClusterState): Promise<ClusterState> {
  const { regionId, hpcClusterId } = state;
  const listed = await findListed(operation, regionId, hpcClusterId);
  const item = listed.item ?? (await (await ecsOf(operation)).describeHpcCluster(regionId, hpcClusterId));
  if (item === undefined) {
    throw new Error(
      `There is no HPC cluster ${hpcClusterId} in ${regionId}: check the id, the region and the account.`,
    );
  }
  return stateShownBy(item, state);
}

/**
 * Reads a cluster, for a refresh and for `HpcCluster.get`.
 *
 * @param properties the stored outputs, or the arguments of `HpcCluster.get`
 * @returns undefined if a stored cluster does not exist any more: it did not show over several reads by its id
 * @throws if `HpcCluster.get` asks for a cluster that does not exist, or a stored one is in another account
 */
export async function readCluster(
  operation: Operation,
  hpcClusterId: string,
  properties: EngineProperties,
): Promise<ClusterState | undefined> {
  const { session } = operation;
  const regionId = session.regionOf(properties);
  const state = stateFrom(hpcClusterId, { ...properties, regionId });
  if (!isStored(properties)) {
    return await readExisting(operation, state);
  }
  session.holders.record(hpcClusterId, { entry: state.__entry });
  const listed = await findListed(operation, regionId, hpcClusterId);
  // A new cluster may take a moment to show, and a refresh that drops it would lose it.
  const item = listed.item ?? (await readUntil(operation, state, (found) => found !== undefined));
  if (item === undefined) {
    await session.requireAccountOf(state);
    session.holders.release(hpcClusterId, { entry: state.__entry });
    return undefined;
  }
  return stateShownBy(item, state);
}
