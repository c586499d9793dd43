export { HpcCluster, type HpcClusterArgs, type HpcClusterGetArgs } from "./hpcCluster";
export {
  getHpcCluster,
  getHpcClusterOutput,
  getHpcClusters,
  getHpcClustersOutput,
  getRegions,
  getRegionsOutput,
  type GetHpcClusterArgs,
  type GetHpcClustersArgs,
  type HpcClusterResult,
  type Lookup,
  type RegionResult,
} from "./lookup";
export {
  Provider,
  type AssumeRole,
  type AssumeRoleWithOidc,
  type Endpoints,
  type ProviderArgs,
} from "./provider";
