import * as pulumi from "@pulumi/pulumi";

/** What the running program has declared so far in one stack. */
export interface StackMemory {
  /** The value of the stack's one ClientTokenSalt, once it is registered. */
  salt?: pulumi.Output<string | undefined>;
  /** Which resource adopts which cluster, and uses which ClientToken where. */
  readonly claims: Map<string, { resourceName: string }>;
}

/** Under a symbol of the global registry, so that two copies of this package in one program share it. */
const memoriesKey = Symbol.for("pulumi-alicloud-hpc.stackMemories");
type Memories = WeakMap<object, StackMemory>;

/** Stands for the stack where there is none: under `pulumi.runtime.setMocks`. */
const noStack = {};

/** The memory of the running stack. One process may run several: each has its own, under its root resource. */
export function stackMemory(): StackMemory {
  const registry = globalThis as { [memoriesKey]?: Memories | undefined };
  const memories = (registry[memoriesKey] ??= new WeakMap());
  const stack = (pulumi.runtime.getStackResource() as pulumi.Resource | undefined) ?? noStack;
  let memory = memories.get(stack);
  if (memory === undefined) {
    memory = { claims: new Map() };
    memories.set(stack, memory);
  }
  return memory;
}
