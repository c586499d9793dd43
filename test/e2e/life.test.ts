/**
 * Promises: preview changes nothing, up makes exactly what the program says, up again does nothing, updates send
 * only what changed, destroy leaves nothing.
 */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, createEcsStack, defaultRegion } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (args: HpcClusterArgs) => async () => {
  const cluster = new HpcCluster("rendering", args);
  const { id, hpcClusterId, name, description, regionId, requestId } = cluster;
  return { id, hpcClusterId, name, description, regionId, requestId };
};

test("preview changes nothing, up creates exactly what the program says, up again changes nothing, destroy leaves nothing", async () => {
  await using stack = await createEcsStack(ecs, {
    program: program({
      name: "render-farm",
      description: "Nightly frames",
      regionId: "cn-beijing",
      clientToken: "123e4567-e89b-12d3-a456-426655440000",
    }),
  });

  const preview = await stack.preview();
  expect(clusterOps(preview)).toEqual({ rendering: ["create"] });
  expect(changingCalls(ecs)).toEqual([]);
  expect(ecs.store.clusters()).toEqual([]);

  const up = await stack.up();
  expect(clusterOps(up)).toEqual({ rendering: ["create"] });
  const [stored, ...others] = ecs.store.clusters();
  expect(others).toEqual([]);
  expect(stored).toMatchObject({
    accountId: ecs.accountId,
    regionId: "cn-beijing",
    name: "render-farm",
    description: "Nightly frames",
  });
  const [call, ...repetitions] = ecs.calls("CreateHpcCluster");
  expect(repetitions).toEqual([]);
  expect(call?.params).toEqual({
    RegionId: "cn-beijing",
    Name: "render-farm",
    Description: "Nightly frames",
    ClientToken: "123e4567-e89b-12d3-a456-426655440000",
  });
  expect(call?.requestId).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  const expected = {
    id: stored?.hpcClusterId,
    hpcClusterId: stored?.hpcClusterId,
    name: "render-farm",
    description: "Nightly frames",
    regionId: "cn-beijing",
    requestId: call?.requestId,
  };
  expect(Object.fromEntries(Object.entries(up.outputs).map(([key, { value }]) => [key, value]))).toEqual(
    expected,
  );
  const { id, ...properties } = expected;
  expect(stack.state().resource("rendering")).toMatchObject({ id, outputs: properties });

  const before = changingCalls(ecs);
  const again = await stack.up({ expectNoChanges: true });
  expect(clusterOps(again)).toEqual({ rendering: ["same"] });
  const refresh = await stack.refresh({ expectNoChanges: true });
  expect(clusterOps(refresh)).toEqual({ rendering: ["refresh"] });
  expect(changingCalls(ecs)).toEqual(before);

  expect(clusterOps(await stack.destroy())).toEqual({ rendering: ["delete"] });
  expect(ecs.store.clusters()).toEqual([]);
  expect(stack.state().resources()).toEqual([]);
});

test("name and description change in place, and only what has changed is sent", async () => {
  await using stack = await createEcsStack(ecs, { program: program({ name: "render-farm" }) });
  await stack.up();
  const [{ hpcClusterId: id } = { hpcClusterId: "" }] = ecs.store.clusters();
  const made = { accountId: ecs.accountId, regionId: defaultRegion, hpcClusterId: id, instances: 0 };

  /** Runs the program with other arguments; returns what the engine did, what was sent, and the description's output. */
  const upWith = async (args: HpcClusterArgs) => {
    stack.setProgram(program(args));
    const before = changingCalls(ecs).length;
    const up = await stack.up();
    const sent = changingCalls(ecs).slice(before);
    return {
      op: clusterOps(up)["rendering"],
      sent,
      description: up.outputs["description"]?.value as unknown,
    };
  };
  const modify = (params: Record<string, string>) => ({
    op: ["update"],
    sent: [
      {
        action: "ModifyHpcClusterAttribute",
        params: { RegionId: defaultRegion, HpcClusterId: id, ...params },
      },
    ],
  });
  const nothing = { op: ["same"], sent: [] };

  expect(await upWith({ name: "farm-2" })).toMatchObject(modify({ Name: "farm-2" }));
  expect(ecs.store.clusters()).toEqual([{ ...made, name: "farm-2", description: "" }]);

  const described = { name: "farm-2", description: "Nightly frames" };
  expect(await upWith(described)).toEqual({
    ...modify({ Description: "Nightly frames" }),
    description: "Nightly frames",
  });
  expect(ecs.store.clusters()).toEqual([{ ...made, ...described }]);

  expect(await upWith({ name: "farm-3", description: "夜间渲染" })).toEqual({
    ...modify({ Name: "farm-3", Description: "夜间渲染" }),
    description: "夜间渲染",
  });
  expect(ecs.store.clusters()).toEqual([{ ...made, name: "farm-3", description: "夜间渲染" }]);

  const removed = await upWith({ name: "farm-3" });
  expect(removed).toMatchObject(modify({ Description: "" }));
  expect(removed.description).toBeUndefined();
  expect(ecs.store.clusters()).toEqual([{ ...made, name: "farm-3", description: "" }]);
  expect(stack.state().resource("rendering").outputs).not.toHaveProperty("description");

  expect(await upWith({ name: "farm-3", description: "" })).toMatchObject(nothing);
  expect(await upWith({ name: "farm-3", clientToken: "another-token" })).toMatchObject(nothing);
  expect(clustersInState(stack).map((cluster) => cluster.id)).toEqual([id]);
});
