/**
 * A stack moves from @pulumi/alicloud to this package by changing the import, and back: every cluster stays, its entry moves, and no
 * call changes it. Many clusters and another region: fault/core/official.test.ts; every stop: fault/core/crashPoints.test.ts.
 */
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import {
  changingCalls,
  clusterOps,
  clustersInState,
  configurationFor,
  createEcsStack,
  failureOf,
} from "../e2e/ecsStack.ts";
import { dynamicHost, hosts, pluginHost } from "../e2e/hosts.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import { createPluginStack, PluginCluster } from "../plugin/pluginCluster.ts";
import * as official from "./officialPackage.ts";
import { installOfficialPlugin, officialType } from "./officialPackage.ts";

// Several operations, and two providers in each.
vi.setConfig({ testTimeout: 300_000 });

let ecs: Emulator;
beforeAll(() => installOfficialPlugin());
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const args = { name: "render-farm", description: "Nightly frames" };
interface Args {
  name: string;
  description?: string;
  regionId?: string;
  adopt?: string;
}
/** The class of either package. */
type ClusterClass = new (
  name: string,
  args: Args,
  opts?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

/** One cluster, `rendering`. */
const rendering =
  (Cluster: ClusterClass, properties: Args = args, opts?: pulumi.CustomResourceOptions): Program =>
  async () => {
    new Cluster("rendering", properties, opts);
  };
const held = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);
const typesHeld = (stack: TestStack) => new Set(clustersInState(stack).map(({ type }) => type));

const byRegion = (one: { regionId: string }, other: { regionId: string }) =>
  one.regionId.localeCompare(other.regionId);

describe.each(hosts)("$name", (host) => {
  const { HpcCluster, Provider, type } = host;

  test("there and back: an adopting one, in a component, under a new name, with the provider of another region", async () => {
    class Farm extends pulumi.ComponentResource {
      constructor(Cluster: ClusterClass) {
        super("test:index:Farm", "farm");
        new Cluster("in-component", { name: "in-component" }, { parent: this });
      }
    }
    const keys = { accessKey: ecs.accessKeyId, secretKey: ecs.accessKeySecret };
    const inBeijing = { region: "cn-beijing", ...keys, endpoints: [{ ecs: ecs.endpoint }] };
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new official.HpcCluster("rendering", args);
        new Farm(official.HpcCluster);
        new official.HpcCluster("old-name", { name: "renamed" });
        // No name: the plugin makes one, and the program that moves has to give it.
        const provider = new official.Provider("beijing", inBeijing);
        new official.HpcCluster("beijing", {}, { provider });
      },
    });
    await stack.up();
    const before = ecs.store.clusters();
    const writes = changingCalls(ecs).length;
    const beijing = before.find(({ regionId }) => regionId === "cn-beijing")!;
    const rendered = before.find(({ name }) => name === args.name)!;
    const moved =
      (more: Partial<Args>, opts?: pulumi.CustomResourceOptions): Program =>
      async () => {
        new HpcCluster("rendering", { ...args, ...more }, opts);
        new Farm(HpcCluster);
        new HpcCluster("new-name", { name: "renamed" }, { aliases: [{ name: "old-name" }] });
        const provider = new Provider("beijing-2", inBeijing);
        new HpcCluster("beijing", { name: beijing.name }, { provider });
      };
    const updates = {
      ...{ rendering: ["update"], "in-component": ["update"], "new-name": ["update"], beijing: ["update"] },
    };
    stack.setProgram(moved({}));
    const preview = await stack.preview();
    expect(clusterOps(preview)).toEqual(updates);
    expect(preview.output).not.toContain("adopt");
    stack.setProgram(
      moved({ adopt: rendered.hpcClusterId }, { protect: false, aliases: [{ type: officialType }] }),
    );
    expect(clusterOps(await stack.up())).toEqual(updates);
    expect(ecs.store.clusters()).toEqual(before);
    expect(typesHeld(stack)).toEqual(new Set([type]));
    await stack.up({ refresh: true, expectNoChanges: true });
    const { hpcClusterId } = rendered;
    expect(stack.state().resource("rendering")).toMatchObject({
      id: hpcClusterId,
      inputs: { ...args, regionId: "cn-hangzhou" },
      outputs: {
        ...{ ...args, regionId: "cn-hangzhou", hpcClusterId },
        ...{ __entry: expect.any(String), __accountId: ecs.accountId },
      },
    });
    expect(changingCalls(ecs)).toHaveLength(writes);

    // The way back: the official plugin goes on with the state that it gets.
    const back = { aliases: [{ type }] };
    stack.setProgram(async () => {
      new official.HpcCluster("rendering", { name: "farm-2" }, back);
      const provider = new official.Provider("beijing", inBeijing);
      new official.HpcCluster("beijing", { name: beijing.name }, { ...back, provider });
    });
    expect(clusterOps(await stack.up())).toMatchObject({ rendering: ["update"] });
    expect(typesHeld(stack)).toEqual(new Set([officialType]));
    expect(ecs.store.clusters().toSorted(byRegion)).toMatchObject([
      beijing,
      { hpcClusterId, name: "farm-2", description: "" },
    ]);
  });
});

