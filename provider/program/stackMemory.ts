import * as pulumi from "@pulumi/pulumi";
import { mockMonitor, type MaybeUnknown } from "./sdkInternals.ts";

/** A resource that claims what only one resource of the stack may have (claims.ts). */
export interface Claim {
  readonly resourceName: string;
  /** The stack of the resource: a claim may be settled when another stack runs in the same process. */
  readonly stack: object;
  /** Once it is registered. */
  urn?: string;
}

/** What the running program has declared so far in one stack. */
export interface StackMemory {
  /** The value of the stack's ClientTokenSalt, once it is registered. */
  salt?: Promise<MaybeUnknown<string | undefined>>;
  /** The plugin's provider for the stack's configuration, once it has been decided whether there is one. */
  pluginProvider?: { provider: pulumi.ProviderResource | undefined };
  /** Which resource claims what (claims.ts). */
  readonly claims: Map<string, Claim>;
}

/** A symbol of the global registry, so that two copies of this package in one program share the memory. */
const memoriesKey = Symbol.for("pulumi-alicloud-hpc.stackMemories");
type Memories = WeakMap<object, StackMemory>;

/** Stands for the stack where there is none. */
const noStack = {};

/** The memory of the running stack. One process may run several; each has its own, kept by its root resource. */
export function stackMemory(stack = runningStack()): StackMemory {
  const registry = globalThis as { [memoriesKey]?: Memories | undefined };
  const memories = (registry[memoriesKey] ??= new WeakMap());
  let memory = memories.get(stack);
  if (memory === undefined) {
    memory = { claims: new Map() };
    memories.set(stack, memory);
  }
  return memory;
}

/** The root resource of the running stack; without the engine, the mocks that take its place. */
export function runningStack(): object {
  const stack = pulumi.runtime.getStackResource() as pulumi.Resource | undefined;
  return stack ?? mockMonitor() ?? noStack;
}
