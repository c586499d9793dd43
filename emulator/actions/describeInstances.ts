import { regionOf, unknownInstanceRegion, type Action } from "../action.ts";
import { notSupplied } from "../refusal.ts";
import { idFilterOf, pageOf, pagingOf } from "../rules.ts";

/** Lists the instances in a region: all, those in one cluster, or some by id. */
export const describeInstances: Action = {
  name: "DescribeInstances",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownInstanceRegion());
    const paging = pagingOf(call.parameters);
    const { HpcClusterId: hpcClusterId } = call.parameters;
    const ids = idFilterOf(call.parameters, "InstanceIds", "InstanceId");
    return () => {
      const instances = call.store
        .instances({ accountId: call.accountId, regionId, ...(hpcClusterId ? { hpcClusterId } : {}) })
        .filter(({ instanceId }) => ids?.includes(instanceId) ?? true);
      return {
        TotalCount: instances.length,
        PageNumber: paging.pageNumber,
        PageSize: paging.pageSize,
        Instances: {
          Instance: pageOf(instances, paging).map((instance) => ({
            InstanceId: instance.instanceId,
            InstanceName: instance.name,
            InstanceType: instance.instanceType,
            ImageId: instance.imageId,
            Status: "Running",
            RegionId: regionId,
            HpcClusterId: instance.hpcClusterId ?? "",
          })),
        },
      };
    };
  },
};
