export {
  checkHpcCluster,
  HpcCluster,
  type HpcClusterArgs,
  type HpcClusterGetArgs,
} from "./program/hpcCluster";
export * from "./program/lookups";
export {
  Provider,
  type AssumeRole,
  type AssumeRoleWithOidc,
  type Endpoints,
  type ProviderArgs,
} from "./program/provider";
export type { Violation } from "./program/violations";
