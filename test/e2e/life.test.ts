/**
 * Promises: preview changes nothing, up makes exactly what the program says, up again does nothing, updates send
 * only what changed, destroy leaves nothing.
 */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, createEcsStack } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (args: HpcClusterArgs) => async () => {
  const cluster = new HpcCluster("rendering", args);
  const { id, hpcClusterId, name, description, regionId, requestId } = cluster;
  return { id, hpcClusterId, name, description, regionId, requestId };
};

test("preview changes nothing, up creates exactly what the program says and sends only what has changed, destroy leaves nothing", async () => {
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

  /** Runs the program with other arguments; returns what the engine did, and what was sent. */
  const upWith = async (args: HpcClusterArgs) => {
    stack.setProgram(program(args));
    const before = changingCalls(ecs).length;
    const op = clusterOps(await stack.up())["rendering"];
    return { op, sent: changingCalls(ecs).slice(before) };
  };
  const modify = (params: Record<string, string>) => ({
    op: ["update"],
    sent: [
      {
        action: "ModifyHpcClusterAttribute",
        params: { RegionId: "cn-beijing", HpcClusterId: id, ...params },
      },
    ],
  });
  const args = { name: "farm-2", regionId: "cn-beijing" };
  expect(await upWith({ ...args, description: "Nightly frames" })).toEqual(modify({ Name: "farm-2" }));
  expect(ecs.store.clusters()).toEqual([{ ...stored, name: "farm-2" }]);

  expect(await upWith(args)).toEqual(modify({ Description: "" }));
  expect(ecs.store.clusters()).toEqual([{ ...stored, name: "farm-2", description: "" }]);
  expect(stack.state().resource("rendering").outputs).not.toHaveProperty("description");

  const nothing = { op: ["same"], sent: [] };
  expect(await upWith({ ...args, description: "", clientToken: "another-token" })).toEqual(nothing);

  expect(clusterOps(await stack.destroy())).toEqual({ rendering: ["delete"] });
  expect(ecs.store.clusters()).toEqual([]);
  expect(stack.state().resources()).toEqual([]);
});
