/**
 * Promise: a cluster without a name gets one that stays the same in the run after a crash, and Pulumi's `autonaming` configuration
 * is honoured.
 */
import { expect, vi } from "vitest";
import { clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ClusterArgs, createPluginStack, PluginCluster } from "./pluginCluster.ts";

vi.setConfig({ testTimeout: 300_000 });

const program =
  (resourceName: string, args: ClusterArgs = {}) =>
  async () => {
    new PluginCluster(resourceName, args);
  };

test("a cluster without a name is called after its resource and its URN, also in the run after a crash", async ({
  ecs,
}) => {
  const longest = "c".repeat(200);
  await using stack = await createPluginStack(ecs, { program: program(longest) });
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
  const operation = stack.start("up");
  await hold.reached;
  const created = ecs.store.clusters();
  operation.kill("engine");
  hold.drop();
  await failureOf(operation.result);
  await stack.cancel();

  await stack.up();
  expect(ecs.store.clusters()).toEqual(created);
  expect(clustersInState(stack).map(({ id }) => id)).toEqual(storedIds(ecs));
  const name = created[0]!.name;
  expect(name).toMatch(/^c{120}-[0-9a-f]{7}$/);
  expect(clustersInState(stack)).toMatchObject([{ inputs: { name }, outputs: { name } }]);

  // The name stays when other properties change, also in a replacement.
  stack.setProgram(program(longest, { regionId: "cn-beijing" }));
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name, regionId: "cn-beijing" }]);
});

// What is wrong with a name: unit/autoname.test.ts.
test("pulumi:autonaming is honoured, and a name that it makes is checked in the preview", async ({ ecs }) => {
  await using stack = await createPluginStack(ecs, { program: program("rendering") });
  const setPattern = (value: string): Promise<void> =>
    stack.automation.setConfig("pulumi:autonaming.pattern", { value }, true);
  await setPattern("9${name}!");
  const { output } = await failureOf(stack.preview());
  expect(output).toContain('name is missing, and "9rendering!", made from pulumi:autonaming, breaks a rule');

  await setPattern("${project}-${name}.${stack}");
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name: "hpc-rendering.test" }]);

  // Not for clusters that have a name.
  await setPattern("${name}-2");
  stack.setProgram(async () => {
    await program("rendering")();
    await program("other")();
  });
  expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"], other: ["create"] });
  expect(ecs.store.clusters()).toMatchObject([{ name: "hpc-rendering.test" }, { name: "other-2" }]);
});
