/** The rules of a cluster's inputs that can be checked without the service and without any setting. */
import { adviceAbout } from "../account/nearestName.ts";
import { propertyNames, rows, UNKNOWN, type EngineProperties, type Property } from "./properties.ts";

/** A rule that the inputs break. */
export interface CheckFailure {
  /** The property's name; empty where its value could be a secret, since the engine shows the value. */
  property: string;
  reason: string;
}

/** What `check` returns: the inputs to go on with, and everything that is wrong with them. */
export interface Checked {
  inputs: Record<string, unknown>;
  failures: CheckFailure[];
}

/**
 * Checks the inputs against the rules of the API reference, and fills in the default region.
 *
 * @param region the configured region, for a cluster without a `regionId`
 * @param missingRegion what to say if there is no region
 */
export function checkInputs(
  news: EngineProperties,
  region: string | undefined,
  missingRegion?: string,
): Checked {
  const inputs = Object.fromEntries(Object.entries(news).filter(([key, value]) => !isMissing(key, value)));
  if (inputs["regionId"] === undefined && region !== undefined) {
    inputs["regionId"] = region;
  }
  return {
    inputs,
    failures: [
      ...rows.flatMap(([property, row]) =>
        reasonsAgainst(
          property,
          property === "regionId" && missingRegion !== undefined ? { ...row, missing: missingRegion } : row,
          inputs[property],
        ).map((reason) => ({ property, reason })),
      ),
      ...Object.keys(inputs).flatMap(unknownPropertyFailures),
    ],
  };
}

/** null and undefined mean that there is no value; so does an empty text of an optional property. */
function isMissing(key: string, value: unknown): boolean {
  const isOptional = rows.some(([name, row]) => name === key && row.missing === undefined);
  return value === undefined || value === null || (value === "" && isOptional);
}

function reasonsAgainst(property: string, { missing, rule }: Property, value: unknown): string[] {
  if (value === UNKNOWN) {
    return [];
  }
  if (value === undefined) {
    return missing === undefined ? [] : [missing];
  }
  if (typeof value !== "string") {
    return [`${property} must be a string, but is ${kindOf(value)}; give a string.`];
  }
  return rule?.(value) ?? [];
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Properties that start with `__` belong to the SDK and this package. */
function unknownPropertyFailures(key: string): CheckFailure[] {
  if (key.startsWith("__") || (propertyNames as readonly string[]).includes(key)) {
    return [];
  }
  const advice = adviceAbout(key, propertyNames, "its properties are");
  // Without the property's name: the engine would print the value, which may be a misplaced secret key.
  return [{ property: "", reason: `${JSON.stringify(key)} is not a property of an HPC cluster: ${advice}` }];
}

/** The engine shows the value of a failed property, and so do some reasons: not those of secrets. */
export function withoutSecrets(
  secretNames: ReadonlySet<unknown>,
  failures: readonly CheckFailure[],
): CheckFailure[] {
  return failures.map((failure) =>
    secretNames.has(failure.property)
      ? {
          property: "",
          reason: `${failure.property} breaks a rule. Its value is a secret, so it is not shown; see the rules of ${failure.property}.`,
        }
      : failure,
  );
}
