export { HpcCluster, type HpcClusterArgs, type HpcClusterGetArgs } from "./program/hpcCluster";
export {
  getHpcCluster,
  getHpcClusterOutput,
  getHpcClusters,
  getHpcClustersOutput,
  getRegions,
  getRegionsOutput,
  type GetHpcClusterArgs,
  type GetHpcClusterOutputArgs,
  type GetHpcClusterResult,
  type GetHpcClustersArgs,
  type GetHpcClustersOutputArgs,
  type GetHpcClustersResult,
  type GetRegionsResult,
  type Region,
} from "./program/lookups";
export {
  Provider,
  type AssumeRole,
  type AssumeRoleWithOidc,
  type Endpoints,
  type ProviderArgs,
} from "./program/provider";
