import * as pulumi from "@pulumi/pulumi";
import type { HpcClusterItem, RegionItem } from "./ecs/items";
import { connection, providerOf } from "./lookupClient";
import { messageOf } from "./observation";
import { configurationOfProvider } from "./provider";
import { REGION_OF_REGIONS } from "./regionCheck";

/** An HPC cluster as a lookup finds it. */
export interface HpcClusterResult {
  /** The cluster's id, `hpc-…`. */
  id: string;
  /** The cluster's name. */
  name: string;
  /** The description; absent if there is none. */
  description?: string;
  /** The region's id. */
  regionId: string;
}

/** What {@link getHpcCluster} looks for: give `id` or `name`, not both. */
export interface GetHpcClusterArgs {
  /** The cluster's id, `hpc-…`. */
  id?: string | undefined;
  /** The cluster's exact name. */
  name?: string | undefined;
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
}

/** What {@link getHpcClusters} looks for. Without `ids` and `nameRegex`: all clusters of the region. */
export interface GetHpcClustersArgs {
  /** The region's id. Default: the configured region. */
  regionId?: string | undefined;
  /** Only these clusters; an id that does not exist is left out. */
  ids?: string[] | undefined;
  /** Only clusters whose name matches this regular expression (JavaScript's, unanchored). */
  nameRegex?: string | undefined;
}

/** A region as {@link getRegions} finds it. */
export interface RegionResult {
  /** The region's id, e.g. `cn-hangzhou`. */
  id: string;
  /** The region's name, in the account's language. */
  localName: string;
  /** The host of its ECS endpoint. */
  endpoint: string;
}

/** The arguments of a lookup, as inputs: what its `…Output` form takes. */
export type Lookup<T> = {
  [K in keyof T]: pulumi.Input<
    T[K] extends readonly (infer E)[] | undefined ? pulumi.Input<E>[] | undefined : T[K]
  >;
};

/**
 * Looks up one HPC cluster by its id or its name. Calls DescribeHpcClusters, in previews too.
 *
 * @throws if there is none, or if several have that name (the error lists them)
 */
export function getHpcCluster(
  args: GetHpcClusterArgs,
  opts?: pulumi.InvokeOptions,
): Promise<HpcClusterResult> {
  return asked(() => findHpcCluster(args, opts));
}

async function findHpcCluster(
  args: GetHpcClusterArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<HpcClusterResult> {
  const { id, name } = args;
  if ((id === undefined) === (name === undefined)) {
    throw new pulumi.RunError("getHpcCluster: give either id or name of the cluster to look up.");
  }
  const { ecs, regionId } = await connection(args.regionId, opts);
  if (id !== undefined) {
    const item = await ecs.describeHpcCluster(regionId, id);
    if (item === undefined) {
      throw new pulumi.RunError(
        `getHpcCluster: there is no HPC cluster ${id} in ${regionId}; check the id, the region and the account.`,
      );
    }
    return resultOf(item, regionId);
  }
  const found = (await ecs.listHpcClusters(regionId)).filter((item) => item.name === name);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new pulumi.RunError(
      `getHpcCluster: there is no HPC cluster named ${JSON.stringify(name)} in ${regionId}; check the name, the region and the account.`,
    );
  }
  if (others.length > 0) {
    const ids = found.map((item) => item.hpcClusterId).sort();
    throw new pulumi.RunError(
      `getHpcCluster: ${found.length} HPC clusters in ${regionId} are named ${JSON.stringify(name)}: ${ids.join(", ")}; give the id of one.`,
    );
  }
  return resultOf(only, regionId);
}

/** As {@link getHpcCluster}, for arguments that may be outputs. */
export function getHpcClusterOutput(
  args: Lookup<GetHpcClusterArgs>,
  opts?: pulumi.InvokeOptions,
): pulumi.Output<HpcClusterResult> {
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
): Promise<HpcClusterResult[]> {
  return asked(() => findHpcClusters(args, opts));
}

async function findHpcClusters(
  args: GetHpcClustersArgs,
  opts: pulumi.InvokeOptions | undefined,
): Promise<HpcClusterResult[]> {
  const { ids } = args;
  const pattern = patternOf(args.nameRegex);
  const { ecs, regionId } = await connection(args.regionId, opts);
  const items =
    ids === undefined
      ? await ecs.listHpcClusters(regionId)
      : (await Promise.all([...new Set(ids)].map((id) => ecs.describeHpcCluster(regionId, id)))).filter(
          (item) => item !== undefined,
        );
  return items
    .filter((item) => pattern?.test(item.name) ?? true)
    .map((item) => resultOf(item, regionId))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** As {@link getHpcClusters}, for arguments that may be outputs. */
export function getHpcClustersOutput(
  args: Lookup<GetHpcClustersArgs> = {},
  opts?: pulumi.InvokeOptions,
): pulumi.Output<HpcClusterResult[]> {
  return whenKnown(args, opts, (known) => getHpcClusters(known as GetHpcClustersArgs, opts));
}

/** Looks up the regions of the account. Calls DescribeRegions, in previews too. */
export function getRegions(opts?: pulumi.InvokeOptions): Promise<RegionResult[]> {
  return asked(async () => {
    const { ecs } = await connection(REGION_OF_REGIONS, opts);
    return (await ecs.describeRegions(REGION_OF_REGIONS)).map(regionResultOf);
  });
}

/** As {@link getRegions}, as an output. */
export function getRegionsOutput(opts?: pulumi.InvokeOptions): pulumi.Output<RegionResult[]> {
  return whenKnown({}, opts, () => getRegions(opts));
}

/** Waits for the arguments of the lookup and of its provider; where a preview does not know one of them, nothing is asked. */
function whenKnown<T extends object, R>(
  args: T,
  opts: pulumi.InvokeOptions | undefined,
  lookUp: (known: pulumi.Unwrap<T>) => Promise<R>,
): pulumi.Output<R> {
  const provider = providerOf(opts);
  const configuration = provider === undefined ? undefined : configurationOfProvider(provider);
  // Not its secrets, or all that is found would be secret.
  const isReady = configuration === undefined ? true : pulumi.unsecret(configuration).apply(() => true);
  return pulumi.all([args, isReady]).apply<R>(([known]) => lookUp(known));
}

/** Errors as the engine shows them without a stack trace. */
async function asked<T>(lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    throw pulumi.RunError.isInstance(error) ? error : new pulumi.RunError(messageOf(error));
  }
}

function resultOf(item: HpcClusterItem, regionId: string): HpcClusterResult {
  const { hpcClusterId: id, name, description } = item;
  return { id, name, regionId, ...(description === undefined ? {} : { description }) };
}

function regionResultOf({ regionId, localName, regionEndpoint }: RegionItem): RegionResult {
  return { id: regionId, localName, endpoint: regionEndpoint };
}

function patternOf(nameRegex: string | undefined): RegExp | undefined {
  try {
    return nameRegex === undefined ? undefined : new RegExp(nameRegex, "u");
  } catch {
    throw new pulumi.RunError(
      `getHpcClusters: nameRegex ${JSON.stringify(nameRegex)} is not a regular expression; mend it.`,
    );
  }
}
