import { closest } from "fastest-levenshtein";
import type { Settings } from "./config";
import type { EcsClient } from "./ecs/client";
import { EcsError, isCredentialError } from "./ecs/errors";
import { messageOf } from "./observation";

/** A preview must not hang on a network that is not there. */
const PATIENCE_MS = 5_000;

/** Which region is asked for the regions: one that every account can reach; the one to be checked may not exist. */
export const REGION_OF_REGIONS = "cn-hangzhou";

/** What the account told about its regions, once for the process. */
export type Regions =
  | { known: ReadonlySet<string> }
  /** They could not be asked for, which is no reason to stop. */
  | { warning: string }
  /** The credentials are not there or no good: nothing that follows can work. */
  | { failure: string };

/** DescribeRegions with little patience. Never fails: what went wrong is told in the result. */
export async function askForRegions(settings: Settings): Promise<Regions> {
  const atMost = (ms: number) => Math.min(ms, PATIENCE_MS);
  try {
    const { connect } = await import("./ecs/connection.js");
    const ecs: EcsClient = connect({
      ...settings,
      connectTimeoutMs: atMost(settings.connectTimeoutMs),
      readTimeoutMs: atMost(settings.readTimeoutMs),
      maxRetryTimeoutMs: atMost(settings.maxRetryTimeoutMs),
    });
    const regions = await ecs.describeRegions(REGION_OF_REGIONS);
    return { known: new Set(regions.map(({ regionId }) => regionId)) };
  } catch (error) {
    if (!(error instanceof EcsError)) {
      // No credentials: in the words of whoever looked for them.
      return { failure: messageOf(error) };
    }
    if (isCredentialError(error) && error.code !== "Forbidden.RAM") {
      return { failure: error.message };
    }
    return {
      warning:
        `The regions could not be checked, so a misspelt regionId would show only at \`pulumi up\`: ${error.message} ` +
        "(alicloud:skipRegionValidation: true leaves this check out.)",
    };
  }
}

/** The reason against a region that the account does not have, with the nearest that it has. */
export function unknownRegionReason(
  regionId: string,
  known: ReadonlySet<string>,
  origin: string | undefined,
): string | undefined {
  if (known.has(regionId) || known.size === 0) {
    return undefined;
  }
  return (
    `regionId ${JSON.stringify(regionId)}${origin === undefined ? "" : ` (from ${origin})`} is not a region that ` +
    `DescribeRegions lists for this account; did you mean ${JSON.stringify(closest(regionId, [...known]))}?`
  );
}
