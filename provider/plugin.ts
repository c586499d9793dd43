/** The resources and functions of the plugin, `pulumi-alicloud-hpc/plugin`. */
export type { HpcClusterGetArgs } from "./program/hpcCluster";
export { checkHpcCluster, HpcCluster, type HpcClusterArgs } from "./program/pluginCluster";
export * from "./program/pluginLookups";
export { Provider } from "./program/pluginProvider";
export type { AssumeRole, AssumeRoleWithOidc, Endpoints, ProviderArgs } from "./program/provider";
export type { Violation } from "./program/violations";
