import { regionOf, type Action } from "../action.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { checkDescription, checkName } from "../rules.ts";

const unknownRegion = () =>
  new Refusal(404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Makes a cluster. Names need not be unique. */
export const createHpcCluster: Action = {
  name: "CreateHpcCluster",
  changes: true,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const { Name: name, Description: description = "" } = call.parameters;
    if (name === undefined) throw notSupplied("MissingParameter", "Name");
    checkName(name);
    checkDescription(description);
    return () => {
      const cluster = call.store.add({ accountId: call.accountId, regionId, name, description }, call.hidden);
      return { HpcClusterId: cluster.hpcClusterId };
    };
  },
};
