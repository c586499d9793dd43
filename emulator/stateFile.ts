import { readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  isRecord,
  problemsOfField,
  problemsOfObject,
  required,
  text,
  texts,
  whole,
  type Field,
  type Fields,
} from "./fields.ts";
import type { UsedToken } from "./idempotency.ts";
import type { StoreContent } from "./store.ts";

/** What a state file stores from one start to the next. */
export interface State {
  readonly version: 1;
  /** The first account's first key: it stays valid, so programs can go on using it. */
  readonly key: {
    readonly accountId: string;
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
  };
  readonly store: StoreContent;
  readonly tokens: readonly UsedToken[];
}

/** A state file that cannot be used. The file is not changed. */
export class StateFileError extends Error {
  constructor(path: string, reason: string) {
    super(
      `${path} is not a state file of this emulator: ${reason}. It was not changed: repair it, or choose another file.`,
    );
    this.name = "StateFileError";
  }
}

/**
 * Reads a state file; undefined if there is none yet.
 *
 * @throws StateFileError if it is damaged
 */
export function readStateFile(path: string): State | undefined {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  let state: unknown;
  try {
    state = JSON.parse(content);
  } catch (error) {
    throw new StateFileError(path, error instanceof Error ? error.message : String(error));
  }
  const [problem] = problemsOf(state);
  if (problem !== undefined) {
    throw new StateFileError(path, problem);
  }
  return state as State;
}

/** Replaces the file in one step: after a kill it contains the old state or the new one. */
export function writeStateFile(path: string, state: State): void {
  const next = `${path}.new`;
  // Only its owner may read it: it contains a key.
  writeFileSync(next, `${JSON.stringify(state, undefined, 1)}\n`, { mode: 0o600, flush: true });
  renameSync(next, path);
}

const anyText: Field<string> = {
  accepts: (value): value is string => typeof value === "string",
  mustBe: "a string",
};
const record: Field<Record<string, unknown>> = { accepts: isRecord, mustBe: "an object" };
const list: Field<readonly unknown[]> = {
  accepts: (value): value is readonly unknown[] => Array.isArray(value),
  mustBe: "a list",
};
const stateFields: Fields = {
  version: required({ accepts: (value): value is 1 => value === 1, mustBe: "1" }),
  ...{ key: required(record), store: required(record), tokens: required(list) },
};
const keyFields: Fields = {
  ...{ accountId: required(text), accessKeyId: required(text), accessKeySecret: required(text) },
};
const storeFields: Fields = {
  ...{ clusters: required(list), instances: required(list), started: required(whole(0)) },
};
const clusterFields: Fields = {
  ...{ accountId: required(text), regionId: required(text), hpcClusterId: required(text) },
  ...{ name: required(anyText), description: required(anyText) },
};
const instanceFields: Fields = {
  ...{ accountId: required(text), regionId: required(text), instanceId: required(text) },
  ...{ name: required(anyText), instanceType: required(text), imageId: required(text), hpcClusterId: text },
  ...{ zoneId: required(text), status: required(text) },
  ...{ privateIpAddresses: required(texts), rdmaIpAddresses: required(texts) },
};
const tokenFields: Fields = {
  ...{ key: required(text), parameters: required(text), since: required(whole(0)), answer: required(record) },
};

function problemsOf(state: unknown): string[] {
  const problems = objectProblems("", stateFields, state);
  if (problems.length > 0) {
    return problems;
  }
  const { key, store, tokens } = state as { key: unknown; store: Record<string, unknown>; tokens: unknown[] };
  const inner = [...objectProblems("key.", keyFields, key), ...objectProblems("store.", storeFields, store)];
  if (inner.length > 0) {
    return inner;
  }
  const { clusters, instances } = store as { clusters: unknown[]; instances: unknown[] };
  const wrong = [
    ...itemProblems("store.clusters", clusterFields, clusters),
    ...itemProblems("store.instances", instanceFields, instances),
    ...itemProblems("tokens", tokenFields, tokens),
  ];
  return wrong.length > 0 ? wrong : idProblems((state as State).store);
}

function objectProblems(where: string, fields: Fields, value: unknown): string[] {
  return isRecord(value)
    ? problemsOfObject(where, fields, value, "a state")
    : problemsOfField(where.replace(/\.$/, "") || "the content", record, value);
}

function itemProblems(where: string, fields: Fields, items: readonly unknown[]): string[] {
  return items.flatMap((item, index) => objectProblems(`${where}[${index}].`, fields, item));
}

/** Ids that exist twice, and instances in clusters that do not exist. */
function idProblems({ clusters, instances }: StoreContent): string[] {
  const clusterIds = clusters.map((cluster) => cluster.hpcClusterId);
  const ids = [...clusterIds, ...instances.map((instance) => instance.instanceId)];
  const twice = ids.filter((id, index) => ids.indexOf(id) < index).map((id) => `${id} exists twice`);
  const lost = instances
    .filter(({ hpcClusterId }) => hpcClusterId !== undefined && !clusterIds.includes(hpcClusterId))
    .map(({ instanceId, hpcClusterId }) => `${instanceId} is in ${hpcClusterId}, which does not exist`);
  return [...twice, ...lost];
}
