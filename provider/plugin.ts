/** The resources and functions of the plugin, `pulumi-alicloud-hpc/plugin`. */
export type { HpcClusterGetArgs } from "./program/hpcCluster.ts";
export { checkHpcCluster, HpcCluster, type HpcClusterArgs } from "./program/pluginCluster.ts";
export * from "./program/pluginLookups.ts";
export { Provider } from "./program/pluginProvider.ts";
export type { AssumeRole, AssumeRoleWithOidc, Endpoints, ProviderArgs } from "./program/provider.ts";
export type { Violation } from "./program/violations.ts";
