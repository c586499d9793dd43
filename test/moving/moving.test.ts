/**
 * A stack moves from @pulumi/alicloud to this package by changing the import, and back: every cluster stays, its entry moves, and no
 * call changes it.
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

// 101 clusters, several operations, and two providers in each.
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
const declare =
  (Cluster: ClusterClass, count: number, opts?: pulumi.CustomResourceOptions): Program =>
  async () => {
    for (let index = 0; index < count; index += 1) {
      new Cluster(`rendering-${index}`, { name: `farm-${index}`, description: "Nightly frames" }, opts);
    }
  };
const held = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);
const typesHeld = (stack: TestStack) => new Set(clustersInState(stack).map(({ type }) => type));
/** The number of reads of clusters during the operation. */
async function readsOf(run: () => Promise<unknown>): Promise<number> {
  const before = ecs.calls("DescribeHpcClusters").length;
  await run();
  return ecs.calls("DescribeHpcClusters").length - before;
}

describe.each(hosts)("$name", (host) => {
  const { HpcCluster, Provider, type } = host;

  test("A1: only the import changes, and the program adopts too: nothing advises to adopt, and the cluster stays", async () => {
    await using stack = await createEcsStack(ecs, {
      program: rendering(official.HpcCluster),
    });
    await stack.up();
    const before = ecs.store.clusters();
    const writes = changingCalls(ecs).length;
    const { hpcClusterId } = before[0]!;
    stack.setProgram(rendering(HpcCluster));
    const preview = await stack.preview();
    expect(clusterOps(preview)).toEqual({ rendering: ["update"] });
    expect(preview.output).not.toContain("adopt");
    stack.setProgram(rendering(HpcCluster, { ...args, adopt: hpcClusterId }, { protect: false }));
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
    expect(ecs.store.clusters()).toEqual(before);
    expect(clustersInState(stack)).toMatchObject([
      {
        type,
        id: hpcClusterId,
        inputs: { ...args, regionId: "cn-hangzhou" },
        outputs: {
          ...{ ...args, regionId: "cn-hangzhou", hpcClusterId },
          ...{ __entry: expect.any(String), __accountId: ecs.accountId },
        },
      },
    ]);
    await stack.refresh({ expectNoChanges: true });
    await stack.up({ expectNoChanges: true });
    expect(changingCalls(ecs)).toHaveLength(writes);

    // The way back: the official plugin goes on with the state that it gets.
    stack.setProgram(rendering(official.HpcCluster, { name: "farm-2" }, { aliases: [{ type }] }));
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId, name: "farm-2", description: "" }]);
    await stack.destroy();
    expect(ecs.store.clusters()).toEqual([]);
  });

  test("A2: with the alias in the program, in a component, under a new name, and with the provider of another region", async () => {
    class Farm extends pulumi.ComponentResource {
      constructor(Cluster: ClusterClass) {
        super("test:index:Farm", "farm");
        new Cluster("in-component", { name: "in-component" }, { parent: this });
      }
    }
    const keys = { accessKey: ecs.accessKeyId, secretKey: ecs.accessKeySecret };
    const endpoints = [{ ecs: ecs.endpoint }];
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new official.HpcCluster("rendering", args);
        new Farm(official.HpcCluster);
        new official.HpcCluster("old-name", { name: "renamed" });
        // No name: the plugin makes one, and the program that moves has to give it.
        const provider = new official.Provider("beijing", { region: "cn-beijing", ...keys, endpoints });
        new official.HpcCluster("beijing", {}, { provider });
      },
    });
    await stack.up();
    const before = ecs.store.clusters();
    const writes = changingCalls(ecs).length;
    const beijing = before.find(({ regionId }) => regionId === "cn-beijing")!;
    stack.setProgram(async () => {
      new HpcCluster("rendering", { ...args, name: "farm-2" }, { aliases: [{ type: officialType }] });
      new Farm(HpcCluster);
      new HpcCluster("new-name", { name: "renamed" }, { aliases: [{ name: "old-name" }] });
      const provider = new Provider("beijing-2", { region: "cn-beijing", ...keys, endpoints });
      new HpcCluster("beijing", { name: beijing.name }, { provider });
    });
    const { steps } = await stack.up();
    expect(clusterOps({ steps })).toEqual({
      ...{ rendering: ["update"], "in-component": ["update"], "new-name": ["update"], beijing: ["update"] },
    });
    expect(typesHeld(stack)).toEqual(new Set([type]));
    // A property that differs is an ordinary update.
    expect(changingCalls(ecs).slice(writes)).toMatchObject([
      { action: "ModifyHpcClusterAttribute", params: { Name: "farm-2" } },
    ]);
    expect(ecs.store.clusters()).toEqual(
      before.map((one) => (one.name === args.name ? { ...one, name: "farm-2" } : one)),
    );
    await stack.preview({ expectNoChanges: true });
  });
});

