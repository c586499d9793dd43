/** The commands that repair what an audit has found. */
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import { clusterTypes, officialType } from "../resourceTypes.ts";
import type { Entry, Host, StackState } from "./exportedState.ts";
import type { Repair } from "./report.ts";

/** An entry, and the state that has it. */
export interface Holding {
  readonly state: StackState;
  readonly entry: Entry;
}

/** Brings a cluster that no state holds into a state, or deletes it. */
export function takeOrDelete(
  { HpcClusterId: id, Name, Description }: HpcClusterItem,
  regionId: string,
  states: readonly StackState[],
  configuredRegion: string | undefined,
): Repair[] {
  const withEntries = states.filter(({ entries }) => entries.length > 0);
  const [only, ...others] = withEntries.length > 0 ? withEntries : states;
  const stack = others.length === 0 ? only?.stack : undefined;
  const used = new Set(states.flatMap(({ entries }) => entries.map(({ host }) => host)));
  const host = (["plugin", "dynamic", "official"] as const).find((each) => used.has(each)) ?? "dynamic";
  return [
    take(host, { id, regionId, name: Name, description: Description }, stack, configuredRegion),
    {
      command: `aliyun ecs DeleteHpcCluster --RegionId ${regionId} --HpcClusterId ${quotedForShell(id)}`,
      purpose: "to delete it, if nobody needs it",
    },
  ];
}

function take(
  host: Host,
  cluster: { id: string; regionId: string; name: string; description: string | undefined },
  stack: string | undefined,
  configuredRegion: string | undefined,
): Repair {
  const { id, regionId, name, description } = cluster;
  if (host === "dynamic") {
    const args = [
      `name: ${JSON.stringify(name)}`,
      `regionId: ${JSON.stringify(regionId)}`,
      ...(description === undefined ? [] : [`description: ${JSON.stringify(description)}`]),
      `adopt: ${JSON.stringify(id)}`,
    ];
    return {
      command: `new HpcCluster(${JSON.stringify(name)}, { ${args.join(", ")} });`,
      purpose: `to keep it: in the program of the stack ${stack ?? "that it is for"}, then pulumi up`,
    };
  }
  const type = host === "plugin" ? clusterTypes.plugin : officialType;
  const region = regionId === configuredRegion ? "" : `ALICLOUD_REGION=${regionId} `;
  return {
    command: `${region}pulumi import ${type} ${quotedForShell(name)} ${quotedForShell(id)}${stackOption(stack)}`,
    purpose: "to keep it",
  };
}

/** Continues a creation that was interrupted. */
export function continueCreation({ stack }: StackState): Repair {
  return { command: `pulumi up${stackOption(stack)}`, purpose: "continues with this cluster" };
}

/** Removes an entry whose cluster is gone. */
export function refresh({ state: { stack }, entry: { urn } }: Holding): Repair {
  return {
    command: `pulumi refresh${stackOption(stack)} --target ${quotedForShell(urn)}`,
    purpose:
      "removes the entry; the next pulumi up creates another cluster, if the program still declares it",
  };
}

/** Removes an entry and leaves its cluster. */
export function forget({ state: { stack }, entry: { urn, isProtected } }: Holding, purpose: string): Repair {
  const force = isProtected ? " --force" : "";
  return { command: `pulumi state delete ${quotedForShell(urn)}${force}${stackOption(stack)}`, purpose };
}

/** Removes an entry, and adopts or imports its cluster again, with the region that it is in. */
export function takeWithRegion(
  holding: Holding,
  item: HpcClusterItem,
  regionId: string,
  configuredRegion: string | undefined,
): Repair[] {
  const { state, entry } = holding;
  // The name is not shown if it is a secret in the state.
  const name = entry.name ?? "<name>";
  const cluster = { id: entry.hpcClusterId, regionId, name, description: undefined };
  const description = entry.name === undefined ? undefined : item.Description;
  return [
    forget(holding, "removes the entry, and leaves the cluster"),
    take(entry.host, { ...cluster, description }, state.stack, configuredRegion),
  ];
}

/** Protects an entry. */
export function protect({ state: { stack }, entry: { urn } }: Holding): Repair {
  return {
    command: `pulumi state protect ${quotedForShell(urn)}${stackOption(stack)}`,
    purpose: "and give the resource the option protect: true, or the next pulumi up removes the protection",
  };
}

/** Audits a state with the credentials of another account. */
export function auditWithAccount({ source, stack }: StackState, accountId: string): Repair {
  const state = source === stack ? stackOption(stack).trim() : quotedForShell(source);
  return {
    command: `npx pulumi-alicloud-hpc audit --profile <profile> ${state}`,
    purpose: `with a profile of the account ${accountId}`,
  };
}

function stackOption(stack: string | undefined): string {
  return ` --stack ${stack === undefined ? "<stack>" : quotedForShell(stack)}`;
}

/** One word of a POSIX shell. */
function quotedForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
