/**
 * Promises: a replacement always ends with one new cluster, deleted first unless deleteBeforeReplace is false; a cluster with
 * instances is neither replaced nor deleted, and stays in the state. The same values again: test/fault/core/idempotency.test.ts.
 */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { ask } from "../emulator/rawRequest.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

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

test("another region creates a new cluster after the old one was deleted, and before it with deleteBeforeReplace: false", async () => {
  await using stack = await createEcsStack(ecs, { program: program("cn-hangzhou") });
  const first = (await stack.up()).outputs["id"]?.value as string;
  const region = { RegionId: "cn-hangzhou" };
  const machine = { ImageId: "aliyun_3", InstanceType: "ecs.sccc7.32xlarge", VSwitchId: "vsw-1" };
  const started = await ask(ecs, "RunInstances", {
    ...region,
    ...machine,
    HpcClusterId: first,
    Amount: "2",
  });
  expect(started.status).toBe(200);
  const refusal = /DeleteHpcCluster in cn-hangzhou: NotEmpty\.HpcCluster: .*release its instances/;
  stack.setProgram(program("cn-beijing"));
  for (const operation of ["up", "destroy"] as const) {
    const { output } = await failureOf(stack[operation]());
    expect(output).toMatch(refusal);
    expect(output).toContain(ecs.calls("DeleteHpcCluster").at(-1)?.requestId);
    expect(ecs.store.clusters()).toMatchObject([
      { hpcClusterId: first, regionId: "cn-hangzhou", instances: 2 },
    ]);
    expect(clustersInState(stack)).toMatchObject([{ id: first, outputs: { regionId: "cn-hangzhou" } }]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  }
  const [one, two] = ecs.store.instances();
  const both = { "InstanceId.1": one?.instanceId, "InstanceId.2": two?.instanceId };
  await ask(ecs, "DeleteInstances", { ...region, ...both, Force: "true" });

  let before = ecs.requests.length;
  const moved = await stack.up();
  expect(clusterOps(moved)["rendering"]).toEqual(["delete-replaced", "replace", "create-replacement"]);
  expect(order(before)).toEqual(["DeleteHpcCluster cn-hangzhou", "CreateHpcCluster cn-beijing"]);
  const second = moved.outputs["id"]?.value as string;
  expect(ecs.store.clusters()).toMatchObject([
    { hpcClusterId: second, regionId: "cn-beijing", name: "render-farm" },
  ]);

  // What was there before is what the service remembers: the same values must still make a new cluster.
  stack.setProgram(program("cn-hangzhou", { deleteBeforeReplace: false }));
  before = ecs.requests.length;
  const back = await stack.up();
  expect(clusterOps(back)["rendering"]).toEqual(["create-replacement", "replace", "delete-replaced"]);
  expect(order(before).at(-1)).toBe("DeleteHpcCluster cn-beijing");
  const third = back.outputs["id"]?.value as string;
  expect(new Set([first, second, third]).size).toBe(3);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: third, regionId: "cn-hangzhou" }]);
  expect(clustersInState(stack).map(({ id }) => id)).toEqual([third]);
});
