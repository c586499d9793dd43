import type { Action } from "./action.ts";
import { createHpcCluster } from "./actions/createHpcCluster.ts";
import { deleteHpcCluster } from "./actions/deleteHpcCluster.ts";
import { deleteInstances } from "./actions/deleteInstances.ts";
import { describeAvailableResource } from "./actions/describeAvailableResource.ts";
import { describeHpcClusters } from "./actions/describeHpcClusters.ts";
import { describeInstances } from "./actions/describeInstances.ts";
import { describeRegions } from "./actions/describeRegions.ts";
import { getCallerIdentity } from "./actions/getCallerIdentity.ts";
import { modifyHpcClusterAttribute } from "./actions/modifyHpcClusterAttribute.ts";
import { runInstances } from "./actions/runInstances.ts";
import { missingCommonParameter, refusal } from "./refusal.ts";

/** The actions of this service. */
export const actions: readonly Action[] = [
  createHpcCluster,
  describeHpcClusters,
  modifyHpcClusterAttribute,
  deleteHpcCluster,
  describeRegions,
  runInstances,
  describeInstances,
  deleteInstances,
  describeAvailableResource,
  getCallerIdentity,
];

/** The action of this name and version. Refusals: MissingAction, MissingVersion, InvalidVersion, InvalidAction.NotFound. */
export function findAction(name: string | undefined, version: string | undefined): Action {
  if (name === undefined || name === "") {
    throw missingCommonParameter("Action");
  }
  if (version === undefined || version === "") {
    throw missingCommonParameter("Version");
  }
  const ofVersion = actions.filter((action) => action.version === version);
  if (ofVersion.length === 0) {
    throw refusal("InvalidVersion");
  }
  const action = ofVersion.find((each) => each.name === name);
  if (action === undefined) {
    throw refusal("InvalidAction.NotFound");
  }
  return action;
}
