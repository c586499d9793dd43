import { regionOf, unknownInstanceRegion, type Action } from "../action.ts";
import { notSupplied } from "../refusal.ts";
import { idFilterOf, pageOf, pagingOf, nextToken, tokenPagingOf } from "../rules.ts";

/** Lists the instances in a region: all, those in one cluster, or some by id. Pages by MaxResults and NextToken, or by PageNumber. */
export const describeInstances: Action = {
  name: "DescribeInstances",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownInstanceRegion());
    const byToken = tokenPagingOf(call.parameters);
    const paging = byToken === undefined ? pagingOf(call.parameters) : undefined;
    const { HpcClusterId: hpcClusterId } = call.parameters;
    const ids = idFilterOf(call.parameters, "InstanceIds", "InstanceId");
    return () => {
      const instances = call.store
        .instances({ accountId: call.accountId, regionId, ...(hpcClusterId ? { hpcClusterId } : {}) })
        .filter(({ instanceId }) => ids?.includes(instanceId) ?? true);
      const page =
        byToken === undefined
          ? pageOf(instances, paging!)
          : instances.slice(byToken.start, byToken.start + byToken.maxResults);
      const end = (byToken?.start ?? 0) + page.length;
      return {
        TotalCount: instances.length,
        ...(paging === undefined ? {} : { PageNumber: paging.pageNumber, PageSize: paging.pageSize }),
        NextToken: byToken !== undefined && end < instances.length ? nextToken(end) : "",
        Instances: {
          Instance: page.map((instance) => ({
            InstanceId: instance.instanceId,
            InstanceName: instance.name,
            InstanceType: instance.instanceType,
            ImageId: instance.imageId,
            Status: instance.status,
            RegionId: regionId,
            ZoneId: instance.zoneId,
            HpcClusterId: instance.hpcClusterId ?? "",
            VpcAttributes: { PrivateIpAddress: { IpAddress: instance.privateIpAddresses } },
            RdmaIpAddress: { IpAddress: instance.rdmaIpAddresses },
          })),
        },
      };
    };
  },
};
