import * as pulumi from "@pulumi/pulumi";
import { configurationOfProvider, providerOf } from "./provider";

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

/**
 * Looks up one HPC cluster by its id or its name. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if there is none, or if several have that name (the error lists them)
 */
export async function getHpcCluster(
  args: GetHpcClusterArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClusterResult> {
  return (await serviceLookups()).findHpcCluster(args, opts);
}

/** The same as {@link getHpcCluster}, for arguments that may be outputs. */
export function getHpcClusterOutput(
  args: GetHpcClusterOutputArgs,
  opts?: pulumi.InvokeOptions,
): pulumi.Output<GetHpcClusterResult> {
  return whenKnown(args, opts, (known) => getHpcCluster(known as GetHpcClusterArgs, opts));
}

/**
 * Looks up the HPC clusters of a region, all pages of them, ordered by id. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if `nameRegex` is not a regular expression, or takes longer than a second for all names together
 */
export async function getHpcClusters(
  args: GetHpcClustersArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClustersResult> {
  return (await serviceLookups()).findHpcClusters(args, opts);
}

/** The same as {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: GetHpcClustersOutputArgs = {},
  opts?: pulumi.InvokeOptions,
): pulumi.Output<GetHpcClustersResult> {
  return whenKnown(args, opts, (known) => getHpcClusters(known as GetHpcClustersArgs, opts));
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export async function getRegions(opts?: pulumi.InvokeOptions): Promise<GetRegionsResult> {
  return (await serviceLookups()).findAccountRegions(opts);
}

/** The same as {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOptions): pulumi.Output<GetRegionsResult> {
  return whenKnown({}, opts, () => getRegions(opts));
}

/** Loaded on first use: a program that only declares clusters does not call the service. */
function serviceLookups(): Promise<typeof import("./serviceLookups")> {
  return import("./serviceLookups.js");
}

/** Waits for the arguments of the lookup and of its provider. If a preview does not know one of them, nothing is looked up. */
function whenKnown<T extends object, R>(
  args: T,
  opts: pulumi.InvokeOptions | undefined,
  lookUp: (known: pulumi.Unwrap<T>) => Promise<R>,
): pulumi.Output<R> {
  const provider = providerOf(opts);
  const configuration = provider === undefined ? undefined : configurationOfProvider(provider);
  // Without its secrets: otherwise the whole result would be secret.
  const isReady = configuration === undefined ? true : pulumi.unsecret(configuration).apply(() => true);
  return pulumi.all([args, isReady]).apply<R>(([known]) => lookUp(known));
}
