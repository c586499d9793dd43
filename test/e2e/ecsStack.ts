/** Stacks on the real engine whose account is a local ECS, and what the tests look at in them. */
import type { automation } from "@pulumi/pulumi";
import type { Emulator } from "../../emulator/emulator.ts";
import {
  type ConfigInput,
  type OperationError,
  type StackOptions,
  type StateResource,
  type TestStack,
  type Transcript,
  createStack,
} from "../engine/stack.ts";

/** The type of the dynamic provider's clusters in steps and states. */
export const clusterType = "pulumi-nodejs:dynamic/alicloud:HpcCluster";

/** The region of clusters that name none. */
export const defaultRegion = "cn-hangzhou";

/** As for `createStack`; a configuration value of undefined takes away one that the local ECS would have set. */
export interface EcsStackOptions extends Omit<StackOptions, "config"> {
  config?: Record<string, ConfigInput | undefined>;
  /** Of the configuration. Default: that of the dynamic provider, which the plugin's classes take too. */
  namespace?: "alicloud" | "alicloud-hpc";
}

/** The stack configuration of a user of that service: region, keys and endpoint. */
export function configurationFor(
  ecs: Emulator,
  namespace: EcsStackOptions["namespace"] = "alicloud",
): Record<string, ConfigInput> {
  return {
    [`${namespace}:region`]: defaultRegion,
    [`${namespace}:accessKey`]: ecs.accessKeyId,
    [`${namespace}:secretKey`]: { value: ecs.accessKeySecret, secret: true },
    [`${namespace}:endpoints`]: JSON.stringify([{ ecs: ecs.endpoint }]),
  };
}

/** Makes a stack whose clusters are those of a local ECS; nothing has run yet. */
export function createEcsStack(
  ecs: Emulator,
  { namespace, ...options }: EcsStackOptions,
): Promise<TestStack> {
  const config: Record<string, ConfigInput> = {};
  for (const [key, value] of Object.entries({ ...configurationFor(ecs, namespace), ...options.config })) {
    if (value !== undefined) {
      config[key] = value;
    }
  }
  return createStack({ ...options, config });
}

/** What the engine did with each cluster, by the resource's name and in this order; `same` included. */
export function clusterOps({ steps }: Pick<Transcript, "steps">): Record<string, automation.OpType[]> {
  const ops: Record<string, automation.OpType[]> = {};
  for (const { type, name, op } of steps) {
    if (type.endsWith(":HpcCluster")) {
      (ops[name] ??= []).push(op);
    }
  }
  return ops;
}

/** The clusters in the state file, of either host. */
export function clustersInState(stack: TestStack): StateResource[] {
  return stack.state().resources(":HpcCluster");
}

/** The error of an operation that has to fail. */
export async function failureOf(operation: Promise<Transcript>): Promise<OperationError> {
  let transcript: Transcript;
  try {
    transcript = await operation;
  } catch (error) {
    if (error instanceof Error && "output" in error) {
      return error as OperationError;
    }
    throw error;
  }
  throw new Error(`the operation did not fail:\n${transcript.output}`);
}

/** Every call so far that would change something, carried out or not: action and parameters. */
export function changingCalls(
  ecs: Emulator,
): { action: string; params: Readonly<Record<string, unknown>> }[] {
  return ecs.requests
    .filter(({ action }) => !/^(Describe|Get)/.test(action))
    .map(({ action, params }) => ({ action, params }));
}
