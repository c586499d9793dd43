import { regionOf, required, type Action } from "../action.ts";
import { showLate, storedValue } from "../clusterValues.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { checkDescription, checkName } from "../rules.ts";

const unknownRegion = () =>
  new Refusal(400, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Changes the name or the description. An empty description clears it, an absent one keeps it. */
export const modifyHpcClusterAttribute: Action = {
  name: "ModifyHpcClusterAttribute",
  version: "2014-05-26",
  changes: true,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const id = required(call, "HpcClusterId", notSupplied("MissingParameter", "HpcClusterId"));
    const { Name: name, Description: description } = call.parameters;
    if (name === undefined && description === undefined) {
      throw new Refusal(
        400,
        "InvalidModifyInfo",
        "Modify info is invalid, name/description must not null at the same time",
      );
    }
    if (name !== undefined) {
      checkName(name);
    }
    if (description !== undefined) {
      checkDescription(description);
    }
    return () => {
      const before = call.store.modifiable(call.accountId, regionId, id, call.now());
      if (before === undefined) {
        throw new Refusal(400, "HpcClusterNotExists", "The specified hpc cluster does not exist");
      }
      call.store.modify(id, {
        ...(name === undefined ? {} : { name: storedValue(call, "name", name) }),
        ...(description === undefined ? {} : { description: storedValue(call, "description", description) }),
      });
      showLate(call, id, before, "both");
      return {};
    };
  },
};
