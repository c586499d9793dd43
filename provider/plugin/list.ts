/** The list of clusters, for `pulumi do alicloud-hpc:index:HpcCluster list`. */
import { unknownRegionReason } from "../account/regions.ts";
import { findClusters, type GetHpcClusterResult } from "../cluster/lookups.ts";
import { ecsOf, type Operation } from "../cluster/operation.ts";
import { textOf, type EngineProperties } from "../cluster/properties.ts";
import { RequestError } from "./answers.ts";
import { requireArguments } from "./functions.ts";
import { RESOURCE_TYPE } from "./resource.ts";

/** What a page contains. As in the protocol, a number below 1 is no limit. */
export interface PageRequest {
  /** How many clusters to list, on all pages together. */
  readonly limit: number;
  /** How many clusters a page has at most. */
  readonly pageSize: number;
  /** What the page before has returned; empty for the first page. */
  readonly continuationToken: string;
}

/** A part of the list. */
export interface Page {
  readonly clusters: readonly GetHpcClusterResult[];
  /** For the next page; undefined if there is none. */
  readonly continuationToken?: string;
}

/**
 * The clusters of a region, ordered by id. Each page is read when it is asked for, and goes on after the last id of the page before:
 * a cluster that is created or deleted meanwhile moves no other to another page.
 *
 * @throws if the type, an argument or the token is wrong, or the region does not exist
 */
export async function listClusters(
  operation: Operation,
  type: string,
  query: EngineProperties,
  { limit, pageSize, continuationToken }: PageRequest,
): Promise<Page> {
  if (type !== RESOURCE_TYPE) {
    throw new RequestError(`There is no resource type ${type} to list; there is ${RESOURCE_TYPE}.`);
  }
  requireArguments("list", ["regionId", "nameRegex"], query);
  const start = continuationToken === "" ? { after: "", left: Infinity } : startOf(continuationToken);
  const left = Math.min(start.left, limit < 1 ? Infinity : limit);
  const found = await findClusters(
    { nameRegex: textOf(query, "nameRegex") },
    async () => ({ ecs: await ecsOf(operation), regionId: await existingRegion(operation, query) }),
    "list",
  );
  const rest = found.filter(({ id }) => id > start.after);
  const clusters = rest.slice(0, Math.min(left, pageSize < 1 ? Infinity : pageSize));
  const last = clusters.at(-1);
  return last === undefined || clusters.length === Math.min(left, rest.length)
    ? { clusters }
    : { clusters, continuationToken: `${last.id} ${left === Infinity ? "" : left - clusters.length}` };
}

/** Reads a token: the last id of the page before, and how many clusters may still follow. */
function startOf(continuationToken: string): { after: string; left: number } {
  const [, after, left] = /^(\S+) (\d*)$/.exec(continuationToken) ?? [];
  if (after === undefined) {
    throw new RequestError(
      `list: ${JSON.stringify(continuationToken)} is not a continuation token of this provider; give the one of the page before.`,
    );
  }
  return { after, left: left === "" ? Infinity : Number(left) };
}

/** @throws if the account has no such region: its host does not exist, and a call would be repeated for minutes */
async function existingRegion({ session }: Operation, query: EngineProperties): Promise<string> {
  const regionId = session.regionOf(query);
  const regions = await session.regions();
  if ("ids" in regions) {
    const origin = textOf(query, "regionId") === undefined ? session.settings.regionOrigin : undefined;
    const reason = unknownRegionReason(regionId, regions.ids, origin);
    if (reason !== undefined) {
      throw new Error(`list: ${reason}`);
    }
  }
  return regionId;
}
