/** Clusters of the plugin on the real engine, declared without a generated SDK, and what the tests look at in them. */
import {
  CustomResource,
  type CustomResourceOptions,
  type Input,
  type Output,
  ProviderResource,
  type ResourceOptions,
} from "@pulumi/pulumi";
import type { automation } from "@pulumi/pulumi";
import type { Emulator } from "../../emulator/emulator.ts";
import { configurationFor } from "../e2e/ecsStack.ts";
import {
  type ConfigInput,
  type StackOptions,
  type StateResource,
  type TestStack,
  type Transcript,
  createStack,
} from "../engine/stack.ts";

/** The type of every HPC cluster of the plugin in steps and states. */
export const clusterType = "alicloud-hpc:index:HpcCluster";

/** The arguments of a cluster. */
export interface ClusterArgs {
  name?: Input<string>;
  regionId?: Input<string>;
  description?: Input<string>;
  clientToken?: Input<string>;
  adopt?: Input<string>;
}

/** A cluster of the plugin. */
export class PluginCluster extends CustomResource {
  declare readonly name: Output<string>;
  declare readonly regionId: Output<string>;
  declare readonly description: Output<string | undefined>;
  declare readonly requestId: Output<string | undefined>;

  constructor(name: string, args: ClusterArgs = {}, opts?: CustomResourceOptions) {
    // Every output is registered, also one that is not an input.
    const outputs = { name: undefined, regionId: undefined, description: undefined, requestId: undefined };
    super(clusterType, name, { ...outputs, ...args }, opts);
  }
}

/** An explicit provider of the plugin: a process of its own. */
export class PluginProvider extends ProviderResource {
  constructor(name: string, args: Record<string, Input<string>>, opts?: ResourceOptions) {
    super("alicloud-hpc", name, args, opts);
  }
}

/** The plugin's configuration for that service: region, keys and endpoint. */
export function pluginConfiguration(ecs: Emulator): Record<string, ConfigInput> {
  return Object.fromEntries(
    Object.entries(configurationFor(ecs)).map(([key, value]) => [
      key.replace(/^alicloud:/, "alicloud-hpc:"),
      value,
    ]),
  );
}

/** The same as arguments of an explicit provider. */
export function providerArgs(ecs: Emulator): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configurationFor(ecs)).map(([key, value]) => [
      key.replace(/^alicloud:/, ""),
      typeof value === "string" ? value : value.value,
    ]),
  );
}

/** As for `createStack`; a configuration value of undefined takes away one that the local ECS would have set. */
export interface PluginStackOptions extends Omit<StackOptions, "config"> {
  config?: Record<string, ConfigInput | undefined>;
}

/** Makes a stack whose clusters are those of a local ECS; nothing has run yet. */
export async function createPluginStack(ecs: Emulator, options: PluginStackOptions): Promise<TestStack> {
  const config: Record<string, ConfigInput> = {};
  for (const [key, value] of Object.entries({ ...pluginConfiguration(ecs), ...options.config })) {
    if (value !== undefined) {
      config[key] = value;
    }
  }
  return await createStack({ ...options, config });
}

/** The URN of a cluster without a parent in a test's stack. */
export function urnOf(name: string): string {
  return `urn:pulumi:test::hpc::${clusterType}::${name}`;
}

/** The clusters in the state file. */
export function clustersInState(stack: TestStack): StateResource[] {
  return stack.state().resources(clusterType);
}

/** What the engine did with each cluster, by the resource's name and in this order; `same` included. */
export function clusterOps({ steps }: Pick<Transcript, "steps">): Record<string, automation.OpType[]> {
  const ops: Record<string, automation.OpType[]> = {};
  for (const { type, name, op } of steps) {
    if (type === clusterType) {
      (ops[name] ??= []).push(op);
    }
  }
  return ops;
}
