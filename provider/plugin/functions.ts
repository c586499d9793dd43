import { adviceAbout } from "../account/nearestName.ts";
import { lookupNamed, lookups, type LookupArgs, type LookupName } from "../cluster/lookups.ts";
import { textOf, type EngineProperties } from "../cluster/properties.ts";
import { ecsOf, type Operation } from "../cluster/operation.ts";
import { PACKAGE } from "../resourceTypes.ts";

const functions = new Map(
  (Object.keys(lookups) as LookupName[]).map((name) => [`${PACKAGE}:index:${name}`, lookupNamed(name)]),
);

/**
 * Runs a function of the schema.
 *
 * @throws if there is no such function, or an argument is wrong
 */
export async function invoke(operation: Operation, token: string, args: EngineProperties): Promise<object> {
  const lookup = functions.get(token);
  if (lookup === undefined) {
    throw new Error(`There is no function ${token}; there are ${[...functions.keys()].join(", ")}.`);
  }
  requireArguments(token, lookup.args, args);
  const query: LookupArgs = Object.fromEntries(
    lookup.args.map((name) => [name, name === "ids" ? textListOf(args, name) : textOf(args, name)]),
  );
  const found = await lookup.find(query, async (regionId) => ({
    ecs: await ecsOf(operation),
    regionId: operation.session.regionOf({ regionId }),
  }));
  return lookup.list === undefined ? found : { [lookup.list]: found };
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

function textListOf(args: EngineProperties, name: string): string[] | undefined {
  const value = args[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new Error(`${name} must be a list of strings.`);
  }
  return value;
}
