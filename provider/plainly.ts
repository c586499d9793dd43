import { debuglog } from "node:util";
import { messageOf } from "./observation";

const debug = debuglog("alicloud-hpc");

/**
 * Of what goes wrong in check, read and delete the SDK prints also the stack, below the stack's resource. The user gets the
 * message alone; the stack goes to the debug log.
 */
export function plainly<A extends unknown[], R>(run: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      debug("%s", error instanceof Error ? error.stack : error);
      throw new PlainError(messageOf(error));
    }
  };
}

/** The SDK prints `${error}: ${error.stack}`. */
class PlainError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "pulumi-alicloud-hpc";
    this.stack = message;
  }

  override toString(): string {
    return this.name;
  }
}
