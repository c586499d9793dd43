/**
 * Promises: refresh finds changes and deletions made outside Pulumi, up reverts them, and an unrelated HTTP 404
 * removes nothing from the state.
 */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import type { TestStack } from "../engine/stack.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const wanted = { name: "render-farm", description: "Nightly frames" };
const program =
  (args = wanted) =>
  async () => ({ id: new HpcCluster("rendering", args).id });

/** A stack whose cluster has been made. */
async function createdCluster(): Promise<{ stack: TestStack; id: string }> {
  const stack = await createEcsStack(ecs, { program: program() });
  return { stack, id: (await stack.up()).outputs["id"]?.value as string };
}

test("refresh stores a change made outside Pulumi, preview shows it, up reverts it", async () => {
  const { stack, id } = await createdCluster();
  await using _ = stack;
  ecs.store.modify(id, { name: "hijacked", description: "Mine now" });

  const refresh = await stack.refresh();
  expect(refresh.output).toMatch(/rendering updated.*\[diff: ~description,name\]/);
  const { inputs, outputs } = stack.state().resource("rendering");
  expect(inputs).toMatchObject({ name: "hijacked", description: "Mine now", regionId: "cn-hangzhou" });
  expect(outputs).toMatchObject({ name: "hijacked", description: "Mine now", hpcClusterId: id });

  const preview = await stack.preview({ diff: true });
  expect(clusterOps(preview)).toEqual({ rendering: ["update"] });
  expect(preview.output).toMatch(/~ description\s*: "Mine now" => "Nightly frames"/);
  expect(preview.output).toMatch(/~ name\s*: "hijacked" => "render-farm"/);
  expect(ecs.store.find(id)).toMatchObject({ name: "hijacked" });

  expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id, ...wanted }]);
  await stack.up({ expectNoChanges: true });

  ecs.store.modify(id, { description: "" });
  await stack.refresh();
  expect(stack.state().resource("rendering").outputs).not.toHaveProperty("description");
  expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id, ...wanted }]);
});

test("a cluster deleted outside Pulumi: an update says what to do, refresh removes it, up creates a new one, destroy succeeds", async () => {
  const { stack, id } = await createdCluster();
  await using _ = stack;
  ecs.store.remove(id);

  stack.setProgram(program({ ...wanted, name: "farm-2" }));
  const failure = await failureOf(stack.up());
  expect(failure.output).toContain("HpcClusterNotExists");
  expect(failure.output).toContain("pulumi refresh");
  expect(clustersInState(stack)).toMatchObject([{ id, outputs: wanted }]);

  await stack.refresh();
  expect(clustersInState(stack)).toEqual([]);

  stack.setProgram(program());
  const up = await stack.up();
  expect(clusterOps(up)).toEqual({ rendering: ["create"] });
  const made = up.outputs["id"]?.value as string;
  expect(made).not.toBe(id);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: made, ...wanted }]);

  ecs.store.remove(made);
  expect(clusterOps(await stack.destroy())).toEqual({ rendering: ["delete"] });
  expect(ecs.calls("DeleteHpcCluster")).toMatchObject([{ code: "NotExists.HpcCluster" }]);
  expect(clustersInState(stack)).toEqual([]);
});

test("an HTTP 404 that is not about the cluster never removes it from the state", async () => {
  const { stack, id } = await createdCluster();
  await using _ = stack;
  const key = { accessKeyId: ecs.accessKeyId, accessKeySecret: ecs.accessKeySecret };

  ecs.accounts.removeKey(ecs.accessKeyId);
  const unknownKey = await failureOf(stack.refresh());
  expect(unknownKey.output).toContain("InvalidAccessKeyId.NotFound");
  expect(ecs.requests.at(-1)).toMatchObject({ status: 404, code: "InvalidAccessKeyId.NotFound" });
  expect(clustersInState(stack)).toMatchObject([{ id, outputs: wanted }]);
  const undeleted = await failureOf(stack.destroy());
  expect(undeleted.output).toContain("InvalidAccessKeyId.NotFound");
  expect(clustersInState(stack)).toMatchObject([{ id, outputs: wanted }]);
  ecs.accounts.addKey(ecs.accountId, key);

  const unknownRegion = ecs.faults.add({
    action: "DescribeHpcClusters",
    kind: "error",
    status: 404,
    code: "InvalidRegionId.NotFound",
    message: 'The specified parameter "RegionId" is not valid.',
  });
  expect((await failureOf(stack.refresh())).output).toContain("InvalidRegionId.NotFound");
  expect(clustersInState(stack)).toMatchObject([{ id, outputs: wanted }]);
  unknownRegion.remove();

  await stack.refresh({ expectNoChanges: true });
  expect(ecs.store.find(id)).toMatchObject(wanted);
});
