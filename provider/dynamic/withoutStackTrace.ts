import { debuglog } from "node:util";
import { messageOf } from "../ecs/errors";
import { isObject } from "../ecs/json";
import { redactionFor } from "./secretNames";

const debug = debuglog("alicloud-hpc");

/**
 * For an error thrown by check, read, diff or delete the SDK also prints the stack trace. Logs it, and shows only the message,
 * without the values of secrets.
 */
export function withoutStackTrace<A extends unknown[], R>(
  run: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      const redact = redactionFor(...args.filter(isObject));
      debug("%s", redact(String(error instanceof Error ? error.stack : error)));
      throw new ErrorWithoutStackTrace(redact(messageOf(error)));
    }
  };
}

/** The SDK prints `${error}: ${error.stack}`. */
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
