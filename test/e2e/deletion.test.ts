/** Promise: a cluster with instances is neither replaced nor deleted, and stays in the state until they are released. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { ask } from "../emulator/rawRequest.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (regionId: string) => async () => ({
  id: new HpcCluster("rendering", { name: "render-farm", regionId }).id,
});

test("a cluster that holds instances is neither replaced nor deleted, and stays in the state", async () => {
  await using stack = await createEcsStack(ecs, { program: program("cn-hangzhou") });
  const id = (await stack.up()).outputs["id"]?.value as string;
  const region = { RegionId: "cn-hangzhou" };
  const machine = { ImageId: "aliyun_3", InstanceType: "ecs.sccc7.32xlarge", VSwitchId: "vsw-1" };
  const { status } = await ask(ecs, "RunInstances", { ...region, ...machine, HpcClusterId: id, Amount: "2" });
  expect(status).toBe(200);
  const unchanged = () => {
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id, regionId: "cn-hangzhou", instances: 2 }]);
    expect(clustersInState(stack)).toMatchObject([{ id, outputs: { regionId: "cn-hangzhou" } }]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  };

  stack.setProgram(program("cn-beijing"));
  const unmoved = await failureOf(stack.up());
  expect(unmoved.output).toContain("NotEmpty.HpcCluster");
  unchanged();

  const undeleted = await failureOf(stack.destroy());
  expect(undeleted.output).toMatch(
    /DeleteHpcCluster in cn-hangzhou: NotEmpty\.HpcCluster: .*release its instances/,
  );
  expect(undeleted.output).toContain(ecs.calls("DeleteHpcCluster").at(-1)?.requestId);
  unchanged();

  const [one, two] = ecs.store.instances();
  const both = { "InstanceId.1": one?.instanceId, "InstanceId.2": two?.instanceId };
  await ask(ecs, "DeleteInstances", { ...region, ...both, Force: "true" });
  expect(clusterOps(await stack.destroy())).toEqual({ rendering: ["delete"] });
  expect(ecs.store.clusters()).toEqual([]);
  expect(clustersInState(stack)).toEqual([]);
});