test("other languages: a plain registration with the documented alias moves too", async () => {
  const officialConfig = configurationFor(ecs);
  await using stack = await createPluginStack(ecs, {
    program: rendering(official.HpcCluster),
    config: officialConfig,
  });
  await stack.up();
  const before = ecs.store.clusters();
  const writes = changingCalls(ecs).length;
  stack.setProgram(rendering(PluginCluster, args, { aliases: [{ type: officialType }] }));
  expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
  expect(clustersInState(stack)).toMatchObject([{ type: pluginHost.type, id: before[0]!.hpcClusterId }]);
  expect(ecs.store.clusters()).toEqual(before);
  expect(changingCalls(ecs)).toHaveLength(writes);
});

test("--target moves one cluster; the engine refuses it where the program has left the official provider", async () => {
  const both = (Cluster: ClusterClass) => {
    new Cluster("one", { name: "one" });
    new Cluster("two", { name: "two" });
  };
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      both(official.HpcCluster);
      new official.HpcCluster("kept", { name: "kept" });
    },
  });
  await stack.up();
  const before = ecs.store.clusters();
  const writes = changingCalls(ecs).length;
  const target = [`urn:pulumi:test::hpc::${pluginHost.type}::one`];
  stack.setProgram(async () => both(pluginHost.HpcCluster));
  expect((await failureOf(stack.up({ target }))).output).toContain("change of providers mixed with --target");
  expect(typesHeld(stack)).toEqual(new Set([officialType]));
  const kept = before.find(({ name }) => name === "kept")!;
  stack.setProgram(async () => {
    // The engine wants the old provider registered before the clusters that still have it.
    const first = new official.HpcCluster("kept", { name: "kept" });
    await new Promise((resolve) => first.urn.apply(resolve));
    both(pluginHost.HpcCluster);
    // A cluster that the official resource of the same name has may be read.
    pluginHost.HpcCluster.get("kept", kept.hpcClusterId);
  });
  await stack.up({ target });
  expect(
    Object.fromEntries(
      clustersInState(stack)
        .filter(({ external }) => external !== true)
        .map(({ urn, type }) => [urn.split("::").at(-1), type]),
    ),
  ).toEqual({ one: pluginHost.type, two: officialType, kept: officialType });
  expect(ecs.store.clusters()).toEqual(before);
  expect(changingCalls(ecs)).toHaveLength(writes);
});

test("both resources under one name, in either order, are an error that names the package, and change nothing", async () => {
  await using stack = await createEcsStack(ecs, { program: rendering(official.HpcCluster) });
  await stack.up();
  const before = ecs.store.clusters();
  const both =
    (...classes: ClusterClass[]): Program =>
    async () => {
      for (const Cluster of classes) {
        new Cluster("rendering", args);
      }
    };
  stack.setProgram(both(official.HpcCluster, dynamicHost.HpcCluster));
  expect((await failureOf(stack.preview())).output).toContain('"rendering" is declared twice');
  stack.setProgram(both(pluginHost.HpcCluster, official.HpcCluster));
  expect((await failureOf(stack.up())).output).toContain('"rendering" is declared twice');
  expect(typesHeld(stack)).toEqual(new Set([officialType]));
  expect(ecs.store.clusters()).toEqual(before);
});

// It gives the entry to the new provider without an update.
test("destroy --run-program before the move fails where the cluster does not show, and with the dynamic provider, which the SDK does not find in the entry", async () => {
  await using stack = await createEcsStack(ecs, { program: rendering(official.HpcCluster) });
  await stack.up();
  const before = held(stack);
  await stack.setConfig({ "alicloud:region": "cn-beijing" });
  stack.setProgram(rendering(pluginHost.HpcCluster));
  const { output } = await failureOf(stack.destroy({ runProgram: true }));
  expect(output).toContain("does not show in cn-beijing");
  expect(held(stack)).toEqual(before);

  await stack.setConfig({ "alicloud:region": "cn-hangzhou" });
  stack.setProgram(rendering(dynamicHost.HpcCluster));
  await failureOf(stack.destroy({ runProgram: true }));
  expect(held(stack)).toEqual(before);
  expect(ecs.store.clusters()).toHaveLength(1);

  stack.setProgram(rendering(pluginHost.HpcCluster));
  await stack.destroy({ runProgram: true });
  expect(ecs.store.clusters()).toEqual([]);
});
