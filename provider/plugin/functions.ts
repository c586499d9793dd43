import { adviceAbout } from "../account/nearestName";
import {
  findCluster,
  findClusters,
  findInstances,
  findRegions,
  findSccTypes,
  type LookupPlace,
} from "../cluster/lookups";
import { textOf, type EngineProperties } from "../cluster/properties";
import { ecsOf, type Operation } from "../cluster/operation";

type Lookup = (operation: Operation, args: EngineProperties) => Promise<object>;

const functions: Readonly<Record<string, { args: readonly string[]; run: Lookup }>> = {
  "alicloud-hpc:index:getHpcCluster": {
    args: ["id", "name", "regionId"],
    run: (operation, args) =>
      findCluster({ id: textOf(args, "id"), name: textOf(args, "name") }, placeOf(operation, args)),
  },
  "alicloud-hpc:index:getHpcClusters": {
    args: ["regionId", "ids", "nameRegex"],
    run: async (operation, args) => ({
      clusters: await findClusters(
        { ids: textsOf(args, "ids"), nameRegex: textOf(args, "nameRegex") },
        placeOf(operation, args),
      ),
    }),
  },
  "alicloud-hpc:index:getRegions": {
    args: [],
    run: async (operation) => ({ regions: await findRegions(await ecsOf(operation)) }),
  },
  "alicloud-hpc:index:getHpcClusterInstances": {
    args: ["id", "regionId"],
    run: async (operation, args) => ({
      instances: await findInstances(textOf(args, "id"), placeOf(operation, args)),
    }),
  },
  "alicloud-hpc:index:getSccInstanceTypes": {
    args: ["regionId"],
    run: async (operation, args) => ({ instanceTypes: await findSccTypes(await placeOf(operation, args)()) }),
  },
};

/**
 * Runs a function of the schema.
 *
 * @throws if there is no such function, or an argument is wrong
 */
export async function invoke(operation: Operation, token: string, args: EngineProperties): Promise<object> {
  const found = Object.hasOwn(functions, token) ? functions[token] : undefined;
  if (found === undefined) {
    throw new Error(`There is no function ${token}; there are ${Object.keys(functions).join(", ")}.`);
  }
  requireArguments(token, found.args, args);
  return await found.run(operation, args);
}

/** @throws if an argument is unknown, or not a string. `ids` is checked where it is read. */
export function requireArguments(caller: string, known: readonly string[], args: EngineProperties): void {
  for (const [name, value] of Object.entries(args)) {
    if (!known.includes(name)) {
      const advice = adviceAbout(name, known, "its arguments are");
      throw new Error(`${caller}: ${JSON.stringify(name)} is not an argument: ${advice}`);
    }
    if (name !== "ids" && value !== null && typeof value !== "string") {
      throw new Error(`${caller}: ${name} must be a string.`);
    }
  }
}

function placeOf(operation: Operation, args: EngineProperties): () => Promise<LookupPlace> {
  return async () => ({
    ecs: await ecsOf(operation),
    regionId: operation.session.regionOf(args),
  });
}

function textsOf(args: EngineProperties, name: string): string[] | undefined {
  const value = args[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new Error(`${name} must be a list of strings.`);
  }
  return value;
}
