/** Promise: HpcCluster.get reads an existing cluster, and never changes or deletes it. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const outputsOf = ({ id, hpcClusterId, name, description, regionId, requestId }: HpcCluster) => ({
  id,
  hpcClusterId,
  name,
  description,
  regionId,
  requestId,
});

test("an existing cluster is read and refreshed, and never changed or deleted", async () => {
  const { hpcClusterId: id } = ecs.store.add({
    name: "shared",
    description: "Of another team",
    regionId: "eu-central-1",
  });
  await using stack = await createEcsStack(ecs, {
    program: async () => outputsOf(HpcCluster.get("shared", id, { regionId: "eu-central-1" })),
  });

  // Read in the preview already: the name is shown there.
  expect((await stack.preview()).output).toContain('"Of another team"');

  const { outputs } = await stack.up();
  const expected = {
    id,
    hpcClusterId: id,
    name: "shared",
    description: "Of another team",
    regionId: "eu-central-1",
  };
  for (const [key, value] of Object.entries(expected)) {
    expect(outputs[key]?.value).toBe(value);
  }
  expect(outputs["requestId"]?.value).toBeUndefined();
  expect(stack.state().resource("shared")).toMatchObject({ id, external: true });

  ecs.store.modify(id, { description: "Of our team" });
  expect((await stack.up()).outputs["description"]?.value).toBe("Of our team");
  await stack.refresh();

  await stack.destroy();
  expect(ecs.store.find(id)).toMatchObject({ name: "shared", description: "Of our team" });
  expect(changingCalls(ecs)).toEqual([]);
});

test("a missing cluster, or one in another region, is an error in the preview", async () => {
  const { hpcClusterId: elsewhere } = ecs.store.add({ name: "shared", regionId: "cn-beijing" });
  await using stack = await createEcsStack(ecs, {
    program: async () => outputsOf(HpcCluster.get("shared", "hpc-0000000000000000")),
  });
  expect((await failureOf(stack.preview())).output).toContain(
    "There is no HPC cluster hpc-0000000000000000 in cn-hangzhou",
  );
  stack.setProgram(async () => outputsOf(HpcCluster.get("shared", elsewhere)));
  expect((await failureOf(stack.up())).output).toContain(
    `There is no HPC cluster ${elsewhere} in cn-hangzhou`,
  );
});

test("the id may come from another resource, unknown in the first preview", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const cluster = new HpcCluster("own", { name: "render-farm", regionId: "cn-beijing" });
      const copy = HpcCluster.get("copy", cluster.id, { regionId: cluster.regionId });
      return { own: cluster.id, copy: copy.hpcClusterId, name: copy.name };
    },
  });
  expect(clusterOps(await stack.preview())["own"]).toEqual(["create"]);
  expect(ecs.store.clusters()).toEqual([]);

  const { outputs } = await stack.up();
  const [made, ...others] = ecs.store.clusters();
  expect(others).toEqual([]);
  expect(outputs["own"]?.value).toBe(made?.hpcClusterId);
  expect(outputs["copy"]?.value).toBe(made?.hpcClusterId);
  expect(outputs["name"]?.value).toBe("render-farm");

  await stack.destroy();
  expect(ecs.calls("DeleteHpcCluster")).toHaveLength(1);
  expect(ecs.store.clusters()).toEqual([]);
});
