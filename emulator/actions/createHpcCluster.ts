import { regionOf, type Action } from "../action.ts";
import { showLate, storedValue } from "../clusterValues.ts";
import { faultOf } from "../fault.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { checkDescription, checkName } from "../rules.ts";

const unknownRegion = () =>
  new Refusal(404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Creates a cluster. Names need not be unique. */
export const createHpcCluster: Action = {
  name: "CreateHpcCluster",
  version: "2014-05-26",
  changes: true,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const { Name: name, Description: description = "" } = call.parameters;
    if (name === undefined) {
      throw notSupplied("MissingParameter", "Name");
    }
    checkName(name);
    checkDescription(description);
    return () => {
      const late = faultOf(call.faults, "lateVisible");
      const { hpcClusterId } = call.store.add(
        {
          accountId: call.accountId,
          regionId,
          name: storedValue(call, "name", name),
          description: storedValue(call, "description", description),
        },
        {
          untilTime: call.now() + (late?.ms ?? 0),
          describes: late?.describes ?? 0,
          modifyUntilTime: call.now() + (faultOf(call.faults, "lateModify")?.ms ?? 0),
        },
      );
      showLate(call, hpcClusterId, { name: "creating", description: "" }, "description");
      return { HpcClusterId: hpcClusterId };
    };
  },
};
