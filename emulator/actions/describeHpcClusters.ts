import { regionOf, type Action } from "../action.ts";
import type { Content } from "../answer.ts";
import { faultOf } from "../fault.ts";
import type { ListFault } from "../faultKinds.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { idFilterOf, pageOf, pagingOf } from "../rules.ts";

// 400 here, while Create and Delete answer 404 with the same code.
const unknownRegion = () =>
  new Refusal(400, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Lists clusters, all or by id. The list of ids is paged too: a hundred ids without a PageSize return ten clusters. */
export const describeHpcClusters: Action = {
  name: "DescribeHpcClusters",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const ids = idFilterOf(call.parameters, "HpcClusterIds", "HpcClusterId");
    const paging = pagingOf(call.parameters);
    const fault = faultOf(call.faults, "badList")?.list;
    return () => {
      const clusters = call.store.describe(call.accountId, regionId, ids, call.now());
      const page = pageOf(clusters, fault === "samePage" ? { ...paging, pageNumber: 1 } : paging);
      const items = page.map((cluster) => ({
        HpcClusterId: cluster.hpcClusterId,
        Name: cluster.name,
        Description: cluster.description,
      }));
      return {
        PageNumber: paging.pageNumber,
        PageSize: paging.pageSize,
        TotalCount: clusters.length,
        HpcClusters: { HpcCluster: withFault(items, fault) },
      };
    };
  },
};

function withFault(
  items: readonly { readonly [field: string]: string }[],
  fault: ListFault | undefined,
): readonly Content[] {
  const [first, ...others] = items;
  if (first === undefined) {
    return items;
  }
  switch (fault) {
    case "itemMissing":
      return items.slice(0, -1);
    case "itemWithoutName": {
      const { Name: _, ...nameless } = first;
      return [nameless, ...others];
    }
    case "nullItem":
      return [null, ...others];
    case "samePage":
    case undefined:
      return items;
  }
}
