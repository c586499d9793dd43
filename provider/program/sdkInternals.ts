/** What the SDK has, but does not declare, and its error. */
import * as pulumi from "@pulumi/pulumi";

/** A value, or the SDK's mark of a value that a preview does not know yet. An input may be either. */
export type MaybeUnknown<T> = T | typeof pulumi.unknown;

/** The value of an output, without its dependencies. A promise takes less time than an output made from it. */
export function promiseOf<T>(output: pulumi.Output<T>): Promise<MaybeUnknown<T>> {
  return (output as unknown as { promise(withUnknowns: true): Promise<MaybeUnknown<T>> }).promise(true);
}

/** Whether an output is known: in a preview it may not be. */
export function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  return (output as unknown as { isKnown: Promise<boolean> }).isKnown;
}

/** The resources that an output comes from. */
export async function resourcesOf(output: pulumi.Output<unknown>): Promise<pulumi.Resource[]> {
  const withResources = output as unknown as { allResources(): Promise<ReadonlySet<pulumi.Resource>> };
  return [...(await withResources.allResources())];
}

/** Whether a parent is protected: its children are too, unless they say otherwise. */
export function protectOf(parent: pulumi.Resource | undefined): boolean | undefined {
  return (parent as { __protect?: boolean } | undefined)?.__protect;
}

/** What the program has declared so far as a child of this resource. Where the SDK does not note it, the list is empty. */
export function childrenOf(
  parent: object,
): Iterable<{ readonly __pulumiType?: string; readonly __name?: string }> {
  return (parent as { __childResources?: ReturnType<typeof childrenOf> }).__childResources ?? [];
}

/**
 * Whether a value is a resource of that type. As in the SDK's generated packages, nothing else is compared: the resource may be of
 * another copy of this package, and a policy pack asks with an object that has only a type.
 */
export function isOfType(type: string, value: unknown): boolean {
  return (value as { __pulumiType?: unknown } | null | undefined)?.__pulumiType === type;
}

/**
 * What takes the engine's place after `pulumi.runtime.setMocks`, a new object each time; undefined on the engine. The SDK does not
 * export its class, and a program may contain two copies of the SDK.
 */
export function mockMonitor(): object | undefined {
  const monitor: object | undefined = pulumi.runtime.getMonitor();
  return monitor !== undefined && "mocks" in monitor ? monitor : undefined;
}

/**
 * An error that the engine shows without a stack trace. For a RunError that is true only until the program's last line has run:
 * the SDK prints the stack of every error that comes later, e.g. from a promise.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}
