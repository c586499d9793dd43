import * as pulumi from "@pulumi/pulumi";
import { invokeLookup, outputForm, plainForm, type Found } from "./lookupForms.ts";
import { providerOf } from "./provider.ts";
import { mockMonitor } from "./sdkInternals.ts";

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

/** The fields of `T` as inputs. */
type Inputs<T> = {
  [K in keyof T]: pulumi.Input<
    T[K] extends readonly (infer E)[] | undefined ? pulumi.Input<E>[] | undefined : T[K]
  >;
};

/** The arguments of {@link getHpcClusterOutput}: either `id` or `name`. */
export interface GetHpcClusterOutputArgs extends Inputs<GetHpcClusterArgs> {}

/** The arguments of {@link getHpcClustersOutput}. */
export interface GetHpcClustersOutputArgs extends Inputs<GetHpcClustersArgs> {}

/** The arguments of {@link getHpcClusterInstancesOutput}. */
export interface GetHpcClusterInstancesOutputArgs extends Inputs<GetHpcClusterInstancesArgs> {}

/** The arguments of {@link getSccInstanceTypesOutput}. */
export interface GetSccInstanceTypesOutputArgs extends Inputs<GetSccInstanceTypesArgs> {}

/**
 * Looks up one HPC cluster by its id or its name. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if there is none, or if several have that name (the error lists them)
 */
export function getHpcCluster(
  args: GetHpcClusterArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClusterResult> {
  return plainForm(() => lookUp("getHpcCluster", args, opts));
}

/** The same as {@link getHpcCluster}, for arguments that may be outputs. */
export function getHpcClusterOutput(
  args: GetHpcClusterOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterResult> {
  return outputForm(args, opts, (known) => lookUp("getHpcCluster", known, opts));
}

/**
 * Looks up the HPC clusters of a region, all pages of them, ordered by id. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if `nameRegex` is not a regular expression, or takes longer than a second for all names together
 */
export function getHpcClusters(
  args: GetHpcClustersArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClustersResult> {
  return plainForm(() => lookUp("getHpcClusters", args, opts));
}

/** The same as {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: GetHpcClustersOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClustersResult> {
  return outputForm(args, opts, (known) => lookUp("getHpcClusters", known, opts));
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export function getRegions(opts?: pulumi.InvokeOptions): Promise<GetRegionsResult> {
  return plainForm(() => lookUp("getRegions", {}, opts));
}

/** The same as {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOutputOptions): pulumi.Output<GetRegionsResult> {
  return outputForm({}, opts, () => lookUp("getRegions", {}, opts));
}

/**
 * Looks up the instances of an HPC cluster, all pages of them. Calls DescribeInstances, in previews too. Of a cluster that does not
 * exist it finds none.
 *
 * @throws if `id` is empty
 */
export function getHpcClusterInstances(
  args: GetHpcClusterInstancesArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClusterInstancesResult> {
  return plainForm(() => lookUp("getHpcClusterInstances", args, opts));
}

/** The same as {@link getHpcClusterInstances}, for arguments that may be outputs. */
export function getHpcClusterInstancesOutput(
  args: GetHpcClusterInstancesOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterInstancesResult> {
  return outputForm(args, opts, (known) => lookUp("getHpcClusterInstances", known, opts));
}

/**
 * Looks up the SCC instance types (`ecs.scc…`), those that need an HPC cluster, that a region sells now, pay-as-you-go. Calls
 * DescribeAvailableResource, in previews too.
 */
export function getSccInstanceTypes(
  args: GetSccInstanceTypesArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetSccInstanceTypesResult> {
  return plainForm(() => lookUp("getSccInstanceTypes", args, opts));
}

/** The same as {@link getSccInstanceTypes}, for arguments that may be outputs. */
export function getSccInstanceTypesOutput(
  args: GetSccInstanceTypesOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetSccInstanceTypesResult> {
  return outputForm(args, opts, (known) => lookUp("getSccInstanceTypes", known, opts));
}

interface LookupResults {
  getHpcCluster: GetHpcClusterResult;
  getHpcClusters: GetHpcClustersResult;
  getRegions: GetRegionsResult;
  getHpcClusterInstances: GetHpcClusterInstancesResult;
  getSccInstanceTypes: GetSccInstanceTypesResult;
}

/** A dynamic provider cannot answer lookups, so they run in the program. Mocks are asked as the plugin would be. */
async function lookUp<N extends keyof LookupResults>(
  name: N,
  args: object,
  opts: pulumi.InvokeOptions | undefined,
): Found<LookupResults[N]> {
  const provider = providerOf(opts);
  if (mockMonitor() !== undefined) {
    return await invokeLookup(name, args, { ...opts, ...(provider === undefined ? {} : { provider }) });
  }
  // Loaded on first use: a program that only declares clusters does not call the service.
  const { serviceLookup } = await import("./serviceLookups.ts");
  return (await serviceLookup(name, args, provider)) as LookupResults[N] | undefined;
}
