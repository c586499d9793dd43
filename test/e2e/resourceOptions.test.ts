/** Promise: Pulumi's resource options work for clusters as for any other resource. */
import { ComponentResource, type CustomResourceOptions, rootStackResource } from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

class Farm extends ComponentResource {
  readonly cluster: HpcCluster;

  constructor(name: string, opts: CustomResourceOptions) {
    super("test:index:Farm", name, {}, {});
    this.cluster = new HpcCluster("inner", { name: "inner-farm" }, { ...opts, parent: this });
    this.registerOutputs({ clusterId: this.cluster.id });
  }
}

test("ignoreChanges, aliases, parents, retainOnDelete and protect do what they do everywhere", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      new HpcCluster("ignoring", { name: "first", description: "first" }, { ignoreChanges: ["description"] });
      new HpcCluster("old-name", { name: "renamed-resource" });
      new HpcCluster("inner", { name: "inner-farm" });
      new HpcCluster("kept", { name: "kept-farm" }, { retainOnDelete: true });
      new HpcCluster("guarded", { name: "guarded-farm" }, { protect: true });
    },
  });
  await stack.up();
  const made = ecs.store.clusters();
  expect(made).toHaveLength(5);
  const madeCalls = changingCalls(ecs).length;

  stack.setProgram(async () => {
    new HpcCluster("ignoring", { name: "second", description: "second" }, { ignoreChanges: ["description"] });
    new HpcCluster("new-name", { name: "renamed-resource" }, { aliases: [{ name: "old-name" }] });
    new Farm("farm", { aliases: [{ parent: rootStackResource }] });
    new HpcCluster("guarded", { name: "guarded-farm" }, { protect: true });
  });
  expect(clusterOps(await stack.up())).toEqual({
    ignoring: ["update"],
    "new-name": ["same"],
    inner: ["same"],
    kept: ["delete"],
    guarded: ["same"],
  });
  // The cluster that is retained has left the state, and is still there.
  expect(ecs.store.clusters()).toEqual(
    made.map((cluster) => (cluster.name === "first" ? { ...cluster, name: "second" } : cluster)),
  );
  expect(changingCalls(ecs).slice(madeCalls)).toMatchObject([{ params: { Name: "second" } }]);
  const names = clustersInState(stack).map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
  expect(names.sort()).toEqual(["guarded", "ignoring", "inner", "new-name"]);
  expect(stack.state().resource("inner").parent).toContain("test:index:Farm::farm");

  const refused = await failureOf(stack.destroy());
  expect(refused.output).toMatch(/guarded.*cannot be deleted|protect/s);
  expect(ecs.store.clusters({ name: "guarded-farm" })).toHaveLength(1);
});
