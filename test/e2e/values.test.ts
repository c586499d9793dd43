/**
 * Promises: unknown inputs pass the preview, ids stay known in update previews, and null, undefined, secret and
 * frozen values work.
 */
import { interpolate, secret } from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, createEcsStack, defaultRegion } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

// With the plugin: test/plugin/pluginLife.test.ts.
test("inputs that are not known yet pass the preview, and dependents of the id stay unchanged when the cluster changes", async () => {
  const program = (description: string) => async () => {
    const first = new HpcCluster("first", { name: "render-farm", description });
    new HpcCluster("by-name", { name: first.id });
    new HpcCluster("by-description", {
      name: "by-description",
      description: interpolate`follows ${first.hpcClusterId}`,
    });
    new HpcCluster("by-region", { name: "by-region", regionId: first.id.apply(() => "cn-beijing") });
    new HpcCluster("by-token", { name: "by-token", clientToken: first.id });
    return { id: first.id, hpcClusterId: first.hpcClusterId };
  };
  await using stack = await createEcsStack(ecs, { program: program("Nightly frames") });
  const names = ["first", "by-name", "by-description", "by-region", "by-token"];
  const all = (op: string) => Object.fromEntries(names.map((name) => [name, [op]]));

  expect(clusterOps(await stack.preview())).toEqual(all("create"));
  expect(ecs.store.clusters()).toEqual([]);

  const id = (await stack.up()).outputs["id"]?.value as string;
  const there = () =>
    Object.fromEntries(
      ecs.store
        .clusters()
        .map(({ name, regionId, description }) => [name === id ? "(id)" : name, { regionId, description }]),
    );
  expect(there()).toEqual({
    "render-farm": { regionId: defaultRegion, description: "Nightly frames" },
    "(id)": { regionId: defaultRegion, description: "" },
    "by-description": { regionId: defaultRegion, description: `follows ${id}` },
    "by-region": { regionId: "cn-beijing", description: "" },
    "by-token": { regionId: defaultRegion, description: "" },
  });

  stack.setProgram(program("Daily frames"));
  const preview = await stack.preview({ diff: true });
  expect(clusterOps(preview)).toEqual({ ...all("same"), first: ["update"] });
  expect(preview.output).not.toContain("[unknown]");
});

test("null, undefined and secret values, one name twice, frozen arguments", async () => {
  const nothing = null as unknown as undefined;
  const ofNothing = Object.freeze({
    name: "farm",
    description: nothing,
    regionId: undefined,
    clientToken: nothing,
  });
  const sameName = { name: "farm" };
  const opts = Object.freeze({});
  const classified = Object.freeze({
    name: secret("classified-name"),
    description: secret("classified description"),
  });
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const one = new HpcCluster("one", ofNothing, opts);
      const two = new HpcCluster("two", sameName, opts);
      const hidden = new HpcCluster("hidden", classified, opts);
      return { one: one.id, two: two.id, hidden: hidden.name };
    },
  });
  const { outputs } = await stack.up();
  expect(outputs["one"]?.value).not.toBe(outputs["two"]?.value);
  expect(ecs.store.clusters({ name: "farm", description: "", regionId: defaultRegion })).toHaveLength(2);
  expect(ecs.store.clusters({ name: "classified-name" })).toMatchObject([
    { description: "classified description" },
  ]);
  expect(outputs["hidden"]).toMatchObject({ value: "classified-name", secret: true });
  expect(sameName).toEqual({ name: "farm" });

  const notInTheOpen = () => expect(stack.stateText()).not.toMatch(/classified/);
  notInTheOpen();
  const before = changingCalls(ecs).length;
  const again = await stack.up({ expectNoChanges: true });
  expect(clusterOps(again)).toEqual({ one: ["same"], two: ["same"], hidden: ["same"] });
  notInTheOpen();
  expect(changingCalls(ecs).length).toBe(before);

  // A change that a refresh has seen is as secret as what it has changed.
  const hidden = ecs.store.clusters({ name: "classified-name" })[0]?.hpcClusterId ?? "";
  ecs.store.modify(hidden, { description: "also classified" });
  const drifted = await stack.refresh();
  notInTheOpen();
  expect(drifted.output).not.toMatch(/classified/);
});
