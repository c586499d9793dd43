export {
  checkHpcCluster,
  HpcCluster,
  type HpcClusterArgs,
  type HpcClusterGetArgs,
} from "./program/hpcCluster.ts";
export * from "./program/lookups.ts";
export {
  Provider,
  type AssumeRole,
  type AssumeRoleWithOidc,
  type Endpoints,
  type ProviderArgs,
} from "./program/provider.ts";
export type { Violation } from "./program/violations.ts";
