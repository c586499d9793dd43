/** What the user sees of an error or a warning: without the values of secrets, and without a stack trace. */
import { debuglog } from "node:util";
import type { EngineProperties } from "../cluster/properties.ts";
import { redactionOf, type Redact } from "../cluster/secretValues.ts";
import { InitializationError, outputsOf } from "../cluster/state.ts";
import { messageOf } from "../ecs/errors.ts";
import { isObject } from "../ecs/json.ts";

const debug = debuglog("alicloud-hpc");

/**
 * The names of the properties that are secret. The SDK drops the marks of secrets on the way here, so the program sends the names
 * (`__secretNames`).
 */
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

/** The same method, with errors as the SDK needs them. It passes the resource's inputs as the last argument. */
export function withErrorsForSdk<A extends unknown[], R>(
  run: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      const properties = args.filter(isObject);
      const redact = redactionFor(...properties);
      debug("%s", redact(String(error instanceof Error ? error.stack : error)));
      const message = redact(messageOf(error));
      throw error instanceof InitializationError
        ? new ResourceInitError(message, error, properties.at(-1) ?? {})
        : new ErrorWithoutStackTrace(message);
    }
  };
}

/** An error with these fields leaves the resource in the state: the engine shows `reasons`, and runs `update` next time. */
class ResourceInitError extends Error {
  readonly id: string;
  readonly properties: EngineProperties;
  readonly reasons: readonly string[];

  constructor(message: string, { state }: InitializationError, inputs: EngineProperties) {
    super(message);
    this.name = "ResourceInitError";
    this.id = state.hpcClusterId;
    // Unlike elsewhere, the SDK does not add `__provider` here.
    this.properties = { __provider: inputs["__provider"], ...outputsOf(state), ...secretNamesIn(inputs) };
    this.reasons = [message];
  }
}

/** For an error of check, read, diff or delete the SDK also prints `${error}: ${error.stack}`. */
class ErrorWithoutStackTrace extends Error {
  constructor(message: string) {
    super(message);
    this.name = "pulumi-alicloud-hpc";
    this.stack = message;
  }

  override toString(): string {
    return this.name;
  }
}
