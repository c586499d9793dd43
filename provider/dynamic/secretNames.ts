/** Which properties are secret. The SDK drops the marks of secrets on the way here, so the program sends the names (`__secretNames`). */
import type { EngineProperties } from "../cluster/properties";
import { redactionOf, type Redact } from "../cluster/secretValues";

/** The names of the properties that are secret. */
export function secretNamesOf({ __secretNames: names }: EngineProperties): ReadonlySet<unknown> {
  return new Set<unknown>(Array.isArray(names) ? names : []);
}

/** The names as a property to store; empty if there is none. The state keeps them for the messages of later operations. */
export function secretNamesIn(properties: EngineProperties): EngineProperties {
  const names = [...secretNamesOf(properties)];
  return names.length === 0 ? {} : { __secretNames: names };
}

/** Removes the values of the properties that are secret. */
export function redactionFor(...all: readonly EngineProperties[]): Redact {
  const names = new Set(all.flatMap((properties) => [...secretNamesOf(properties)]));
  return redactionOf(all.flatMap((each) => [...names].map((name) => each[String(name)])));
}
