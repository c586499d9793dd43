/**
 * Promise: never two clusters for a resource, and none lost, where that depends on the engine: its provider ids, which are the salt
 * of the ClientTokens, its order, its state after a crash.
 */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { expect, vi } from "vitest";
import type { ActionName, Emulator } from "../../emulator/emulator.ts";
import { clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import { isAlive } from "../engine/engine.ts";
import type { Program, RunningOperation, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "../fault/localEcs.ts";
import { importClusters } from "./importClusters.ts";
import {
  type ClusterArgs,
  createPluginStack,
  PluginCluster,
  PluginProvider,
  providerArgs,
  urnOf,
} from "./pluginCluster.ts";

// Many operations each. An operation takes ten seconds if every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const idsInState = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);
const providers = (stack: TestStack) => stack.state().resources("pulumi:providers:alicloud-hpc");

const program =
  (args: ClusterArgs, opts?: CustomResourceOptions): Program =>
  async () => ({ id: new PluginCluster("rendering", args, opts).id });

/** An `up` that is killed as soon as the service has carried out the action. */
async function upKilledAfter(
  ecs: Emulator,
  stack: TestStack,
  action: ActionName,
  kill: (operation: RunningOperation<"up">) => void,
): Promise<void> {
  const hold = ecs.hold({ action, when: "afterCommit" });
  const operation = stack.start("up");
  await hold.reached;
  kill(operation);
  hold.drop();
  await failureOf(operation.result);
}

/** What a user does after a crash. */
async function recover(stack: TestStack): Promise<void> {
  await stack.cancel();
  await stack.up();
}

/** SIGKILL of the plugin and of the engine. */
function killAll(operation: RunningOperation<"up">): void {
  const plugins = operation.pids("provider");
  operation.kill("engine");
  for (const pid of plugins) {
    process.kill(pid, "SIGKILL");
  }
}

test("SIGKILL of plugin and engine after the commit of create, update and delete: an ordinary up ends with the same cluster", async ({
  ecs,
}) => {
  await using stack = await createPluginStack(ecs, { program: program({ name: "render-farm" }) });
  await upKilledAfter(ecs, stack, "CreateHpcCluster", killAll);
  const committed = storedIds(ecs);
  expect(committed).toHaveLength(1);
  expect(idsInState(stack)).toEqual([]);
  // The engine had the salt in the state before the first create.
  const [provider] = providers(stack);
  await recover(stack);
  expect(storedIds(ecs)).toEqual(committed);
  expect(idsInState(stack)).toEqual(committed);
  expect(new Set(sentTokens(ecs)).size).toBe(1);
  expect(providers(stack)).toMatchObject([{ id: provider?.id, urn: expect.stringContaining("default") }]);

  stack.setProgram(program({ name: "farm-2" }));
  await upKilledAfter(ecs, stack, "ModifyHpcClusterAttribute", killAll);
  expect(ecs.store.clusters()).toMatchObject([{ name: "farm-2" }]);
  expect(clustersInState(stack)).toMatchObject([{ outputs: { name: "render-farm" } }]);
  await recover(stack);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: committed[0], name: "farm-2" }]);
  expect(clustersInState(stack)).toMatchObject([{ id: committed[0], outputs: { name: "farm-2" } }]);

  stack.setProgram(async () => {});
  await upKilledAfter(ecs, stack, "DeleteHpcCluster", killAll);
  expect(storedIds(ecs)).toEqual([]);
  expect(idsInState(stack)).toEqual(committed);
  await recover(stack);
  expect(idsInState(stack)).toEqual([]);
});

test("SIGKILL of the plugin of an explicit provider after the commit of a create: the next up has the same cluster", async ({
  ecs,
}) => {
  await using stack = await createPluginStack(ecs, {
    program: async () => {
      const provider = new PluginProvider("explicit", providerArgs(ecs));
      new PluginCluster("rendering", { name: "render-farm" }, { provider });
    },
  });
  await upKilledAfter(ecs, stack, "CreateHpcCluster", (operation) => operation.kill("provider"));
  const committed = storedIds(ecs);
  expect(committed).toHaveLength(1);
  expect(idsInState(stack)).toEqual([]);
  await stack.up();
  expect(storedIds(ecs)).toEqual(committed);
  expect(idsInState(stack)).toEqual(committed);
});

