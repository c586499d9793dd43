/** Finds the clusters of a run, or of all runs, by their mark, and removes them. */
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, type Calls, type Item, itemsOf, outcomeOf, succeeded } from "./calls.ts";

/** What the names and descriptions of every run start with. */
export const stem = "hpctest-";

/** The whole prefix of one run: the stem and something of its own, so that no other cluster can have it by chance. */
export const prefixPattern = /^hpctest-[a-z0-9]{6,16}-$/;

/** Whether a cluster is a run's, or with undefined any run's. */
export function isOurs({ name, description }: Item, prefix: string | undefined): boolean {
  return [name, description].some((text) =>
    prefix === undefined ? /^hpctest-[a-z0-9]{6,16}-/.test(text ?? "") : (text ?? "").startsWith(prefix),
  );
}

/** Codes that say that there is no such cluster any more. */
export function saysGone({ code }: Answer): boolean {
  return code === "NotExists.HpcCluster" || code === "HpcClusterNotExists";
}

/** Every cluster in the region. Throws in words if the service does not tell. */
export async function listClusters(calls: Calls, region: string): Promise<Item[]> {
  const found = new Map<string, Item>();
  for (let page = 1; ; page += 1) {
    const answer = await calls.ask("DescribeHpcClusters", {
      RegionId: region,
      PageSize: "100",
      PageNumber: String(page),
    });
    if (!succeeded(answer)) throw new CannotList(`${outcomeOf(answer)} ${answer.message ?? ""}`.trim());
    const items = itemsOf(answer);
    for (const item of items) found.set(item.id, item);
    const total = Number(answer.body["TotalCount"]);
    if (items.length === 0 || page * 100 >= total) return [...found.values()];
  }
}

export class CannotList extends Error {}

/** What was removed, and what could not be. */
export interface Removal {
  readonly removed: readonly Item[];
  readonly left: readonly (Item & { readonly why: string })[];
  /** Set when nobody can say whether anything is left. */
  readonly blind: string | undefined;
}

/**
 * Removes every cluster with the mark, and those that are known to have been made, until the service shows none.
 *
 * @param options.lookOnMs how long to go on looking for clusters that have been made but are not shown yet.
 */
export async function removeClusters(
  calls: Calls,
  region: string,
  prefix: string | undefined,
  options: { known?: ReadonlyMap<string, string>; lookOnMs?: number } = {},
): Promise<Removal> {
  const removed = new Map<string, Item>();
  const refused = new Map<string, Item & { why: string }>();
  const unlisted = new Map<string, Item>();
  for (const [id, name] of options.known ?? []) unlisted.set(id, { id, name, description: undefined });
  const lookOnUntil = Date.now() + (options.lookOnMs ?? 0);
  const giveUpAt = lookOnUntil + 60_000;
  for (;;) {
    let blind: string | undefined;
    let listed: Item[] = [];
    try {
      listed = (await listClusters(calls, region)).filter((item) => isOurs(item, prefix));
    } catch (error) {
      if (!(error instanceof CannotList)) throw error;
      blind = error.message;
    }
    const found = new Map([...unlisted, ...listed.map((item) => [item.id, item] as const)]);
    for (const [id, item] of found) {
      if (refused.has(id)) continue;
      const answer = await calls.ask("DeleteHpcCluster", { RegionId: region, HpcClusterId: id });
      unlisted.delete(id);
      if (succeeded(answer)) removed.set(id, item);
      else if (!saysGone(answer))
        refused.set(id, { ...item, why: `${outcomeOf(answer)} ${answer.message ?? ""}`.trim() });
    }
    const settled = found.size === 0 || [...found.keys()].every((id) => refused.has(id));
    const late = Date.now();
    if (blind !== undefined || (settled && late >= lookOnUntil) || late >= giveUpAt) {
      const shown = listed.filter(({ id }) => !refused.has(id) && late >= giveUpAt);
      const left = [
        ...refused.values(),
        ...shown.map((item) => ({ ...item, why: "deleted, but still shown" })),
      ];
      for (const { id } of left) removed.delete(id);
      return { removed: [...removed.values()], left, blind };
    }
    await pause(settled || removed.size === 0 ? 1_000 : 100);
  }
}
