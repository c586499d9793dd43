/**
 * Promises: refresh finds changes and deletions made outside Pulumi, up reverts them, and an unrelated HTTP 404
 * removes nothing from the state.
 */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const wanted = { name: "render-farm", description: "Nightly frames" };

test("refresh stores a change made outside Pulumi, up reverts it; a deleted cluster leaves the state, and not with an HTTP 404 that is not about it", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => ({ id: new HpcCluster("rendering", wanted).id }),
  });
  const id = (await stack.up()).outputs["id"]?.value as string;
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
  const key = { accessKeyId: ecs.accessKeyId, accessKeySecret: ecs.accessKeySecret };
  ecs.accounts.removeKey(ecs.accessKeyId);
  for (const operation of ["refresh", "destroy"] as const) {
    expect((await failureOf(stack[operation]())).output).toContain("InvalidAccessKeyId.NotFound");
    expect(ecs.requests.at(-1)).toMatchObject({ status: 404, code: "InvalidAccessKeyId.NotFound" });
    expect(clustersInState(stack)).toMatchObject([{ id, outputs: wanted }]);
  }
  ecs.accounts.addKey(ecs.accountId, key);
  expect(ecs.store.find(id)).toMatchObject(wanted);

  ecs.store.remove(id);
  await stack.refresh();
  expect(clustersInState(stack)).toEqual([]);
  const up = await stack.up();
  expect(clusterOps(up)).toEqual({ rendering: ["create"] });
  const made = up.outputs["id"]?.value as string;
  expect(made).not.toBe(id);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: made, ...wanted }]);

  ecs.store.remove(made);
  expect(clusterOps(await stack.destroy())).toEqual({ rendering: ["delete"] });
  expect(ecs.calls("DeleteHpcCluster").at(-1)).toMatchObject({ code: "NotExists.HpcCluster" });
  expect(clustersInState(stack)).toEqual([]);
});