test("a first up with clusters as its targets creates these, the others are no conflict, and the next up goes on", async ({
  ecs,
}) => {
  await using stack = await createPluginStack(ecs, {
    program: async () => {
      const provider = new PluginProvider("explicit", providerArgs(ecs));
      for (const name of ["one", "two"]) {
        new PluginCluster(name, { name });
        new PluginCluster(`${name}-explicit`, { name: `${name}-explicit` }, { provider });
      }
    },
  });
  await stack.up({ target: [urnOf("one"), urnOf("one-explicit")] });
  expect(
    ecs.store
      .clusters()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(["one", "one-explicit"]);
  const salts = (): unknown[] =>
    providers(stack)
      .map(({ id }) => id)
      .toSorted();
  const before = salts();
  expect(before).toHaveLength(2);
  expect(clusterOps(await stack.up())).toEqual({
    ...{ one: ["same"], "one-explicit": ["same"], two: ["create"], "two-explicit": ["create"] },
  });
  expect(idsInState(stack).toSorted()).toEqual(storedIds(ecs).toSorted());
  expect(salts()).toEqual(before);
});

test("a plugin whose engine is killed creates nothing more, and ends", async ({ ecs }) => {
  const fault = ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster" });
  await using stack = await createPluginStack(ecs, { program: program({ name: "render-farm" }) });
  const operation = stack.start("up");
  await operation.event(({ diagnosticEvent }) => diagnosticEvent?.message.includes("next call in") ?? false);
  const plugins = operation.pids("provider");
  expect(plugins).toHaveLength(1);
  operation.kill("engine");
  await failureOf(operation.result);
  await vi.waitFor(() => expect(plugins.filter(isAlive)).toEqual([]), { timeout: 60_000 });
  fault.remove();
  expect(storedIds(ecs)).toEqual([]);
});

test("stacks with the same resources have clusters of their own", async ({ ecs }) => {
  const make = (stackName: string) =>
    createPluginStack(ecs, { program: program({ name: "render-farm" }), stackName });
  await using one = await make("test");
  // A stack of the same name in another backend has the same URNs.
  await using other = await make("test");
  await one.up();
  await other.up();
  expect(clustersInState(other)[0]?.urn).toBe(clustersInState(one)[0]?.urn);
  expect(storedIds(ecs)).toHaveLength(2);
  expect([...idsInState(one), ...idsInState(other)]).toEqual(storedIds(ecs));
});

// A version is part of the default provider's name, and so another version is another provider with another id.
test("a version in the resource options that changes after a crash makes a second cluster, and a warning names the first one", async ({
  ecs,
}) => {
  const versioned = (version: string) => program({ name: "render-farm" }, { version });
  await using stack = await createPluginStack(ecs, { program: versioned("0.1.0") });
  await upKilledAfter(ecs, stack, "CreateHpcCluster", killAll);
  const [lost] = storedIds(ecs);
  await stack.cancel();
  stack.setProgram(versioned("0.2.0"));
  const { output } = await stack.up();
  expect(output).toMatch(new RegExp(`warning: cn-hangzhou already has .*"render-farm": ${lost}.*look whose`));
  expect(storedIds(ecs)).toHaveLength(2);
});

test("two resources with one cluster fail in preview, which names both and what to do", async ({ ecs }) => {
  const { hpcClusterId } = ecs.store.add({ name: "render-farm" });
  await using stack = await createPluginStack(ecs, {
    program: async () => {
      for (const name of ["one", "other"]) {
        new PluginCluster(name, { name: "farm-2" }, { protect: true });
      }
    },
  });
  const [one, other] = ["one", "other"].map((name) => ({ name, id: hpcClusterId }));
  // A run that imports both refuses the second one: rpc.test.ts. One that imports it alone shows the plugin nothing of the first.
  await importClusters(stack, [one!]);
  await importClusters(stack, [other!]);
  expect(idsInState(stack)).toEqual([hpcClusterId, hpcClusterId]);
  const { output } = await failureOf(stack.preview());
  expect(output).toMatch(
    new RegExp(`${hpcClusterId} belongs to both the resource "(one|other)" and the resource "(one|other)"`),
  );
  expect(output).toContain(`pulumi state delete '${urnOf("one")}'`);
  expect(output).toContain(`pulumi state delete '${urnOf("other")}'`);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId }]);
});
