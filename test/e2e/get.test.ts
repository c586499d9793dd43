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

test("an existing cluster, and one whose id is not known in the first preview, are read, and never changed or deleted", async () => {
  const { hpcClusterId: id } = ecs.store.add({
    name: "shared",
    description: "Of another team",
    regionId: "eu-central-1",
  });
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const cluster = new HpcCluster("own", { name: "render-farm", regionId: "cn-beijing" });
      const copy = HpcCluster.get("copy", cluster.id, { regionId: cluster.regionId });
      return {
        ...outputsOf(HpcCluster.get("shared", id, { regionId: "eu-central-1" })),
        own: cluster.id,
        copy: copy.hpcClusterId,
        copied: copy.name,
      };
    },
  });

  // Read in the preview already: the name is shown there.
  const preview = await stack.preview();
  expect(preview.output).toContain('"Of another team"');
  expect(clusterOps(preview)["own"]).toEqual(["create"]);
  expect(ecs.store.clusters()).toHaveLength(1);

  const { outputs } = await stack.up();
  const [own, ...others] = ecs.store.clusters({ name: "render-farm" });
  expect(others).toEqual([]);
  const expected = {
    id,
    hpcClusterId: id,
    name: "shared",
    description: "Of another team",
    regionId: "eu-central-1",
    own: own?.hpcClusterId,
    copy: own?.hpcClusterId,
    copied: "render-farm",
  };
  for (const [key, value] of Object.entries(expected)) {
    expect(outputs[key]?.value).toBe(value);
  }
  expect(outputs["requestId"]?.value).toBeUndefined();
  expect(stack.state().resource("shared")).toMatchObject({ id, external: true });

  ecs.store.modify(id, { description: "Of our team" });
  expect((await stack.up()).outputs["description"]?.value).toBe("Of our team");

  await stack.destroy();
  expect(ecs.store.clusters()).toMatchObject([{ name: "shared", description: "Of our team" }]);
  expect(changingCalls(ecs).map(({ action }) => action)).toEqual(["CreateHpcCluster", "DeleteHpcCluster"]);
});

test("a cluster of another region is an error in the preview, as a missing one", async () => {
  const { hpcClusterId: elsewhere } = ecs.store.add({ name: "shared", regionId: "cn-beijing" });
  await using stack = await createEcsStack(ecs, {
    program: async () => outputsOf(HpcCluster.get("shared", elsewhere)),
  });
  expect((await failureOf(stack.preview())).output).toContain(
    `There is no HPC cluster ${elsewhere} in cn-hangzhou`,
  );
});