describe("to the plugin", () => {
  const { HpcCluster, type } = pluginHost;

  test("101 clusters move there and back without a changing call, and a list of two pages is all that is read", async () => {
    await using stack = await createEcsStack(ecs, { program: declare(official.HpcCluster, 101) });
    await stack.up();
    const before = ecs.store.clusters();
    const writes = changingCalls(ecs).length;
    stack.setProgram(declare(HpcCluster, 101));
    const there = [await readsOf(() => stack.preview()), await readsOf(() => stack.up())];
    expect(typesHeld(stack)).toEqual(new Set([type]));
    expect(held(stack).toSorted()).toEqual(before.map(({ hpcClusterId }) => hpcClusterId).toSorted());
    expect(there).toEqual([2, 2]);

    stack.setProgram(declare(official.HpcCluster, 101, { aliases: [{ type }] }));
    await stack.up();
    expect(typesHeld(stack)).toEqual(new Set([officialType]));
    expect(held(stack)).toHaveLength(101);
    expect(ecs.store.clusters()).toEqual(before);
    expect(changingCalls(ecs)).toHaveLength(writes);
  });

  test("a move that a kill of the engine has interrupted goes on", async () => {
    const count = 10;
    await using stack = await createEcsStack(ecs, { program: declare(official.HpcCluster, count) });
    await stack.up();
    const before = ecs.store.clusters();
    const writes = changingCalls(ecs).length;
    let goOn!: () => void;
    const killed = new Promise<void>((resolve) => (goOn = resolve));
    stack.setProgram(async () => {
      await declare(HpcCluster, count / 2)();
      await killed;
    });
    const interrupted = stack.start("up");
    // Half of them have moved, and the engine waits for the program. While it writes the state file, a kill would leave half a file.
    await vi.waitFor(
      () => expect(clustersInState(stack).filter((one) => one.type === type)).toHaveLength(count / 2),
      { timeout: 60_000 },
    );
    interrupted.kill("engine");
    goOn();
    await expect(interrupted.result).rejects.toThrow();
    stack.setProgram(declare(HpcCluster, count));
    await stack.cancel();
    await stack.up();
    expect(typesHeld(stack)).toEqual(new Set([type]));
    expect(held(stack)).toHaveLength(count);
    expect(ecs.store.clusters()).toEqual(before);
    expect(changingCalls(ecs)).toHaveLength(writes);
  });

  test("a region in which the cluster does not show is an error at preview that names it", async () => {
    await using stack = await createEcsStack(ecs, {
      program: rendering(official.HpcCluster),
    });
    await stack.up();
    const before = ecs.store.clusters();
    const state = clustersInState(stack);
    stack.setProgram(rendering(HpcCluster, { ...args, regionId: "cn-beijing" }));
    for (const run of [() => stack.preview(), () => stack.up()]) {
      expect((await failureOf(run())).output).toMatch(
        new RegExp(
          `error: .*regionId: the HPC cluster ${before[0]!.hpcClusterId}.* does not show in cn-beijing`,
        ),
      );
      expect(clustersInState(stack)).toEqual(state);
    }
    expect(ecs.store.clusters()).toEqual(before);
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
  stack.setProgram(async () => {
    // The engine wants the old provider registered before the clusters that still have it.
    const first = new official.HpcCluster("kept", { name: "kept" });
    await new Promise((resolve) => first.urn.apply(resolve));
    both(pluginHost.HpcCluster);
  });
  await stack.up({ target });
  expect(
    Object.fromEntries(clustersInState(stack).map(({ urn, type }) => [urn.split("::").at(-1), type])),
  ).toEqual({ one: pluginHost.type, two: officialType, kept: officialType });
  // A cluster that the official resource of the same name has may be read.
  const kept = before.find(({ name }) => name === "kept")!;
  stack.setProgram(async () => {
    both(pluginHost.HpcCluster);
    new official.HpcCluster("kept", { name: "kept" });
    pluginHost.HpcCluster.get("kept", kept.hpcClusterId);
  });
  await stack.up();
  expect(ecs.store.clusters()).toEqual(before);
  expect(changingCalls(ecs)).toHaveLength(writes);
});

test.each<[string, ClusterClass[]]>([
  ["the official one first", [official.HpcCluster, dynamicHost.HpcCluster]],
  ["ours first", [pluginHost.HpcCluster, official.HpcCluster]],
])(
  "both resources under one name, %s, are an error at preview that names the package, and change nothing",
  async (_order, classes) => {
    await using stack = await createEcsStack(ecs, {
      program: rendering(official.HpcCluster),
    });
    await stack.up();
    const before = ecs.store.clusters();
    stack.setProgram(async () => {
      for (const Cluster of classes) {
        new Cluster("rendering", args);
      }
    });
    expect((await failureOf(stack.preview())).output).toContain('"rendering" is declared twice');
    await failureOf(stack.up());
    expect(typesHeld(stack)).toEqual(new Set([officialType]));
    expect(ecs.store.clusters()).toEqual(before);
  },
);

describe("destroy --run-program before the move, which gives the entry to the new provider without an update", () => {
  const program: Program = rendering(official.HpcCluster);

  test("plugin: fails in a region in which the cluster does not show", async () => {
    await using stack = await createEcsStack(ecs, { program });
    await stack.up();
    const before = ecs.store.clusters();
    await stack.setConfig({ "alicloud:region": "cn-beijing" });
    stack.setProgram(rendering(pluginHost.HpcCluster));
    const { output } = await failureOf(stack.destroy({ runProgram: true }));
    expect(output).toContain("does not show in cn-beijing");
    expect(held(stack)).toEqual([before[0]!.hpcClusterId]);
    await stack.setConfig({ "alicloud:region": "cn-hangzhou" });
    await stack.destroy({ runProgram: true });
    expect(ecs.store.clusters()).toEqual([]);
  });

  test("dynamic provider: fails, since the SDK does not find the provider in the entry; the next up moves it", async () => {
    await using stack = await createEcsStack(ecs, { program });
    await stack.up();
    const before = ecs.store.clusters();
    stack.setProgram(rendering(dynamicHost.HpcCluster));
    await failureOf(stack.destroy({ runProgram: true }));
    expect(held(stack)).toEqual([before[0]!.hpcClusterId]);
    await stack.up();
    expect(ecs.store.clusters()).toEqual(before);
    await stack.destroy();
    expect(ecs.store.clusters()).toEqual([]);
  });
});
