import { regionOf, required, type Action } from "../action.ts";
import { faultOf } from "../fault.ts";
import { notSupplied, Refusal } from "../refusal.ts";

const unknownRegion = () =>
  new Refusal(404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Deletes a cluster without instances. */
export const deleteHpcCluster: Action = {
  name: "DeleteHpcCluster",
  version: "2014-05-26",
  changes: true,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter.RegionId", "RegionId"), unknownRegion());
    const id = required(call, "HpcClusterId", notSupplied("MissingParameter.HpcClusterId", "HpcClusterId"));
    return () => {
      const cluster = call.store.owned(call.accountId, regionId, id);
      if (cluster === undefined) {
        throw new Refusal(400, "NotExists.HpcCluster", "The specified hpc cluster does not exist.");
      }
      if (cluster.instances > 0) {
        throw new Refusal(
          400,
          "NotEmpty.HpcCluster",
          "The specified hpc cluster is not empty, still contains instances.",
        );
      }
      const late = faultOf(call.faults, "lateRemoved");
      call.store.remove(id, late === undefined ? undefined : call.now() + late.ms);
      return {};
    };
  },
};
