/** `pulumi-alicloud-hpc/audit`: compares states with the service. */
import type { ConfigKeyName } from "../account/configKeys.ts";
import { regionIdReasons } from "../account/regions.ts";
import { problemTexts } from "../account/settingReader.ts";
import { readSettings } from "../account/settings.ts";
import { requireRegex } from "../cluster/nameRegex.ts";
import type { EcsClient } from "../ecs/client.ts";
import { systemClock, type Clock } from "../ecs/clock.ts";
import { connect } from "../ecs/connect.ts";
import { messageOf } from "../ecs/errors.ts";
import { auditConfiguration, unknownKeyReason } from "./configuration.ts";
import { readExportedState, type StackState } from "./exportedState.ts";
import { compare, type RegionView } from "./findings.ts";
import type { Holding } from "./repairs.ts";
import type { AuditReport, ExportedState, Finding, Unseen } from "./report.ts";
import { readAccount, readInstances, readRegion, readRegionIds, type Read } from "./service.ts";

export type * from "./report.ts";

/** What to compare, and with which account. */
export interface AuditOptions {
  /** The states. At least one. Give all stacks that have clusters in the account: a cluster of a stack that is left out is reported as `unheld`. */
  readonly states: readonly ExportedState[];
  /**
   * The configuration, by its key without `alicloud:`, e.g. `{ region: "cn-hangzhou", profile: "ops" }`. What is missing is read from
   * the environment, as by a provider. Structured values are JSON texts.
   */
  readonly config?: Readonly<Partial<Record<ConfigKeyName, string>>>;
  /** The regions to read. Default: all that DescribeRegions lists for the account, those in the states, and the configured one. */
  readonly regions?: readonly string[];
  /** Only clusters whose names match: a regular expression of JavaScript, with the flag u. Default: all. */
  readonly nameRegex?: string;
  /** How long reading the regions may take in all, milliseconds, 1 to 2,000,000,000. Default: 60,000. Counting instances takes at most 30 s more. */
  readonly timeoutMs?: number;
  /** Called with each region that has been read, and with what the audit waits for. Default: not called. */
  readonly onProgress?: (text: string) => void;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const LONGEST_TIMEOUT_MS = 2_000_000_000;
/** How long counting all instances may take. */
const INSTANCES_TIMEOUT_MS = 30_000;

/**
 * Compares states with the service, and reports what differs and how to repair it. It only reads: DescribeRegions,
 * DescribeHpcClusters, DescribeInstances and GetCallerIdentity.
 *
 * What cannot be read, such as a state that cannot be read or a region without permission, is part of the report.
 *
 * @throws if an option or the configuration cannot be used
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  return await auditWith(options, systemClock);
}

/**
 * The same, on another clock.
 *
 * @internal
 * @param unread the states that could not be opened
 */
export async function auditWith(
  options: AuditOptions,
  clock: Clock,
  unread: readonly Unseen[] = [],
): Promise<AuditReport> {
  const { nameRegex, onProgress = () => undefined } = options;
  requireValid(options, unread);
  const settings = readSettings(
    (key) => options.config?.[key.replace(/^alicloud:/, "") as ConfigKeyName],
    process.env,
    auditConfiguration,
  );
  if (settings.problems.length > 0) {
    throw new Error(problemTexts(settings.problems).join("\n"));
  }
  const { states, unseen, notes } = readStates(options.states);
  unseen.unshift(...unread);
  if (states.length === 0) {
    // Every cluster would be reported as in no state.
    const notes = ["No state could be read, so the service was not called."];
    return { exitCode: 2, accountId: undefined, states: [], regions: [], findings: [], unseen, notes };
  }
  const client = connect(settings, clock);
  const within = (ms: number) => client.forOperation({ deadline: clock.now() + ms, onWait: onProgress });
  const ecs = within(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const [account, regions] = await Promise.all([
    readAccount(ecs, settings.region),
    regionsToRead(ecs, options.regions, states, settings.region),
  ]);
  const reads = await readRegions(ecs, regions.ids, states, onProgress);
  const views = reads.flatMap(({ read }) => ("value" in read ? [read.value] : []));
  const accountId = "value" in account ? account.value : undefined;
  const { findings, uncompared } = compare({
    states,
    // At this point `unseen` contains only states.
    areAllStates: unseen.length === 0,
    views,
    isComplete: regions.isComplete && views.length === reads.length,
    accountId,
    configuredRegion: settings.region,
    nameRegex,
  });
  if ("error" in account && states.some(({ entries }) => entries.length > 0)) {
    unseen.push({
      subject: "the account of the credentials",
      reason: account.error,
      meaning: "A cluster that is reported as gone may be in another account.",
    });
  }
  if (regions.error !== undefined) {
    unseen.push({
      subject: "the list of regions",
      reason: regions.error,
      meaning: `Only ${regions.ids.join(", ") || "no region"} was read; clusters in other regions are not known. Give the regions to read.`,
    });
  }
  unseen.push(...unseenRegions(reads, uncompared));
  notes.push(...notesOn(uncompared, options.regions));
  const withoutRegion = uncompared.filter(({ entry }) => entry.regionId === undefined);
  if (withoutRegion.length > 0) {
    unseen.push({
      subject: `the region of ${urnsOf(withoutRegion)}`,
      reason: "it is a secret in the state, or only in the environment of its provider",
      meaning: "Whether the cluster still exists is not known: not all regions were read.",
    });
  }
  return {
    exitCode: unseen.length > 0 ? 2 : findings.length > 0 ? 1 : 0,
    accountId,
    states: states.map(({ source, stack, project, entries }) => ({
      ...{ source, stack, project },
      clusters: entries.length,
    })),
    regions: views.map(({ regionId, clusters }) => ({ regionId, clusters: clusters.size })),
    // A region that does not answer has used up the time of the others.
    findings: await withInstances(within(INSTANCES_TIMEOUT_MS), findings),
    unseen,
    notes,
  };
}

function requireValid(
  { states, config = {}, regions = [], nameRegex, timeoutMs = DEFAULT_TIMEOUT_MS }: AuditOptions,
  unread: readonly Unseen[],
): void {
  if (states.length + unread.length === 0) {
    throw new Error("Give at least one state.");
  }
  requireRegex(nameRegex, "The name to look for");
  const reasons = [
    ...regions.flatMap(regionIdReasons),
    ...Object.keys(config).flatMap((key) => unknownKeyReason(key) ?? []),
  ];
  if (reasons.length > 0) {
    throw new Error(reasons.join(" "));
  }
  if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMEOUT_MS)) {
    throw new Error(`The time-out must be a number of milliseconds from 1 to ${LONGEST_TIMEOUT_MS}.`);
  }
}

