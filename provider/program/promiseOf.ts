import type * as pulumi from "@pulumi/pulumi";

/** A value, or the SDK's mark of a value that a preview does not know yet. An input may be either. */
export type MaybeUnknown<T> = T | typeof pulumi.unknown;

/** The value of an output, without its dependencies. A promise takes less time than an output made from it. */
export function promiseOf<T>(output: pulumi.Output<T>): Promise<MaybeUnknown<T>> {
  return (output as unknown as { promise(withUnknowns: true): Promise<MaybeUnknown<T>> }).promise(true);
}
