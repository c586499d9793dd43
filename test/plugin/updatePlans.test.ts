/** Promise: `pulumi up --plan` does what `pulumi preview --save-plan` has shown, for a new stack and for a change. */
import path from "node:path";
import { expect, vi } from "vitest";
import { clustersInState, failureOf } from "../e2e/ecsStack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ClusterArgs, createPluginStack, PluginCluster } from "./pluginCluster.ts";

vi.setConfig({ testTimeout: 300_000 });

test("update plans of a new stack and of a change are kept to, and what is not in them is refused", async ({
  ecs,
}) => {
  const program = (args: ClusterArgs) => async () => {
    const named = new PluginCluster("rendering", args);
    new PluginCluster("unnamed", { description: named.id.apply((id) => `beside ${id}`) });
  };
  await using stack = await createPluginStack(ecs, {
    program: program({ name: "render-farm" }),
    env: { PULUMI_EXPERIMENTAL: "1" },
  });
  const plan = path.join(stack.workDir, "plan.json");
  await stack.preview({ plan });
  expect(ecs.store.clusters()).toEqual([]);
  await stack.up({ plan });
  expect(
    clustersInState(stack)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(storedIds(ecs).toSorted());
  const { id } = stack.state().resource("rendering");
  expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm" }, { description: `beside ${id}` }]);

  stack.setProgram(program({ name: "farm-2", regionId: "cn-hangzhou" }));
  await stack.preview({ plan });
  await stack.up({ plan });
  expect(ecs.store.find(id!)).toMatchObject({ name: "farm-2" });

  stack.setProgram(program({ name: "farm-3" }));
  const { output } = await failureOf(stack.up({ plan }));
  expect(output).toContain("violates plan");
  expect(ecs.store.find(id!)).toMatchObject({ name: "farm-2" });
});
