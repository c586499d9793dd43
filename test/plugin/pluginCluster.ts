/** Clusters of the plugin on the real engine, declared without a generated SDK; e2e/ecsStack.ts has what the tests look at. */
import {
  CustomResource,
  type CustomResourceOptions,
  type Input,
  type Output,
  ProviderResource,
  type ResourceOptions,
} from "@pulumi/pulumi";
import type { Emulator } from "../../emulator/emulator.ts";
import { type EcsStackOptions, configurationFor, createEcsStack } from "../e2e/ecsStack.ts";
import type { TestStack } from "../engine/stack.ts";

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

/** The arguments of an explicit provider for that service: region, keys and endpoint. */
export function providerArgs(ecs: Emulator): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configurationFor(ecs)).map(([key, value]) => [
      key.replace(/^alicloud:/, ""),
      typeof value === "string" ? value : value.value,
    ]),
  );
}

/** Makes a stack whose clusters are those of a local ECS, with the plugin's own configuration; nothing has run yet. */
export function createPluginStack(ecs: Emulator, options: EcsStackOptions): Promise<TestStack> {
  return createEcsStack(ecs, { ...options, namespace: "alicloud-hpc" });
}

/** The URN of a cluster without a parent in a test's stack. */
export function urnOf(name: string): string {
  return `urn:pulumi:test::hpc::${clusterType}::${name}`;
}
