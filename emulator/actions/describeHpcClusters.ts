import { regionOf, type Action } from "../action.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { idFilterOf, pagingOf } from "../rules.ts";

// 400 here, while Create and Delete answer 404 with the same code.
const unknownRegion = () =>
  new Refusal(400, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.');

/** Lists clusters, all or by id. The ids are paged too: a hundred ids without a PageSize give ten clusters. */
export const describeHpcClusters: Action = {
  name: "DescribeHpcClusters",
  changes: false,
  prepare(call) {
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownRegion());
    const ids = idFilterOf(call.parameters);
    const pageNumber = pagingOf(call.parameters, "PageNumber", 1, 999_999_999);
    const pageSize = pagingOf(call.parameters, "PageSize", 10, 100);
    return () => {
      const clusters = call.store.describe(call.accountId, regionId, ids, call.now());
      const from = (pageNumber - 1) * pageSize;
      return {
        PageNumber: pageNumber,
        PageSize: pageSize,
        TotalCount: clusters.length,
        HpcClusters: {
          HpcCluster: clusters.slice(from, from + pageSize).map((cluster) => ({
            HpcClusterId: cluster.hpcClusterId,
            Name: cluster.name,
            Description: cluster.description,
          })),
        },
      };
    };
  },
};
