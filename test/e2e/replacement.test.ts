/** Promise: a replacement always ends with one new cluster, deleted first unless deleteBeforeReplace is false. */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { clusterOps, clustersInState, createEcsStack } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (regionId: string, opts?: CustomResourceOptions) => async () => ({
  id: new HpcCluster("rendering", { name: "render-farm", regionId }, opts).id,
});
/** Which cluster was made and which was deleted, in the order in which the service did it. */
const order = (from: number) =>
  ecs.requests
    .slice(from)
    .filter(({ committed }) => committed)
    .map(({ action, regionId }) => `${action} ${regionId}`);

test("another region, the first region again, a forced replacement, and an up after destroy each create a new cluster after the old one was deleted", async () => {
  await using stack = await createEcsStack(ecs, { program: program("cn-hangzhou") });
  const first = (await stack.up()).outputs["id"]?.value as string;

  stack.setProgram(program("cn-beijing"));
  const preview = await stack.preview();
  expect(clusterOps(preview)["rendering"]).toEqual(["delete-replaced", "replace", "create-replacement"]);
  expect(ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId)).toEqual([first]);

  const before = ecs.requests.length;
  const moved = await stack.up();
  expect(clusterOps(moved)["rendering"]).toEqual(["delete-replaced", "replace", "create-replacement"]);
  expect(order(before)).toEqual(["DeleteHpcCluster cn-hangzhou", "CreateHpcCluster cn-beijing"]);
  const second = moved.outputs["id"]?.value as string;
  expect(second).not.toBe(first);
  expect(ecs.store.clusters()).toMatchObject([
    { hpcClusterId: second, regionId: "cn-beijing", name: "render-farm" },
  ]);

  // What was there before is what the service remembers: the same values must still make a new cluster.
  stack.setProgram(program("cn-hangzhou"));
  const third = (await stack.up()).outputs["id"]?.value as string;
  expect([first, second]).not.toContain(third);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: third, regionId: "cn-hangzhou" }]);
  expect(clustersInState(stack).map(({ id }) => id)).toEqual([third]);

  const forced = await stack.up({ replace: [stack.state().resource("rendering").urn] });
  const fourth = forced.outputs["id"]?.value as string;
  expect([first, second, third]).not.toContain(fourth);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: fourth, name: "render-farm" }]);
  expect(clustersInState(stack).map(({ id }) => id)).toEqual([fourth]);

  await stack.destroy();
  expect(ecs.store.clusters()).toEqual([]);
  const fifth = (await stack.up()).outputs["id"]?.value as string;
  expect([first, second, third, fourth]).not.toContain(fifth);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: fifth, regionId: "cn-hangzhou" }]);
});

test("with deleteBeforeReplace: false the new cluster is created first", async () => {
  await using stack = await createEcsStack(ecs, {
    program: program("cn-hangzhou", { deleteBeforeReplace: false }),
  });
  await stack.up();
  stack.setProgram(program("cn-beijing", { deleteBeforeReplace: false }));
  const before = ecs.requests.length;
  const moved = await stack.up();
  expect(clusterOps(moved)["rendering"]).toEqual(["create-replacement", "replace", "delete-replaced"]);
  expect(order(before)).toEqual(["CreateHpcCluster cn-beijing", "DeleteHpcCluster cn-hangzhou"]);
  expect(ecs.store.clusters()).toMatchObject([
    { hpcClusterId: moved.outputs["id"]?.value as unknown, regionId: "cn-beijing" },
  ]);
});
