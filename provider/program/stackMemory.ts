import * as pulumi from "@pulumi/pulumi";
import { getOrCreate } from "../ecs/getOrCreate";

/** What the running program has declared so far in one stack. */
export interface StackMemory {
  /** The value of the stack's ClientTokenSalt, once it is registered. */
  salt?: pulumi.Output<string | undefined>;
  /** Which resource claims what (claims.ts). */
  readonly claims: Map<string, { resourceName: string }>;
}

/** A symbol of the global registry, so that two copies of this package in one program share the memory. */
const memoriesKey = Symbol.for("pulumi-alicloud-hpc.stackMemories");
type Memories = WeakMap<object, StackMemory>;

/** Stands for the stack where there is none: under `pulumi.runtime.setMocks`. */
const noStack = {};

/** The memory of the running stack. One process may run several; each has its own, kept by its root resource. */
export function stackMemory(): StackMemory {
  const registry = globalThis as { [memoriesKey]?: Memories | undefined };
  const memories = (registry[memoriesKey] ??= new WeakMap());
  const stack = (pulumi.runtime.getStackResource() as pulumi.Resource | undefined) ?? noStack;
  return getOrCreate(memories, stack, () => ({ claims: new Map() }));
}