function readStates(given: readonly ExportedState[]): {
  states: StackState[];
  unseen: Unseen[];
  notes: string[];
} {
  const states: StackState[] = [];
  const unseen: Unseen[] = [];
  const notes: string[] = [];
  const texts = new Map<string, string>();
  for (const exported of given) {
    const { source, text } = exported;
    const before = texts.get(text);
    texts.set(text, before ?? source);
    try {
      const state = readExportedState(exported);
      if (before !== undefined && state.stack !== undefined) {
        notes.push(`${source} is the same state as ${before}, and is compared once.`);
        continue;
      }
      const sameStack = states.find(
        ({ stack, project }) => stack === state.stack && project === state.project,
      );
      if (sameStack !== undefined && state.stack !== undefined) {
        notes.push(
          `${sameStack.source} and ${source} both belong to the stack ${state.stack} of the project ${state.project ?? ""}. If they are ` +
            "two exports of one stack, give only the newer one: otherwise each cluster is reported as shared.",
        );
      }
      if (state.entries.length === 0) {
        notes.push(
          `${source} (${state.stack === undefined ? "no resources" : `stack ${state.stack} of the project ${state.project ?? ""}`}) holds ` +
            "no HPC cluster.",
        );
      }
      states.push(state);
    } catch (error) {
      unseen.push(unreadState(source, error));
    }
  }
  return { states, unseen, notes };
}

