/** A stack moves from the dynamic provider to the plugin, and back, by changing the import: the clusters stay, and no call writes. */
import * as dynamic from "pulumi-alicloud-hpc";
import * as plugin from "pulumi-alicloud-hpc/plugin";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import type { TestStack } from "../engine/stack.ts";

// Many clusters, several operations.
vi.setConfig({ testTimeout: 300_000 });

let ecs: Emulator;
beforeEach(async () => {
  ecs = await startEmulator();
});
afterEach(() => ecs.stop());

const program =
  ({ HpcCluster }: typeof dynamic | typeof plugin, count: number) =>
  async () => {
    for (let index = 0; index < count; index += 1) {
      new HpcCluster(`rendering-${index}`, { name: `render-farm-${index}`, description: "Nightly frames" });
    }
  };

const live = () => ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
const held = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);
const typesHeld = (stack: TestStack) => new Set(clustersInState(stack).map(({ type }) => type));

test("there and back, with 20 clusters", async () => {
  await using stack = await createEcsStack(ecs, { program: program(dynamic, 20) });
  await stack.up();
  const ids = new Set(live());
  expect(ids.size).toBe(20);
  const writes = changingCalls(ecs).length;
  for (const [host, type] of [
    [plugin, "alicloud-hpc:index:HpcCluster"],
    [dynamic, "pulumi-nodejs:dynamic/alicloud:HpcCluster"],
  ] as const) {
    stack.setProgram(program(host, 20));
    await stack.up();
    expect(typesHeld(stack)).toEqual(new Set([type]));
    expect(new Set(held(stack))).toEqual(ids);
    expect(held(stack)).toHaveLength(20);
    await stack.preview({ expectNoChanges: true });
  }
  expect(changingCalls(ecs)).toHaveLength(writes);
});

test("a move that a kill of the engine has interrupted goes on", async () => {
  const count = 10;
  await using stack = await createEcsStack(ecs, { program: program(dynamic, count) });
  await stack.up();
  const ids = new Set(live());
  const writes = changingCalls(ecs).length;
  let goOn!: () => void;
  const killed = new Promise<void>((resolve) => (goOn = resolve));
  stack.setProgram(async () => {
    await program(plugin, count / 2)();
    await killed;
  });
  const interrupted = stack.start("up");
  // Half of them have moved, and the engine waits for the program. While it writes the state file, a kill would leave half a file.
  await vi.waitFor(
    () => {
      const moved = clustersInState(stack).filter(({ type }) => type === "alicloud-hpc:index:HpcCluster");
      expect(moved).toHaveLength(count / 2);
    },
    { timeout: 60_000 },
  );
  interrupted.kill("engine");
  goOn();
  await expect(interrupted.result).rejects.toThrow();
  stack.setProgram(program(plugin, count));
  await stack.cancel();
  await stack.up();
  expect(typesHeld(stack)).toEqual(new Set(["alicloud-hpc:index:HpcCluster"]));
  expect(new Set(held(stack))).toEqual(ids);
  expect(held(stack)).toHaveLength(count);
  expect(changingCalls(ecs)).toHaveLength(writes);
  await stack.destroy();
  expect(live()).toEqual([]);
});

test("what the plugin has created, changed or read is refreshed and deleted by the dynamic provider after the move back", async () => {
  const declare =
    ({ HpcCluster }: typeof dynamic | typeof plugin, description: string) =>
    async () => {
      new HpcCluster("changed", { name: "changed", description });
      new HpcCluster("read", { name: "read" });
      if (description !== "Before") {
        new HpcCluster("created", { name: "created" });
      }
    };
  await using stack = await createEcsStack(ecs, { program: declare(dynamic, "Before") });
  await stack.up();
  stack.setProgram(declare(plugin, "After"));
  await stack.up();
  await stack.refresh();
  const ids = live();
  stack.setProgram(declare(dynamic, "After"));
  await stack.up();
  await stack.refresh({ expectNoChanges: true });
  expect(held(stack).toSorted()).toEqual(ids.toSorted());
  expect(ids).toHaveLength(3);
  await stack.destroy();
  expect(live()).toEqual([]);
});
