/** What lookups take and find, as programs see it. The hosts add forms whose arguments may be outputs. */

/** An HPC cluster that a lookup has found. */
export interface GetHpcClusterResult {
  /** The cluster's id, `hpc-…`. */
  id: string;
  /** The cluster's name. */
  name: string;
  /** The description; absent if there is none. */
  description?: string;
  /** The region's id. */
  regionId: string;
}

/** The HPC clusters that {@link getHpcClusters} has found, ordered by id. */
export type GetHpcClustersResult = GetHpcClusterResult[];

/** The arguments of {@link getHpcCluster}: either `id` or `name`. */
export interface GetHpcClusterArgs {
  /** The cluster's id, `hpc-…`. */
  id?: string | undefined;
  /** The cluster's exact name. */
  name?: string | undefined;
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** The arguments of {@link getHpcClusters}. Without `ids` and `nameRegex` it returns all clusters of the region. */
export interface GetHpcClustersArgs {
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
  /** Only these clusters; an id that does not exist is left out. */
  ids?: string[] | undefined;
  /** Only clusters whose name matches this regular expression (JavaScript's, unanchored). */
  nameRegex?: string | undefined;
}

/** A region that {@link getRegions} has found. */
export interface Region {
  /** The region's id, e.g. `cn-hangzhou`. */
  id: string;
  /** The region's name, in the account's language. */
  localName: string;
  /** The host of its ECS endpoint. */
  endpoint: string;
}

/** The regions of the account. */
export type GetRegionsResult = Region[];

/** The arguments of {@link getHpcClusterInstances}. */
export interface GetHpcClusterInstancesArgs {
  /** The cluster's id, `hpc-…`. */
  id: string;
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** An instance that {@link getHpcClusterInstances} has found. */
export interface HpcClusterInstance {
  /** The instance's id, `i-…`. */
  id: string;
  /** The instance's name. */
  name: string;
  /** The status, e.g. `Running`. */
  status: string;
  /** The instance type, e.g. `ecs.sccc7.32xlarge`. */
  instanceType: string;
  /** The zone's id, e.g. `cn-shanghai-b`. */
  zoneId: string;
  /** The private addresses in the VPC. */
  privateIpAddresses: string[];
  /** The addresses in the RDMA network, for MPI. Empty if the instance has none. */
  rdmaIpAddresses: string[];
}

/** The instances of the cluster, ordered by name, then by id. */
export type GetHpcClusterInstancesResult = HpcClusterInstance[];

/** The arguments of {@link getSccInstanceTypes}. */
export interface GetSccInstanceTypesArgs {
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** An SCC instance type in a zone, that {@link getSccInstanceTypes} has found. */
export interface SccInstanceType {
  /** The instance type, e.g. `ecs.sccc7.32xlarge`. */
  instanceType: string;
  /** The zone's id, e.g. `cn-shanghai-b`. */
  zoneId: string;
  /** `Available` or `SoldOut`. */
  status: string;
  /** The stock in the service's words, e.g. `WithStock`, `ClosedWithStock` or `WithoutStock`. */
  stock: string;
}

/** The SCC instance types that the region sells, ordered by type, then by zone. */
export type GetSccInstanceTypesResult = SccInstanceType[];
