import type { Output } from "@pulumi/pulumi";

/** The value of an output, once it is known. */
export function valueOf<T>(value: Output<T>): Promise<T> {
  return (value as unknown as { promise(): Promise<T> }).promise();
}
