/** What has become of a cluster that CreateHpcCluster returned: it may be one that was created earlier. */
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { nameOf } from "./holders.ts";
import { VISIBILITY_GRACE_MS, isGone, notShown, observe } from "./observe.ts";
import { changesBetween, changesShown } from "./properties.ts";
import type { Operation } from "./operation.ts";
import type { Session } from "./session.ts";
import { stateShownBy, type ClusterState } from "./state.ts";

/**
 * A new cluster may take longer to show in DescribeHpcClusters, but a deleted one counts as deleted when for so long neither that
 * action nor ModifyHpcClusterAttribute has known it.
 */
const GONE_AFTER_MS = 5_000;
const DELETED = "has been deleted since";

/** A cluster that CreateHpcCluster has returned. */
export interface Returned {
  state: ClusterState;
  /** The clusters of the region before this process created one there; undefined if they are not known. */
  before: ReadonlyMap<string, HpcClusterItem> | undefined;
}

/** A cluster that this resource does not get. */
export interface PassedOver {
  state: ClusterState;
  /** For messages: "the cluster …". */
  reason: string;
  /** It exists, and shows other values. */
  isChanged: boolean;
  /** It is not known to be from before. */
  mayBeNew: boolean;
}

/**
 * Whether a returned cluster is this resource's. What was not in the region before was made by this run, and nobody can have changed
 * it since. What was there before may have been changed, because another resource holds it.
 *
 * @throws InitializationError if it may exist, but does not show
 */
export async function judgeReturned(
  operation: Operation,
  returned: Returned,
): Promise<{ taken: ClusterState } | PassedOver> {
  const { state, before } = returned;
  const { holders } = operation.session;
  const passedOver = (reason: string): PassedOver => ({ state, reason, isChanged: false, mayBeNew: false });
  const passedOverAsHeld = (id: string): PassedOver | undefined => {
    const holder = holders.otherHolder(id);
    return holder && passedOver(`${nameOf(holder)} holds`);
  };
  const early = passedOverAsHeld(state.hpcClusterId);
  if (early !== undefined) {
    return early;
  }
  if (holders.isDeleted(state.hpcClusterId)) {
    return passedOver(DELETED);
  }
  let item: HpcClusterItem | undefined;
  try {
    item = await readReturned(operation, returned);
  } catch (error) {
    // A cluster that could not be read is kept in the state, but not if it is another resource's.
    const held = passedOverAsHeld(state.hpcClusterId);
    if (held !== undefined) {
      return held;
    }
    throw error;
  }
  // Another operation of this run may have shown the holder meanwhile.
  const held = passedOverAsHeld(item?.HpcClusterId ?? state.hpcClusterId);
  if (held !== undefined) {
    return held;
  }
  if (item === undefined) {
    return passedOver(DELETED);
  }
  if (isNew(returned)) {
    return { taken: takeNew(operation, item, state) };
  }
  const changed = changesShown(item, { ...state });
  if (changed.length > 0) {
    const reason = `has been changed since (${changed.join(" and ")}), so another resource may hold it`;
    if (before !== undefined) {
      operation.warn(
        `The HPC cluster ${state.hpcClusterId} was created with the ClientToken of this resource, but ${reason}. It stays as it is.`,
      );
    }
    return { state: stateShownBy(item, state), reason, isChanged: true, mayBeNew: before === undefined };
  }
  if (before !== undefined) {
    operation.warn(
      `${state.regionId} already had the HPC cluster ${state.hpcClusterId}, made with the ClientToken of this resource: by an ` +
        "interrupted run, or before the resource was removed or replaced with retainOnDelete. The resource continues with it, so a " +
        "destroy will delete it. If it is to stay, or another one is wanted: `pulumi state delete` the resource, and give it a " +
        "clientToken of its own.",
    );
  }
  return { taken: stateShownBy(item, state) };
}

/** Whether this process has made the cluster: the region did not have it before. */
function isNew({ state, before }: Returned): boolean {
  return before !== undefined && !before.has(state.hpcClusterId);
}

/**
 * Reads a returned cluster until it shows, with the values that it was created with.
 *
 * @returns what was read last, which may have other values; undefined if the cluster does not exist
 * @throws InitializationError if it may exist, but does not show
 */
async function readReturned(operation: Operation, returned: Returned): Promise<HpcClusterItem | undefined> {
  const { state } = returned;
  const isShown = (found: HpcClusterItem | undefined) => found !== undefined;
  const firstGraceMs = isNew(returned) ? GONE_AFTER_MS : VISIBILITY_GRACE_MS;
  let item = await observe(operation, state, isShown, firstGraceMs);
  if (item === undefined) {
    if (await isGone(operation, state)) {
      return await findInRegion(operation.session, returned);
    }
    // It exists, so its time to show goes on.
    item = await observe(operation, state, isShown, VISIBILITY_GRACE_MS - firstGraceMs);
    if (item === undefined) {
      throw notShown(state);
    }
  }
  return agrees(item, state)
    ? item
    : ((await observe(operation, state, (found) => found !== undefined && agrees(found, state))) ?? item);
}

/** Whether a cluster shows the values that it was created with. */
export function agrees(item: HpcClusterItem, state: ClusterState): boolean {
  return changesShown(item, { ...state }).length === 0;
}

/** A cluster that this run has made is taken, whatever it shows: the next run has an ordinary difference. */
export function takeNew(operation: Operation, item: HpcClusterItem, state: ClusterState): ClusterState {
  const shown = stateShownBy(item, { ...state, hpcClusterId: item.HpcClusterId });
  const { updates } = changesBetween({ ...shown }, { ...state });
  if (updates.length > 0) {
    operation.warn(
      `The HPC cluster ${shown.hpcClusterId} has been created, but DescribeHpcClusters shows another ${updates.join(" and ")} than ` +
        "the program's. The next `pulumi up` changes it; if that changes nothing, the service stores the value in another form: " +
        "write it in the program as `pulumi stack export` shows it.",
    );
  }
  return shown;
}

/**
 * Looks at the whole region before another token is tried: a service that answers with a wrong id must not make one cluster after
 * the other.
 *
 * @returns the cluster, if the list shows it, or one whose id differs only in its case or white space
 * @throws if the region has a new cluster with this name that nobody is known to have made
 */
async function findInRegion(
  { lists, holders }: Session,
  { state: { regionId, hpcClusterId, name }, before }: Returned,
): Promise<HpcClusterItem | undefined> {
  if (before === undefined || before.has(hpcClusterId)) {
    return undefined;
  }
  const folded = (text: string) => text.trim().toLowerCase();
  const after = [...(await lists.listNow(regionId)).values()];
  const same = after.find((item) => folded(item.HpcClusterId) === folded(hpcClusterId));
  const unknown = after.find(
    (item) =>
      !before.has(item.HpcClusterId) &&
      !holders.isKnown(item.HpcClusterId) &&
      folded(item.Name) === folded(name),
  );
  if (same === undefined && unknown !== undefined) {
    throw new Error(
      `CreateHpcCluster in ${regionId} returned ${hpcClusterId}, which does not exist, but since then the region has a new cluster with ` +
        `the name of this resource: ${unknown.HpcClusterId}. No other one is created. Find out whose it is; if it is nobody's, ` +
        `adopt it: adopt: ${JSON.stringify(unknown.HpcClusterId)}.`,
    );
  }
  return same;
}
