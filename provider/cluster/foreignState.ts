/**
 * The state of a cluster that `@pulumi/alicloud` has written, and that an alias brings here: name and description, but no region and
 * none of our own fields. The region is that of the new resource. Nothing is written before a read has shown the id there.
 */
import { randomUUID } from "node:crypto";
import { PREVIEW_TIMEOUT_MS } from "../account/regions.ts";
import { EcsError, messageOf } from "../ecs/errors.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { readUntil } from "./observe.ts";
import {
  changesBetween,
  describedPropertiesOf,
  knownText,
  type ClusterProperties,
  type EngineProperties,
  type UpdatedName,
} from "./properties.ts";
import { findListed, warnOnce, type Operation } from "./operation.ts";
import { stateShownBy, type ClusterState } from "./state.ts";
import { updateCluster } from "./update.ts";

/**
 * What an update of the foreign state will change in the cluster. It is compared with what the service shows, within the time that
 * a preview waits. Where that cannot be known yet, since the region is unknown or the service cannot be reached, the stored
 * properties are compared, and `up` reads again.
 *
 * @throws if the cluster does not show in the region
 */
export async function foreignUpdates(
  operation: Operation,
  hpcClusterId: string,
  olds: EngineProperties,
  news: EngineProperties,
): Promise<UpdatedName[]> {
  const regionId = knownText(news, "regionId");
  if (regionId === undefined) {
    return changesBetween(olds, news).updates;
  }
  try {
    const listed = await findListed(operation, regionId, hpcClusterId, PREVIEW_TIMEOUT_MS);
    if ("error" in listed && !isFinal(listed.error)) {
      throw listed.error;
    }
    const item = listed.item ?? (await requireShown(inPreview(operation), regionId, hpcClusterId));
    return changesBetween(describedPropertiesOf(item), news).updates;
  } catch (error) {
    if (isFinal(error)) {
      throw error;
    }
    warnOnce(
      operation,
      `It could not be checked that the HPC clusters which @pulumi/alicloud has managed so far are in ${regionId}. ` +
        `\`pulumi up\` checks it again before it writes anything: ${messageOf(error)}`,
    );
    return changesBetween(olds, news).updates;
  }
}

/**
 * Makes the foreign entry one of our own. No call changes the cluster, unless a property differs.
 *
 * @throws if the cluster does not show in the region
 */
export async function moveCluster(
  operation: Operation,
  hpcClusterId: string,
  inputs: ClusterProperties,
): Promise<ClusterState> {
  const { session } = operation;
  const { regionId } = inputs;
  const listed = await findListed(operation, regionId, hpcClusterId);
  const item = listed.item ?? (await requireShown(operation, regionId, hpcClusterId));
  const __entry = randomUUID();
  session.holders.release(hpcClusterId, {});
  session.holders.record(hpcClusterId, { entry: __entry });
  const __accountId = await session.accountId();
  const state = stateShownBy(item, { ...inputs, hpcClusterId, __entry, __accountId });
  const { updates } = changesBetween({ ...state }, inputs);
  return updates.length === 0 ? state : await updateCluster(operation, state, inputs);
}

/**
 * Reads the cluster by its id, several times.
 *
 * @throws if it does not show in the region
 */
export async function requireShown(
  operation: Operation,
  regionId: string,
  hpcClusterId: string,
): Promise<HpcClusterItem> {
  const item = await readUntil(operation, { regionId, hpcClusterId }, (found) => found !== undefined);
  if (item === undefined) {
    throw new Error(
      `regionId: the HPC cluster ${hpcClusterId}, which @pulumi/alicloud has managed so far, does not show in ${regionId}. Give ` +
        "regionId the cluster's region, and check that the credentials are those of its account. If it has been deleted outside " +
        "Pulumi, run `pulumi refresh` first. Nothing has been changed.",
    );
  }
  return item;
}

/** The operation, as long as a preview may wait. */
function inPreview(operation: Operation): Operation {
  const end = operation.session.clock.now() + PREVIEW_TIMEOUT_MS;
  return { ...operation, deadline: Math.min(operation.deadline, end) };
}

function isFinal(error: unknown): boolean {
  return !(error instanceof EcsError && error.meaning.transient === true);
}
