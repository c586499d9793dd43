/** The resources of the plugin, `pulumi-alicloud-hpc/plugin`. The lookups run in the program, as those of the dynamic provider. */
export type { HpcClusterGetArgs } from "./program/hpcCluster";
export * from "./program/lookups";
export { checkHpcCluster, HpcCluster, type HpcClusterArgs } from "./program/pluginCluster";
export { Provider } from "./program/pluginProvider";
export type { AssumeRole, AssumeRoleWithOidc, Endpoints, ProviderArgs } from "./program/provider";
export type { Violation } from "./program/violations";