/**
 * @internal
 * @param error why the state could not be read
 */
export function unreadState(source: string, error: unknown): Unseen {
  return {
    subject: `the state ${source}`,
    reason: messageOf(error),
    meaning:
      "Its entries were not compared, and its clusters are reported as in no state: import, adopt or delete none of these before " +
      "this state has been read.",
  };
}

/** The regions to read, and whether these are all that the account has. */
async function regionsToRead(
  ecs: EcsClient,
  chosen: readonly string[] | undefined,
  states: readonly StackState[],
  configured: string | undefined,
): Promise<{ ids: string[]; isComplete: boolean; error?: string }> {
  if (chosen !== undefined && chosen.length > 0) {
    return { ids: [...new Set(chosen)], isComplete: false };
  }
  const known = states.flatMap(({ entries, creations }) =>
    [...entries, ...creations].map(({ regionId }) => regionId),
  );
  const listed = await readRegionIds(ecs);
  const all = [...("value" in listed ? listed.value : []), ...known, configured];
  const ids = [...new Set(all.filter((id) => id !== undefined))];
  return "value" in listed ? { ids, isComplete: true } : { ids, isComplete: false, error: listed.error };
}

interface RegionRead {
  readonly regionId: string;
  readonly read: Read<RegionView>;
}

async function readRegions(
  ecs: EcsClient,
  regionIds: readonly string[],
  states: readonly StackState[],
  onProgress: (text: string) => void,
): Promise<RegionRead[]> {
  let count = 0;
  const entries = states.flatMap((state) => state.entries);
  return await Promise.all(
    regionIds.map(async (regionId) => {
      const expected = entries.filter((entry) => entry.regionId === regionId);
      const read = await readRegion(
        ecs,
        regionId,
        expected.map(({ hpcClusterId }) => hpcClusterId),
      );
      count += 1;
      const result = "value" in read ? `clusters: ${read.value.clusters.size}` : "could not be read";
      onProgress(`${count} of ${regionIds.length} regions: ${regionId}, ${result}`);
      return { regionId, read };
    }),
  );
}

function unseenRegions(reads: readonly RegionRead[], uncompared: readonly Holding[]): Unseen[] {
  return reads.flatMap(({ regionId, read }) => {
    if ("value" in read) {
      return [];
    }
    const entries = uncompared.filter(({ entry }) => entry.regionId === regionId);
    return {
      subject: `the region ${regionId}`,
      reason: read.error,
      meaning:
        "Whether it has clusters that no state holds is not known" +
        (entries.length > 0
          ? `, nor whether the clusters of these entries still exist: ${urnsOf(entries)}.`
          : "."),
    };
  });
}

/** A note on the entries in regions that were not chosen. */
function notesOn(uncompared: readonly Holding[], chosen: readonly string[] | undefined): string[] {
  if (chosen === undefined || chosen.length === 0) {
    return [];
  }
  const elsewhere = uncompared.filter(
    ({ entry }) => entry.regionId !== undefined && !chosen.includes(entry.regionId),
  );
  return elsewhere.length === 0
    ? []
    : [
        `Not compared, because only ${chosen.join(", ")} was to be read: ` +
          `${elsewhere.map(({ entry }) => `${entry.urn} (${entry.regionId ?? ""})`).join(", ")}.`,
      ];
}

async function withInstances(ecs: EcsClient, findings: readonly Finding[]): Promise<Finding[]> {
  return await Promise.all(
    findings.map(async (finding) => {
      const { kind, regionId, hpcClusterId } = finding;
      return kind === "unheld" && regionId !== undefined
        ? { ...finding, instances: await readInstances(ecs, regionId, hpcClusterId) }
        : finding;
    }),
  );
}

function urnsOf(holdings: readonly Holding[]): string {
  return holdings.map(({ entry }) => entry.urn).join(", ");
}
