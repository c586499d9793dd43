/** The name of the plugin's package in the engine. */
export const PACKAGE = "alicloud-hpc";

/** The type of the resource of `@pulumi/alicloud` for the same clusters. */
export const officialType = "alicloud:ecs/hpcCluster:HpcCluster";

/** The types of the resource in the engine, one for each host. */
export const clusterTypes = {
  dynamic: "pulumi-nodejs:dynamic/alicloud:HpcCluster",
  plugin: `${PACKAGE}:index:HpcCluster`,
} as const;

export type ClusterType = (typeof clusterTypes)[keyof typeof clusterTypes];
