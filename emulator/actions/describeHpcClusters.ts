import { regionOf, type Action, type Call } from "../action.ts";
import type { Body, Content } from "../answer.ts";
import { faultOf } from "../fault.ts";
import type { ListFault, TotalFault } from "../faultKinds.ts";
import { notSupplied, Refusal } from "../refusal.ts";
import { idFilterOf, pageOf, pagingOf } from "../rules.ts";
import type { StoredCluster } from "../store.ts";

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
    const isSwapped = faultOf(call.faults, "swappedValues") !== undefined;
    return () => {
      const clusters =
        faultOf(call.faults, "otherRegion") === undefined
          ? call.store.describe(call.accountId, regionId, ids, call.now())
          : clustersElsewhere(call, regionId);
      const page = pageOf(clusters, fault === "samePage" ? { ...paging, pageNumber: 1 } : paging);
      const items = page.map((cluster) => ({
        HpcClusterId: cluster.hpcClusterId,
        Name: cluster.name,
        Description: cluster.description,
      }));
      return {
        PageNumber: paging.pageNumber,
        PageSize: paging.pageSize,
        ...totalOf(clusters.length, faultOf(call.faults, "wrongTotal")?.total),
        HpcClusters: { HpcCluster: withFault(isSwapped ? swapped(items) : items, fault) },
      };
    };
  },
};

interface Item {
  readonly [field: string]: string;
  readonly HpcClusterId: string;
}

/** The clusters of the first other region that has any. */
function clustersElsewhere(call: Call, regionId: string): readonly StoredCluster[] {
  for (const other of call.regions) {
    const clusters =
      other === regionId ? [] : call.store.describe(call.accountId, other, undefined, call.now());
    if (clusters.length > 0) {
      return clusters;
    }
  }
  return [];
}

function totalOf(count: number, wrong: TotalFault | undefined): Body {
  switch (wrong) {
    case "missing":
      return {};
    case "empty":
      return { TotalCount: "" };
    case "text":
      return { TotalCount: "many" };
    case "negative":
      return { TotalCount: -1 };
    case undefined:
      return { TotalCount: count };
  }
}

/** The items, but the first two have each other's values. */
function swapped(items: readonly Item[]): readonly Item[] {
  const [first, second, ...others] = items;
  return first === undefined || second === undefined
    ? items
    : [
        { ...second, HpcClusterId: first.HpcClusterId },
        { ...first, HpcClusterId: second.HpcClusterId },
        ...others,
      ];
}

function withFault(items: readonly Item[], fault: ListFault | undefined): readonly Content[] {
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
