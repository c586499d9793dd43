/**
 * The two hosts over the one core. A test that depends on how the engine reaches the core runs on both, from one program; a variant
 * that differs only in what the program or the core makes of it runs on one of them.
 */
import * as dynamic from "pulumi-alicloud-hpc";
import * as plugin from "pulumi-alicloud-hpc/plugin";

/** What a program imports, and what the engine calls it. */
export interface Host {
  readonly name: "dynamic provider" | "plugin";
  readonly HpcCluster: typeof dynamic.HpcCluster | typeof plugin.HpcCluster;
  readonly Provider: typeof dynamic.Provider | typeof plugin.Provider;
  /** The module, for its lookups. */
  readonly lookups: Lookups;
  /** The type of clusters in URNs and states. */
  readonly type: string;
}

type Lookups = Pick<
  typeof dynamic,
  | "getHpcCluster"
  | "getHpcClusterOutput"
  | "getHpcClusters"
  | "getHpcClustersOutput"
  | "getRegions"
  | "getRegionsOutput"
  | "getHpcClusterInstances"
  | "getHpcClusterInstancesOutput"
  | "getSccInstanceTypes"
  | "getSccInstanceTypesOutput"
>;

export const dynamicHost = {
  name: "dynamic provider",
  HpcCluster: dynamic.HpcCluster,
  Provider: dynamic.Provider,
  lookups: dynamic,
  type: "pulumi-nodejs:dynamic/alicloud:HpcCluster",
} as const satisfies Host;

export const pluginHost = {
  name: "plugin",
  HpcCluster: plugin.HpcCluster,
  Provider: plugin.Provider,
  lookups: plugin,
  type: "alicloud-hpc:index:HpcCluster",
} as const satisfies Host;

export const hosts: readonly Host[] = [dynamicHost, pluginHost];
