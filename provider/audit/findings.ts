import { itemsWithName } from "../cluster/nameRegex.ts";
import { getOrCreate } from "../ecs/getOrCreate.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import type { Entry, PendingCreation, StackState } from "./exportedState.ts";
import {
  auditWithAccount,
  continueCreation,
  forget,
  protect,
  refresh,
  takeOrDelete,
  takeWithRegion,
  type Holding,
} from "./repairs.ts";
import type { Finding, FindingEntry, FindingKind } from "./report.ts";

const order: readonly FindingKind[] = [
  "unheld",
  "gone",
  "shared",
  "otherAccount",
  "otherRegion",
  "unprotected",
];

/** The clusters of one region. */
export interface RegionView {
  readonly regionId: string;
  readonly clusters: ReadonlyMap<string, HpcClusterItem>;
}

/** Everything that has been read. */
export interface Observed {
  readonly states: readonly StackState[];
  /** Whether these are all states that were given. */
  readonly areAllStates: boolean;
  /** The regions that were read completely. */
  readonly views: readonly RegionView[];
  /** Whether these are all regions that the account has. */
  readonly isComplete: boolean;
  readonly accountId: string | undefined;
  readonly configuredRegion: string | undefined;
  readonly nameRegex: string | undefined;
}

/** The findings, and the entries that could not be compared with the service. */
export interface Comparison {
  readonly findings: Finding[];
  readonly uncompared: Holding[];
}

/** Compares the states with what the service has shown. */
export function compare(observed: Observed): Comparison {
  const holdings = observed.states.flatMap((state) => state.entries.map((entry) => ({ state, entry })));
  const byId = new Map<string, Holding[]>();
  for (const holding of holdings) {
    getOrCreate(byId, holding.entry.hpcClusterId, (): Holding[] => []).push(holding);
  }
  const chosen = withName(observed, holdings, ({ entry }) => entry.name);
  const uncompared: Holding[] = [];
  const ofEntries = chosen
    // `pulumi up` deletes such an entry, even if its cluster is gone.
    .filter(({ entry }) => !entry.isBeingDeleted)
    .flatMap((holding) => {
      const found = findingOf(observed, holding);
      if (found === "uncompared") {
        uncompared.push(holding);
        return [];
      }
      return found ?? [];
    });
  const shared = [...byId.values()]
    .filter((each) => isShared(each) && each.some((holding) => chosen.includes(holding)))
    .map((each) => sharedFinding(observed, each));
  const unheld = observed.views.flatMap(({ regionId, clusters }) => {
    const items = [...clusters.values()].filter(({ HpcClusterId }) => !byId.has(HpcClusterId));
    return withName(observed, items, ({ Name }) => Name).map((item) =>
      unheldFinding(observed, regionId, item),
    );
  });
  const findings = [...unheld, ...ofEntries, ...shared].sort(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind),
  );
  return { findings, uncompared };
}

/** The items whose names match. An item whose name cannot be read is kept. */
function withName<T>(
  { nameRegex }: Observed,
  items: readonly T[],
  nameOf: (item: T) => string | undefined,
): readonly T[] {
  if (nameRegex === undefined) {
    return items;
  }
  const named = items.filter((item) => nameOf(item) !== undefined);
  const matching = new Set(itemsWithName(named, (item) => nameOf(item)!, nameRegex, "The name to look for"));
  return items.filter((item) => nameOf(item) === undefined || matching.has(item));
}

