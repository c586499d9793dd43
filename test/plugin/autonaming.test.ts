/**
 * Promise: a cluster without a name gets one that stays the same in the run after a crash, and Pulumi's `autonaming` configuration
 * is honoured.
 */
import { expect, vi } from "vitest";
import { clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import type { TestStack } from "../engine/stack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ClusterArgs, createPluginStack, PluginCluster } from "./pluginCluster.ts";

vi.setConfig({ testTimeout: 300_000 });

const program =
  (resourceName: string, args: ClusterArgs = {}) =>
  async () => {
    new PluginCluster(resourceName, args);
  };

/** Sets one field of `pulumi:autonaming` and removes the others. */
async function setAutonaming({ automation }: TestStack, field: string, value: string): Promise<void> {
  await automation.removeConfig("pulumi:autonaming");
  await automation.setConfig(`pulumi:autonaming.${field}`, { value }, true);
}

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
  stack.setProgram(program(longest, { description: "Nightly frames" }));
  expect(clusterOps(await stack.up())).toEqual({ [longest]: ["update"] });
  stack.setProgram(program(longest, { regionId: "cn-beijing" }));
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name, regionId: "cn-beijing" }]);

  stack.setProgram(program("rendering", { name: "render-farm" }));
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm" }]);
  // A name that the program does not give any more stays.
  stack.setProgram(program("rendering"));
  await stack.up({ expectNoChanges: true });
});

test("pulumi:autonaming is honoured, and a name that it makes is checked in the preview", async ({ ecs }) => {
  await using stack = await createPluginStack(ecs, { program: program("rendering") });
  await setAutonaming(stack, "mode", "disabled");
  expect((await failureOf(stack.preview())).output).toContain(
    "name is required, since pulumi:autonaming is disabled",
  );

  await setAutonaming(stack, "pattern", "9${name}!");
  const { output } = await failureOf(stack.preview());
  expect(output).toContain('name is missing, and "9rendering!", made from pulumi:autonaming, breaks a rule');
  expect(output).toContain('must start with an English letter or a Chinese character, but starts with "9"');
  expect(output).toContain('but contains "!"');

  await setAutonaming(stack, "pattern", "${project}-${name}.${stack}");
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name: "hpc-rendering.test" }]);

  // Not for clusters that have a name.
  await setAutonaming(stack, "mode", "verbatim");
  await stack.up({ expectNoChanges: true });
  await stack.destroy();
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ name: "rendering" }]);
});
