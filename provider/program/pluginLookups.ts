import * as pulumi from "@pulumi/pulumi";
import { clusterTypes } from "../resourceTypes.ts";
import { invokeLookup, outputForm, plainForm, type LookupHost } from "./lookupForms.ts";
import type {
  GetHpcClusterOutputArgs,
  GetHpcClustersOutputArgs,
  GetHpcClusterInstancesOutputArgs,
  GetSccInstanceTypesOutputArgs,
  GetHpcClusterResult,
  GetHpcClustersResult,
  GetHpcClusterArgs,
  GetHpcClustersArgs,
  GetRegionsResult,
  GetHpcClusterInstancesArgs,
  GetHpcClusterInstancesResult,
  GetSccInstanceTypesArgs,
  GetSccInstanceTypesResult,
} from "./lookups.ts";
import { defaultProvider, Provider } from "./pluginProvider.ts";
import { runError } from "./sdkInternals.ts";

export type * from "./lookups.ts";

/** The plugin answers: with the lookup's own provider, its parent's, or the one of the stack's configuration. */
const host: LookupHost = (opts) => {
  const own = opts?.provider ?? opts?.parent?.getProvider(clusterTypes.plugin);
  if (own !== undefined && !Provider.isInstance(own)) {
    throw runError(
      "A lookup of pulumi-alicloud-hpc/plugin takes a Provider of pulumi-alicloud-hpc/plugin as its provider, and no other; " +
        "give one, or none.",
    );
  }
  const provider = own ?? defaultProvider();
  return (name, args) =>
    invokeLookup(name, args, { ...opts, ...(provider === undefined ? {} : { provider }) });
};

/**
 * Looks up one HPC cluster by its id or its name. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if there is none, or if several have that name (the error lists them)
 */
export function getHpcCluster(
  args: GetHpcClusterArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClusterResult> {
  return plainForm(host, "getHpcCluster", args, opts);
}

/** The same as {@link getHpcCluster}, for arguments that may be outputs. */
export function getHpcClusterOutput(
  args: GetHpcClusterOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterResult> {
  return outputForm(host, "getHpcCluster", args, opts);
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
  return plainForm(host, "getHpcClusters", args, opts);
}

/** The same as {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: GetHpcClustersOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClustersResult> {
  return outputForm(host, "getHpcClusters", args, opts);
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export function getRegions(opts?: pulumi.InvokeOptions): Promise<GetRegionsResult> {
  return plainForm(host, "getRegions", {}, opts);
}

/** The same as {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOutputOptions): pulumi.Output<GetRegionsResult> {
  return outputForm(host, "getRegions", {}, opts);
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
  return plainForm(host, "getHpcClusterInstances", args, opts);
}

/** The same as {@link getHpcClusterInstances}, for arguments that may be outputs. */
export function getHpcClusterInstancesOutput(
  args: GetHpcClusterInstancesOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterInstancesResult> {
  return outputForm(host, "getHpcClusterInstances", args, opts);
}

/**
 * Looks up the SCC instance types (`ecs.scc…`), those that need an HPC cluster, that a region sells now, pay-as-you-go. Calls
 * DescribeAvailableResource, in previews too.
 */
export function getSccInstanceTypes(
  args: GetSccInstanceTypesArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetSccInstanceTypesResult> {
  return plainForm(host, "getSccInstanceTypes", args, opts);
}

/** The same as {@link getSccInstanceTypes}, for arguments that may be outputs. */
export function getSccInstanceTypesOutput(
  args: GetSccInstanceTypesOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetSccInstanceTypesResult> {
  return outputForm(host, "getSccInstanceTypes", args, opts);
}
