import type { EcsClient } from "../ecs/client.ts";
import type { Namespace } from "../ecs/errorCodes.ts";
import { EcsError, messageOf } from "../ecs/errors.ts";
import { closestName } from "./nearestName.ts";
import { quoted } from "../ecs/json.ts";

/** DescribeRegions is called here: every account can reach this region, and the one to be checked may not exist. */
export const REGION_OF_REGIONS = "cn-hangzhou";

/** How long a preview waits for each call, milliseconds: it must not hang without a network. */
export const PREVIEW_TIMEOUT_MS = 5_000;

/** The account's regions, or why they are not known. */
export type AccountRegions =
  | { ids: ReadonlySet<string> }
  /** They could not be read, which is no reason to stop. */
  | { warning: string }
  /** The credentials are missing or refused: no other call can succeed. */
  | { failure: string }
  /** The settings say that they are not to be read. */
  | { isSkipped: true };

/**
 * Reads the account's regions. Never rejects: the result says what went wrong.
 *
 * @param namespace what messages put before the names of configuration keys
 */
export async function readRegions(ecs: EcsClient, namespace: Namespace): Promise<AccountRegions> {
  try {
    const regions = await ecs.describeRegions(REGION_OF_REGIONS, PREVIEW_TIMEOUT_MS);
    return { ids: new Set(regions.map(({ RegionId }) => RegionId)) };
  } catch (error) {
    // Other errors come from the search for credentials.
    if (!(error instanceof EcsError) || error.meaning.refused === "credentials") {
      return { failure: messageOf(error) };
    }
    return {
      warning:
        `The regions could not be checked, so a misspelt regionId would show only at \`pulumi up\`: ${error.message} ` +
        `(Set ${namespace}:skipRegionValidation to true to skip this check.)`,
    };
  }
}

/** What is wrong with a region's id in its form, whatever the account has. */
export function regionIdReasons(value: string): string[] {
  // The region becomes part of the host that signed requests are sent to, so only the form of an id is accepted.
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value)
    ? []
    : [
        "regionId must be the id of a region, lower-case letters, digits and hyphens such as cn-hangzhou, " +
          `but is ${quoted(value)}; give the id that DescribeRegions lists.`,
      ];
}

/**
 * The region to use.
 *
 * @param missing what to say if there is none
 * @throws if there is none, or it is not the id of a region
 */
export function validRegionId(regionId: string | undefined, missing: string): string {
  const reasons = regionId === undefined ? [missing] : regionIdReasons(regionId);
  if (regionId === undefined || reasons.length > 0) {
    throw new Error(reasons.join(" "));
  }
  return regionId;
}

/**
 * The reason against a region that the account does not have, with the most similar one that it has.
 *
 * @param origin where the region was set, if not in the program
 */
export function unknownRegionReason(
  regionId: string,
  ids: ReadonlySet<string>,
  origin: string | undefined,
): string | undefined {
  if (ids.has(regionId) || ids.size === 0) {
    return undefined;
  }
  return (
    `regionId ${JSON.stringify(regionId)}${origin === undefined ? "" : ` (from ${origin})`} is not a region that ` +
    `DescribeRegions lists for this account; did you mean ${JSON.stringify(closestName(regionId, [...ids]))}?`
  );
}
