import type { Call } from "./http/transport";

/** DescribeHpcClusters takes at most 100 ids, and returns at most 100 clusters a page. */
export const DESCRIBE_LIMIT = 100;

/** DescribeHpcClusters of up to 100 ids. While it waits, such a call may share the request of another one in the region. */
export function describeCall(regionId: string, hpcClusterIds: readonly string[]): Call {
  return {
    action: "DescribeHpcClusters",
    regionId,
    parameters: {
      RegionId: regionId,
      HpcClusterIds: JSON.stringify(hpcClusterIds),
      PageSize: DESCRIBE_LIMIT,
    },
    hpcClusterIds,
  };
}
