import * as pulumi from "@pulumi/pulumi";
import { clusterTypes } from "../resourceTypes.ts";
import { invokeLookup, outputForm, plainForm } from "./lookupForms.ts";
import type {
  GetHpcClusterArgs,
  GetHpcClusterInstancesArgs,
  GetHpcClusterInstancesOutputArgs,
  GetHpcClusterInstancesResult,
  GetHpcClusterOutputArgs,
  GetHpcClusterResult,
  GetHpcClustersArgs,
  GetHpcClustersOutputArgs,
  GetHpcClustersResult,
  GetRegionsResult,
  GetSccInstanceTypesArgs,
  GetSccInstanceTypesOutputArgs,
  GetSccInstanceTypesResult,
  HpcClusterInstance,
  Region,
  SccInstanceType,
} from "./lookups.ts";
import { defaultProvider, Provider } from "./pluginProvider.ts";
import { runError } from "./sdkInternals.ts";

export type {
  GetHpcClusterArgs,
  GetHpcClusterInstancesArgs,
  GetHpcClusterInstancesOutputArgs,
  GetHpcClusterInstancesResult,
  GetHpcClusterOutputArgs,
  GetHpcClusterResult,
  GetHpcClustersArgs,
  GetHpcClustersOutputArgs,
  GetHpcClustersResult,
  GetRegionsResult,
  GetSccInstanceTypesArgs,
  GetSccInstanceTypesOutputArgs,
  GetSccInstanceTypesResult,
  HpcClusterInstance,
  Region,
  SccInstanceType,
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
  return plainForm(async () => invokeLookup<GetHpcClusterResult>("getHpcCluster", args, withProvider(opts)));
}

/** The same as {@link getHpcCluster}, for arguments that may be outputs. */
export function getHpcClusterOutput(
  args: GetHpcClusterOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterResult> {
  const options = withProvider(opts);
  return outputForm(args, opts, (known) =>
    invokeLookup<GetHpcClusterResult>("getHpcCluster", known, options),
  );
}

/**
 * Looks up the HPC clusters of a region, all pages of them, ordered by id. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if `nameRegex` is not a regular expression
 */
export function getHpcClusters(
  args: GetHpcClustersArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClustersResult> {
  return plainForm(async () =>
    invokeLookup<GetHpcClustersResult>("getHpcClusters", args, withProvider(opts)),
  );
}

/** The same as {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: GetHpcClustersOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClustersResult> {
  const options = withProvider(opts);
  return outputForm(args, opts, (known) =>
    invokeLookup<GetHpcClustersResult>("getHpcClusters", known, options),
  );
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export function getRegions(opts?: pulumi.InvokeOptions): Promise<GetRegionsResult> {
  return plainForm(async () => invokeLookup<GetRegionsResult>("getRegions", {}, withProvider(opts)));
}

/** The same as {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOutputOptions): pulumi.Output<GetRegionsResult> {
  const options = withProvider(opts);
  return outputForm({}, opts, () => invokeLookup<GetRegionsResult>("getRegions", {}, options));
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
  return plainForm(async () =>
    invokeLookup<GetHpcClusterInstancesResult>("getHpcClusterInstances", args, withProvider(opts)),
  );
}

/** The same as {@link getHpcClusterInstances}, for arguments that may be outputs. */
export function getHpcClusterInstancesOutput(
  args: GetHpcClusterInstancesOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHpcClusterInstancesResult> {
  const options = withProvider(opts);
  return outputForm(args, opts, (known) =>
    invokeLookup<GetHpcClusterInstancesResult>("getHpcClusterInstances", known, options),
  );
}

/**
 * Looks up the SCC instance types (`ecs.scc…`), those that need an HPC cluster, that a region sells now, pay-as-you-go. Calls
 * DescribeAvailableResource, in previews too.
 */
export function getSccInstanceTypes(
  args: GetSccInstanceTypesArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetSccInstanceTypesResult> {
  return plainForm(async () =>
    invokeLookup<GetSccInstanceTypesResult>("getSccInstanceTypes", args, withProvider(opts)),
  );
}

/** The same as {@link getSccInstanceTypes}, for arguments that may be outputs. */
export function getSccInstanceTypesOutput(
  args: GetSccInstanceTypesOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetSccInstanceTypesResult> {
  const options = withProvider(opts);
  return outputForm(args, opts, (known) =>
    invokeLookup<GetSccInstanceTypesResult>("getSccInstanceTypes", known, options),
  );
}

/** The options with the provider: the lookup's own, its parent's, or the one of the stack's configuration. */
function withProvider(opts: pulumi.InvokeOptions | undefined): pulumi.InvokeOptions {
  const own = opts?.provider ?? opts?.parent?.getProvider(clusterTypes.plugin);
  if (own !== undefined && !Provider.isInstance(own)) {
    throw runError(
      "A lookup of pulumi-alicloud-hpc/plugin takes a Provider of pulumi-alicloud-hpc/plugin as its provider, and no other; " +
        "give one, or none.",
    );
  }
  const provider = own ?? defaultProvider();
  return { ...opts, ...(provider === undefined ? {} : { provider }) };
}
