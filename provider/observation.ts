import { setTimeout as sleep } from "node:timers/promises";
import type { EcsClient } from "./ecs/client";
import type { HpcClusterItem } from "./ecs/items";

/** How long a cluster, or a change of one, may take to show in DescribeHpcClusters. */
export const VISIBILITY_GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Looks at a cluster until it is as it should be, or has had its time to become so.
 *
 * @returns what was seen last; undefined if the cluster does not show
 * @throws InitializationError if it cannot be looked at, so that its id is not lost
 */
export async function observe(
  ecs: EcsClient,
  known: KnownCluster,
  isSettled: (item: HpcClusterItem | undefined) => boolean,
): Promise<HpcClusterItem | undefined> {
  const { regionId, hpcClusterId } = known;
  const end = performance.now() + VISIBILITY_GRACE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    let item: HpcClusterItem | undefined;
    try {
      item = await ecs.describeHpcCluster(regionId, hpcClusterId);
    } catch (error) {
      throw new InitializationError(
        known,
        `The HPC cluster ${hpcClusterId} is in the state, but could not be looked at afterwards: ${messageOf(error)}`,
      );
    }
    if (isSettled(item) || performance.now() + pause > end) {
      return item;
    }
    await sleep(pause);
  }
}

/** A cluster that exists, with its inputs (among them the SDK's `__provider`) and all else that is to be stored. */
export interface KnownCluster {
  regionId: string;
  hpcClusterId: string;
  [property: string]: unknown;
}

/**
 * The cluster exists, but not all is well. The engine keeps `id` and `properties` in the state, shows `reasons`, and runs
 * `update` the next time.
 */
export class InitializationError extends Error {
  readonly id: string;
  readonly properties: Record<string, unknown>;
  readonly reasons: readonly string[];

  constructor(known: KnownCluster, reason: string) {
    super(reason);
    this.name = "InitializationError";
    this.id = known.hpcClusterId;
    // The SDK cannot store undefined, and does not add `__provider` here as it does elsewhere: it is in the inputs.
    this.properties = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
    this.reasons = [reason];
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
