/**
 * Promise: never two clusters for a resource, and none lost, where that depends on the engine: its provider ids, which are the salt
 * of the ClientTokens, its order, its state after a crash.
 */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { describe, expect, vi } from "vitest";
import type { ActionName, Emulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import { isAlive } from "../engine/engine.ts";
import type { Program, RunningOperation, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "../fault/localEcs.ts";
import { importClusters, runImport } from "./importClusters.ts";
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

const victims = {
  "the plugin": (operation: RunningOperation<"up">) => operation.kill("provider"),
  "plugin and engine": (operation: RunningOperation<"up">) => {
    const plugins = operation.pids("provider");
    operation.kill("engine");
    for (const pid of plugins) {
      process.kill(pid, "SIGKILL");
    }
  },
};

describe.each([
  ["default", "plugin and engine"],
  ["explicit", "the plugin"],
] as const)("with the %s provider", (which, victim) => {
  // fault/kill.test.ts kills the plugin of the default provider alone.
  test(`SIGKILL of ${victim} after the commit of create, update and delete: an ordinary up ends with the same cluster`, async ({
    ecs,
  }) => {
    const kill = victims[victim];
    const declare =
      (args?: ClusterArgs): Program =>
      async () => {
        const opts =
          which === "default" ? {} : { provider: new PluginProvider("explicit", providerArgs(ecs)) };
        if (args !== undefined) {
          new PluginCluster("rendering", args, opts);
        }
      };
    await using stack = await createPluginStack(ecs, { program: declare({ name: "render-farm" }) });
    await upKilledAfter(ecs, stack, "CreateHpcCluster", kill);
    const committed = storedIds(ecs);
    expect(committed).toHaveLength(1);
    expect(idsInState(stack)).toEqual([]);
    // The engine had the salt in the state before the first create.
    const [provider] = providers(stack);
    await recover(stack);
    expect(storedIds(ecs)).toEqual(committed);
    expect(idsInState(stack)).toEqual(committed);
    expect(new Set(sentTokens(ecs)).size).toBe(1);
    expect(providers(stack)).toMatchObject([{ id: provider?.id, urn: expect.stringContaining(which) }]);

    stack.setProgram(declare({ name: "farm-2" }));
    await upKilledAfter(ecs, stack, "ModifyHpcClusterAttribute", kill);
    expect(ecs.store.clusters()).toMatchObject([{ name: "farm-2" }]);
    expect(clustersInState(stack)).toMatchObject([{ outputs: { name: "render-farm" } }]);
    await recover(stack);
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: committed[0], name: "farm-2" }]);
    expect(clustersInState(stack)).toMatchObject([{ id: committed[0], outputs: { name: "farm-2" } }]);

    stack.setProgram(declare());
    await upKilledAfter(ecs, stack, "DeleteHpcCluster", kill);
    expect(storedIds(ecs)).toEqual([]);
    expect(idsInState(stack)).toEqual(committed);
    await recover(stack);
    expect(idsInState(stack)).toEqual([]);

    // A cluster with the values of one that was deleted is a new one.
    stack.setProgram(declare({ name: "render-farm" }));
    await stack.up();
    expect(storedIds(ecs)).not.toEqual(committed);
    expect(idsInState(stack)).toEqual(storedIds(ecs));
  });

  test("a first up with the cluster as its target creates one, and the next up goes on with it", async ({
    ecs,
  }) => {
    await using stack = await createPluginStack(ecs, {
      program: async () => {
        const opts =
          which === "default" ? {} : { provider: new PluginProvider("explicit", providerArgs(ecs)) };
        new PluginCluster("rendering", { name: "render-farm" }, opts);
        new PluginCluster("other", { name: "farm-2" }, opts);
      },
    });
    await stack.up({ target: [urnOf("rendering")] });
    expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm" }]);
    const [provider, ...more] = providers(stack);
    expect(more).toEqual([]);
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"], other: ["create"] });
    expect(idsInState(stack)).toEqual(storedIds(ecs));
    expect(providers(stack)).toMatchObject([{ id: provider?.id }]);
  });
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

describe("a version in the resource options", () => {
  // It is part of the default provider's name, and so another version is another provider with another id.
  const versioned = (version: string) => program({ name: "render-farm" }, { version });

  test("may change for a cluster in the state: nothing is called", async ({ ecs }) => {
    await using stack = await createPluginStack(ecs, { program: versioned("0.1.0") });
    await stack.up();
    const [before] = providers(stack);
    const writes = changingCalls(ecs);
    for (const next of [versioned("0.2.0"), program({ name: "render-farm" })]) {
      stack.setProgram(next);
      expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
    }
    expect(providers(stack)).toHaveLength(1);
    expect(providers(stack)[0]?.id).not.toBe(before?.id);
    expect(changingCalls(ecs)).toEqual(writes);
  });

  test("that changes after a crash makes a second cluster, and a warning names the first one", async ({
    ecs,
  }) => {
    await using stack = await createPluginStack(ecs, { program: versioned("0.1.0") });
    await upKilledAfter(ecs, stack, "CreateHpcCluster", victims["plugin and engine"]);
    const [lost] = storedIds(ecs);
    await stack.cancel();
    stack.setProgram(versioned("0.2.0"));
    const { output } = await stack.preview();
    expect(output).toMatch(
      new RegExp(`warning: cn-hangzhou already has .*"render-farm": ${lost}.*look whose`),
    );
    await stack.up();
    expect(storedIds(ecs)).toHaveLength(2);
  });

  test("that stays after a crash finds the cluster", async ({ ecs }) => {
    await using stack = await createPluginStack(ecs, { program: versioned("0.1.0") });
    await upKilledAfter(ecs, stack, "CreateHpcCluster", victims["plugin and engine"]);
    const committed = storedIds(ecs);
    await recover(stack);
    expect(storedIds(ecs)).toEqual(committed);
    expect(idsInState(stack)).toEqual(committed);
  });
});

test("two resources with one cluster fail in preview and up, which name both and what to do", async ({
  ecs,
}) => {
  const { hpcClusterId } = ecs.store.add({ name: "render-farm" });
  await using stack = await createPluginStack(ecs, {
    program: async () => {
      for (const name of ["one", "other"]) {
        new PluginCluster(name, { name: "farm-2" }, { protect: true });
      }
    },
  });
  const [one, other] = ["one", "other"].map((name) => ({ name, id: hpcClusterId }));
  // One run shows both. A run that imports the second one alone shows the plugin nothing of the first.
  const { exitCode, stdout } = await runImport(stack, [one!, other!]);
  expect(exitCode).not.toBe(0);
  expect(stdout).toMatch(new RegExp(`${hpcClusterId} belongs to the resource "(one|other)" already`));
  expect(idsInState(stack)).toEqual([]);
  await importClusters(stack, [one!]);
  await importClusters(stack, [other!]);
  expect(idsInState(stack)).toEqual([hpcClusterId, hpcClusterId]);
  for (const run of [() => stack.preview(), () => stack.up()]) {
    const { output } = await failureOf(run());
    expect(output).toMatch(
      new RegExp(`${hpcClusterId} belongs to both the resource "(one|other)" and the resource "(one|other)"`),
    );
    expect(output).toContain(`pulumi state delete '${urnOf("one")}'`);
    expect(output).toContain(`pulumi state delete '${urnOf("other")}'`);
  }
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId }]);
});
