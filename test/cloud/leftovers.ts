/** Finds the clusters that runs have created by their prefix, and deletes them. */
import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, type Target, call, clustersWithPrefix, errorIn } from "../contract/target.ts";

/** The prefixes of all runs start with this. */
export const stem = "hpctest-";

/** The prefix of one run: long enough that no other cluster has it by chance. */
export const prefixPattern = /^hpctest-[a-z0-9]{6,16}-$/;

/** What was deleted, and what is left. */
export interface Removal {
  readonly removed: readonly Cluster[];
  readonly left: readonly (Cluster & { readonly why: string })[];
}

/**
 * Deletes the clusters of one run, or with undefined those of all runs, until DescribeHpcClusters shows none.
 *
 * @param lookOnMs how long to go on looking for clusters that exist but are not shown yet
 */
export async function removeClusters(
  target: Target,
  prefix: string | undefined,
  lookOnMs = 0,
): Promise<Removal> {
  const removed = new Map<string, Cluster>();
  const rejected = new Map<string, string>();
  const lookOnUntil = Date.now() + lookOnMs;
  for (;;) {
    const shown = (await clustersWithPrefix(target, prefix ?? stem)).filter(
      ({ Name, Description }) =>
        prefix !== undefined || [Name, Description].some((text) => /^hpctest-[a-z0-9]{6,16}-/.test(text)),
    );
    const due = shown.filter(({ HpcClusterId }) => !rejected.has(HpcClusterId));
    const now = Date.now();
    if ((due.length === 0 && now >= lookOnUntil) || now >= lookOnUntil + 60_000) {
      const left = shown.map((cluster) => ({
        ...cluster,
        why: rejected.get(cluster.HpcClusterId) ?? "deleted, but still shown",
      }));
      return {
        removed: [...removed.values()].filter((cluster) => !shown.some((one) => same(one, cluster))),
        left,
      };
    }
    for (const cluster of due) {
      const { HpcClusterId } = cluster;
      const answer = await call(target, "DeleteHpcCluster", { RegionId: target.region, HpcClusterId });
      if (answer.status === 200 || answer.json["Code"] === "NotExists.HpcCluster") {
        removed.set(HpcClusterId, cluster);
      } else {
        rejected.set(HpcClusterId, errorIn(answer));
      }
    }
    await pause(due.length === 0 ? 500 : 100);
  }
}

const same = (one: Cluster, other: Cluster): boolean => one.HpcClusterId === other.HpcClusterId;

/** Why a run should create nothing in this account; undefined if it may. */
export async function obstacleIn(target: Target): Promise<string | undefined> {
  try {
    await clustersWithPrefix(target, target.prefix);
  } catch (error) {
    return `The service does not accept this key: ${error instanceof Error ? error.message : String(error)}`;
  }
  // A key that may create but not delete would leave every cluster behind.
  const parameters = { RegionId: target.region, HpcClusterId: "hpc-0000000000000000" };
  const deletion = await call(target, "DeleteHpcCluster", parameters);
  return deletion.status === 403 || String(deletion.json["Code"]).startsWith("Forbidden")
    ? `This key may not delete HPC clusters (${errorIn(deletion)}), so none are created.`
    : undefined;
}
