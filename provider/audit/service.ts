/** What an audit reads from the service: only Describe and Get calls. */
import { REGION_OF_REGIONS, regionIdReasons } from "../account/regions.ts";
import type { EcsClient } from "../ecs/client.ts";
import { messageOf } from "../ecs/errors.ts";
import type { RegionView } from "./findings.ts";

/** The time limit of calls that the audit can do without, milliseconds. */
const SIDE_CALL_TIMEOUT_MS = 10_000;

/** What was read, or the message of the error. */
export type Read<T> = { readonly value: T } | { readonly error: string };

/** The account of the credentials. */
export async function readAccount(ecs: EcsClient, regionId: string | undefined): Promise<Read<string>> {
  return await reading(() => ecs.getAccountId(regionId ?? REGION_OF_REGIONS, SIDE_CALL_TIMEOUT_MS));
}

/** The ids of the account's regions. */
export async function readRegionIds(ecs: EcsClient): Promise<Read<string[]>> {
  return await reading(async () => {
    const regions = await ecs.describeRegions(REGION_OF_REGIONS, SIDE_CALL_TIMEOUT_MS);
    return regions.map(({ RegionId }) => RegionId);
  });
}

/**
 * All clusters of a region. The list may lag, so an expected cluster that is not in it is also read by its id.
 *
 * @param expected the ids that the states have for this region
 */
export async function readRegion(
  ecs: EcsClient,
  regionId: string,
  expected: readonly string[],
): Promise<Read<RegionView>> {
  return await reading(async () => {
    const [reason] = regionIdReasons(regionId);
    if (reason !== undefined) {
      throw new Error(reason);
    }
    const listed = await ecs.listHpcClusters(regionId);
    const clusters = new Map(listed.map((item) => [item.HpcClusterId, item]));
    for (const item of await ecs.describeHpcClusters(
      regionId,
      expected.filter((id) => !clusters.has(id)),
    )) {
      clusters.set(item.HpcClusterId, item);
    }
    return { regionId, clusters };
  });
}

/** How many instances a cluster has. */
export async function readInstances(
  ecs: EcsClient,
  regionId: string,
  hpcClusterId: string,
): Promise<number | "not known"> {
  const read = await reading(() => ecs.describeInstancesOf(regionId, hpcClusterId, SIDE_CALL_TIMEOUT_MS));
  return "error" in read ? "not known" : read.value.totalCount;
}

async function reading<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
