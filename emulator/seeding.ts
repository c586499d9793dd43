import { problemsOfObject, required, text, texts, whole, isRecord, type Fields } from "./fields.ts";
import type { NewCluster, NewInstance, Store, StoredCluster, StoredInstance } from "./store.ts";

/** A cluster or an instance that cannot be added. */
export class SeedError extends Error {
  constructor(problems: readonly string[]) {
    super(["The body cannot be added:", ...problems.map((line) => `  ${line}`)].join("\n"));
    this.name = "SeedError";
  }
}

const place: Fields = { accountId: text, regionId: text };
const clusterFields: Fields = {
  ...{ name: required(text), description: text, ...place, hpcClusterId: text, instances: whole(0, 1000) },
};
const instanceFields: Fields = {
  ...{ hpcClusterId: text, ...place, zoneId: text, instanceId: text, name: text, instanceType: text },
  ...{ imageId: text, status: text, privateIpAddresses: texts, rdmaIpAddresses: texts },
};

/** Adds a cluster as `store.add` does, without the rules of the API. Throws SeedError. */
export function seedCluster(store: Store, regions: readonly string[], value: unknown): StoredCluster {
  const cluster = checked(clusterFields, regions, value, "a cluster");
  return added(() => store.add(cluster as unknown as NewCluster));
}

/** Starts an instance as `store.runInstance` does. Throws SeedError. */
export function seedInstance(store: Store, regions: readonly string[], value: unknown): StoredInstance {
  const instance = checked(instanceFields, regions, value, "an instance");
  return added(() => store.runInstance(instance as NewInstance));
}

function checked(
  fields: Fields,
  regions: readonly string[],
  value: unknown,
  of: string,
): Record<string, unknown> {
  if (!isRecord(value)) {
    throw new SeedError([`must be an object with the fields of ${of}`]);
  }
  const problems = problemsOfObject("", fields, value, of).slice(0, 20);
  const { regionId } = value;
  if (problems.length === 0 && regionId !== undefined && !regions.some((region) => region === regionId)) {
    problems.push(`regionId: must be one of ${regions.join(", ")}`);
  }
  if (problems.length > 0) {
    throw new SeedError(problems);
  }
  return value;
}

/** Turns an error of the store, such as an id that already exists, into a SeedError. */
function added<T>(add: () => T): T {
  try {
    return add();
  } catch (error) {
    throw new SeedError([(error as Error).message]);
  }
}
