/**
 * Promise: `customTimeouts` and Ctrl-C end every wait of the plugin. The id of a cluster that exists is in the state, and the next
 * `up` goes on with the same cluster. What is being waited for is shown at the resource.
 */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { describe, expect, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { clustersInState, failureOf } from "../e2e/ecsStack.ts";
import type { Program, RunningOperation, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test as withEcs } from "../fault/localEcs.ts";
import { createPluginStack, PluginCluster, urnOf } from "./pluginCluster.ts";

// Far shorter than the waits that have to end: a test that does not end a wait fails.
vi.setConfig({ testTimeout: 120_000 });

/** With a service whose clock can be moved, for clusters that do not show yet. */
const test = withEcs.extend<{ ecs: Emulator; forward: (minutes: number) => void }>({
  ecs: async ({ forward: _ }, use) => {
    const ecs = await startEmulator({ clock: () => Date.now() + aheadMs });
    await use(ecs);
    await ecs.stop();
  },
  forward: async ({}, use) => {
    aheadMs = 0;
    await use((minutes) => (aheadMs += minutes * 60_000));
  },
});
let aheadMs = 0;

const program =
  (opts?: CustomResourceOptions): Program =>
  async () => ({ id: new PluginCluster("rendering", { name: "render-farm" }, opts).id });

/** What the plugin shows while it waits. */
const status = (operation: RunningOperation<"up">, text: string) =>
  operation.event(({ diagnosticEvent }) => diagnosticEvent?.message.includes(text) ?? false);

const idsInState = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);

describe("customTimeouts", () => {
  const soon = { customTimeouts: { create: "3s" } };

  test("keep the id of a cluster that does not show in time", async ({ ecs, forward }) => {
    ecs.faults.add({ kind: "lateVisible", ms: 5 * 60_000 });
    await using stack = await createPluginStack(ecs, { program: program(soon) });
    const { output } = await failureOf(stack.up());
    const [id] = storedIds(ecs);
    expect(output).toContain(`The HPC cluster ${id}`);
    expect(clustersInState(stack)).toMatchObject([{ id, initErrors: [expect.stringContaining(id!)] }]);

    forward(6);
    await stack.up();
    expect(clustersInState(stack)).toMatchObject([{ id }]);
    expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
    expect(storedIds(ecs)).toEqual([id]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  });
});

describe("Ctrl-C", () => {
  test("keeps the id of a cluster that does not show yet, and the next up goes on with it", async ({
    ecs,
    forward,
  }) => {
    ecs.faults.add({ kind: "lateVisible", ms: 5 * 60_000 });
    await using stack = await createPluginStack(ecs, { program: program() });
    const operation = stack.start("up");
    const { diagnosticEvent } = await status(operation, "to show in DescribeHpcClusters");
    const [id] = storedIds(ecs);
    expect(diagnosticEvent).toMatchObject({ urn: urnOf("rendering"), ephemeral: true });
    expect(diagnosticEvent?.message).toContain(`waiting for ${id}`);

    operation.kill("engine", "SIGINT");
    const { output } = await failureOf(operation.result);
    expect(output).toContain(`The HPC cluster ${id} is in the state`);
    expect(output).toContain("Canceled");
    expect(idsInState(stack)).toEqual([id]);
    expect(stack.state().pendingOperations).toEqual([]);

    forward(6);
    await stack.up();
    expect(idsInState(stack)).toEqual([id]);
    expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
    expect(storedIds(ecs)).toEqual([id]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  });

  test("ends a create whose answer does not come, and the next up finds the cluster", async ({ ecs }) => {
    await using stack = await createPluginStack(ecs, { program: program() });
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const operation = stack.start("up");
    await hold.reached;
    const committed = storedIds(ecs);
    operation.kill("engine", "SIGINT");
    const { output } = await failureOf(operation.result);
    expect(output).toContain("CreateHpcCluster in cn-hangzhou: canceled before the service had answered.");
    hold.drop();
    expect(clustersInState(stack)).toEqual([]);

    await stack.up();
    expect(storedIds(ecs)).toEqual(committed);
    expect(idsInState(stack)).toEqual(committed);
    expect(new Set(sentTokens(ecs)).size).toBe(1);
  });
});
