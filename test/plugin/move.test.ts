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
});

test("there and back: no call but the program's changes, and the dynamic provider refreshes and deletes what the plugin has created, changed or read", async () => {
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
  const before = changingCalls(ecs).length;
  stack.setProgram(declare(plugin, "After"));
  await stack.up();
  expect(typesHeld(stack)).toEqual(new Set(["alicloud-hpc:index:HpcCluster"]));
  const ids = live();
  expect(held(stack).toSorted()).toEqual(ids.toSorted());
  expect(ids).toHaveLength(3);
  await stack.refresh();
  stack.setProgram(declare(dynamic, "After"));
  await stack.up();
  expect(typesHeld(stack)).toEqual(new Set(["pulumi-nodejs:dynamic/alicloud:HpcCluster"]));
  await stack.refresh({ expectNoChanges: true });
  expect(held(stack).toSorted()).toEqual(ids.toSorted());
  const changes = changingCalls(ecs).slice(before);
  expect(changes.map(({ action }) => action).toSorted()).toEqual([
    "CreateHpcCluster",
    "ModifyHpcClusterAttribute",
  ]);
  await stack.destroy();
  expect(live()).toEqual([]);
});