function findingOf(observed: Observed, holding: Holding): Finding | "uncompared" | undefined {
  const { state, entry } = holding;
  const { accountId, configuredRegion } = observed;
  const view = observed.views.find(({ clusters }) => clusters.has(entry.hpcClusterId));
  if (view === undefined) {
    if (entry.accountId !== undefined && accountId !== undefined && entry.accountId !== accountId) {
      return {
        ...about("otherAccount", holding, entry.regionId),
        message: `was created in the account ${entry.accountId}, but the credentials are those of the account ${accountId}`,
        repairs: [auditWithAccount(state, entry.accountId)],
      };
    }
    const isRead =
      entry.regionId === undefined
        ? observed.isComplete
        : observed.views.some(({ regionId }) => regionId === entry.regionId);
    return isRead
      ? {
          ...about("gone", holding, entry.regionId),
          message:
            "is in the state, but the service does not show it" +
            (entry.accountId === undefined || accountId === undefined
              ? ": it has been deleted, or is in another account"
              : ""),
          repairs: [refresh(holding)],
        }
      : "uncompared";
  }
  if (entry.regionId !== undefined && view.regionId !== entry.regionId) {
    const item = view.clusters.get(entry.hpcClusterId)!;
    return {
      ...about("otherRegion", holding, view.regionId),
      message: `is in ${view.regionId}, but its entry says ${entry.regionId}`,
      repairs: takeWithRegion(holding, item, view.regionId, configuredRegion),
    };
  }
  return entry.isAdopted && !entry.isProtected
    ? {
        ...about("unprotected", holding, view.regionId),
        message:
          "is adopted, but not protected: a destroy, or the removal or renaming of the resource, deletes it",
        repairs: [protect(holding)],
      }
    : undefined;
}

/**
 * Whether one of the entries can delete the cluster of another. The old entry of a replacement that kept the cluster cannot: the
 * provider knows of both entries.
 */
function isShared(holdings: readonly Holding[]): boolean {
  const current = holdings.filter(({ entry }) => !entry.isBeingDeleted);
  return current.length > 1 || new Set(holdings.map(({ state }) => state)).size > 1;
}

function sharedFinding({ views }: Observed, holdings: readonly Holding[]): Finding {
  const [first] = holdings as [Holding, ...Holding[]];
  const { hpcClusterId } = first.entry;
  const view = views.find(({ clusters }) => clusters.has(hpcClusterId));
  const stacks = new Set(holdings.map(({ state }) => state)).size;
  return {
    ...about("shared", first, view?.regionId ?? first.entry.regionId),
    // A name that is a secret in one state is left out.
    name: holdings.every(({ entry }) => entry.name !== undefined) ? first.entry.name : undefined,
    entries: holdings.map(entryOf),
    message:
      `is in ${holdings.length} entries${stacks > 1 ? ` of ${stacks} states` : ""}: keep one, remove the others from their ` +
      "states and programs",
    repairs: holdings.map((holding) =>
      forget(holding, "if another entry keeps the cluster; then remove the resource from its program"),
    ),
  };
}

function unheldFinding(observed: Observed, regionId: string, item: HpcClusterItem): Finding {
  const { states, areAllStates, configuredRegion } = observed;
  const isOf = (creation: PendingCreation) => creation.name === item.Name && creation.regionId === regionId;
  const creator = states.find(({ creations }) => creations.some(isOf));
  const creation = creator?.creations.find(isOf);
  const found = {
    kind: "unheld" as const,
    hpcClusterId: item.HpcClusterId,
    regionId,
    name: item.Name,
    createdAt: item["CreationTime"],
    entries: [],
  };
  if (creator !== undefined && creation !== undefined) {
    const message = `is in no state, but has the name of ${creation.urn}, whose creation was interrupted`;
    return { ...found, message, repairs: [continueCreation(creator)] };
  }
  return areAllStates
    ? {
        ...found,
        message: "is in no state that was given",
        repairs: takeOrDelete(item, regionId, states, configuredRegion),
      }
    : {
        ...found,
        message: "is in none of the states that were read, and may be in one that could not be read",
        repairs: [],
      };
}

function about(
  kind: FindingKind,
  holding: Holding,
  regionId: string | undefined,
): Pick<Finding, "kind" | "hpcClusterId" | "regionId" | "name" | "entries"> {
  const { hpcClusterId, name }: Entry = holding.entry;
  return { kind, hpcClusterId, regionId, name, entries: [entryOf(holding)] };
}

function entryOf({ state: { source, stack }, entry: { urn } }: Holding): FindingEntry {
  return { urn, source, stack };
}
