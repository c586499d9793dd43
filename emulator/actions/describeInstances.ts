import { regionOf, type Action } from "../action.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { pageOf, pagingOf } from "../rules.ts";

const unknownRegion = () =>
  new Refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.");

/** Lists the instances in a region or in one of its clusters. */
export const describeInstances: Action = {
  name: "DescribeInstances",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const paging = pagingOf(call.parameters);
    const { HpcClusterId: hpcClusterId } = call.parameters;
    return () => {
      const instances = call.store.instances(call.accountId, regionId, hpcClusterId);
      return {
        TotalCount: instances.length,
        PageNumber: paging.pageNumber,
        PageSize: paging.pageSize,
        Instances: {
          Instance: pageOf(instances, paging).map((instance) => ({
            InstanceId: instance.instanceId,
            InstanceName: instance.instanceId,
            Status: "Running",
            RegionId: regionId,
            HpcClusterId: instance.hpcClusterId,
          })),
        },
      };
    };
  },
};
