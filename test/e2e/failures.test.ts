/** Promise: a cluster that was created but not read stays in the state. Documented errors: test/fault/core/messages.test.ts. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

test("a cluster that was created but cannot be read stays in the state, and the next up continues with it", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => ({ id: new HpcCluster("rendering", { name: "render-farm" }).id }),
  });
  ecs.accounts.deny(ecs.accountId, "DescribeHpcClusters");
  const failure = await failureOf(stack.up());
  expect(failure.output).toContain("Forbidden.RAM");
  const [made, ...others] = ecs.store.clusters();
  expect(others).toEqual([]);
  expect(failure.output).toContain(made?.hpcClusterId);
  expect(clustersInState(stack)).toMatchObject([
    { id: made?.hpcClusterId, initErrors: [expect.stringContaining("Forbidden.RAM")] },
  ]);

  ecs.accounts.allow(ecs.accountId, "DescribeHpcClusters");
  expect((await stack.up()).outputs["id"]?.value).toBe(made?.hpcClusterId);
  expect(ecs.store.clusters()).toEqual([made]);
  expect(clustersInState(stack)).toMatchObject([
    { id: made?.hpcClusterId, outputs: { name: "render-farm" } },
  ]);
  expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
});
