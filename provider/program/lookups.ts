import * as pulumi from "@pulumi/pulumi";
import { REGION_OF_REGIONS } from "../account/regions";
import { messageOf } from "../ecs/errors";
import type { HpcClusterItem, RegionItem } from "../ecs/items";
import { withoutUndefined } from "../ecs/withoutUndefined";
import { lookupClient, providerOf } from "./lookupClient";
import { configurationOfProvider } from "./provider";

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
export function getHpcCluster(
  args: GetHpcClusterArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClusterResult> {
  return withRunErrors(() => findHpcCluster(args, opts));
}

async function findHpcCluster(
  args: GetHpcClusterArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClusterResult> {
  const { id, name } = args;
  if ((id === undefined) === (name === undefined)) {
    throw new pulumi.RunError("getHpcCluster: give either id or name of the cluster to look up.");
  }
  const { ecs, regionId } = await lookupClient(args.regionId, opts);
  if (id !== undefined) {
    const item = await ecs.describeHpcCluster(regionId, id);
    if (item === undefined) {
      throw new pulumi.RunError(
        `getHpcCluster: there is no HPC cluster ${id} in ${regionId}; check the id, the region and the account.`,
      );
    }
    return resultOf(item, regionId);
  }
  const found = (await ecs.listHpcClusters(regionId)).filter((item) => item.Name === name);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new pulumi.RunError(
      `getHpcCluster: there is no HPC cluster named ${JSON.stringify(name)} in ${regionId}; check the name, the region and the account.`,
    );
  }
  if (others.length > 0) {
    const ids = found.map((item) => item.HpcClusterId).sort();
    throw new pulumi.RunError(
      `getHpcCluster: ${found.length} HPC clusters in ${regionId} are named ${JSON.stringify(name)}: ${ids.join(", ")}; give the id of one.`,
    );
  }
  return resultOf(only, regionId);
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
 * @throws if `nameRegex` is not a regular expression
 */
export function getHpcClusters(
  args: GetHpcClustersArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetHpcClustersResult> {
  return withRunErrors(() => findHpcClusters(args, opts));
}

async function findHpcClusters(
  args: GetHpcClustersArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<GetHpcClustersResult> {
  const { ids } = args;
  const pattern = patternOf(args.nameRegex);
  const { ecs, regionId } = await lookupClient(args.regionId, opts);
  const items =
    ids === undefined
      ? await ecs.listHpcClusters(regionId)
      : (await Promise.all([...new Set(ids)].map((id) => ecs.describeHpcCluster(regionId, id)))).filter(
          (item) => item !== undefined,
        );
  return items
    .filter((item) => pattern?.test(item.Name) ?? true)
    .map((item) => resultOf(item, regionId))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The same as {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: GetHpcClustersOutputArgs = {},
  opts?: pulumi.InvokeOptions,
): pulumi.Output<GetHpcClustersResult> {
  return whenKnown(args, opts, (known) => getHpcClusters(known as GetHpcClustersArgs, opts));
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export function getRegions(opts?: pulumi.InvokeOptions): Promise<GetRegionsResult> {
  return withRunErrors(async () => {
    const { ecs } = await lookupClient(REGION_OF_REGIONS, opts);
    return (await ecs.describeRegions(REGION_OF_REGIONS)).map(regionOf);
  });
}

/** The same as {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOptions): pulumi.Output<GetRegionsResult> {
  return whenKnown({}, opts, () => getRegions(opts));
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

/** Turns every error into a RunError, which the engine shows without a stack trace. */
async function withRunErrors<T>(lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    throw pulumi.RunError.isInstance(error) ? error : new pulumi.RunError(messageOf(error));
  }
}

function resultOf(
  { HpcClusterId, Name, Description }: HpcClusterItem,
  regionId: string,
): GetHpcClusterResult {
  return withoutUndefined({ id: HpcClusterId, name: Name, description: Description, regionId });
}

function regionOf({ RegionId, LocalName, RegionEndpoint }: RegionItem): Region {
  return { id: RegionId, localName: LocalName, endpoint: RegionEndpoint };
}

function patternOf(nameRegex: string | undefined): RegExp | undefined {
  try {
    return nameRegex === undefined ? undefined : new RegExp(nameRegex, "u");
  } catch {
    throw new pulumi.RunError(
      `getHpcClusters: nameRegex ${JSON.stringify(nameRegex)} is not a valid regular expression.`,
    );
  }
}
