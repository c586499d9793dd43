import * as pulumi from "@pulumi/pulumi";

/**
 * An error that the engine shows without a stack trace. For a RunError that is true only until the program's last line has run:
 * the SDK prints the stack of every error that comes later, e.g. from a promise.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}
