/**
 * Promises: many clusters at once are each created once, and the state of each stays small; a refresh lists the region instead of
 * reading each cluster, and each cluster gets its own values.
 */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type StoredCluster, startEmulator } from "../../emulator/emulator.ts";
import { DynamicProvider, ProgramFolder } from "../rpc/dynamicProvider.ts";
import { clustersInState, configurationFor, createEcsStack, defaultRegion } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

/** A page of a list has 100. */
const count = 102;

/** Of each DescribeHpcClusters call: how many ids it was for, or "list". */
const reads = (regionId?: string): (number | "list")[] =>
  ecs
    .calls("DescribeHpcClusters", regionId)
    .map(({ params: { HpcClusterIds: ids } }) =>
      typeof ids === "string" ? (JSON.parse(ids) as string[]).length : "list",
    );

/** What one operation has asked the service. */
async function askedBy(operation: () => Promise<unknown>): Promise<string[]> {
  const before = ecs.requests.length;
  await operation();
  return ecs.requests.slice(before).map(({ action }) => action);
}

// More than a page: below.
test("30 clusters are checked together, created once each, with a small state, and refreshed by a list, each with its own values", async () => {
  const names = Array.from({ length: 30 }, (_, number) => `render-farm-${number}`);
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      for (const name of names) {
        new HpcCluster(name, { name, description: "Nightly frames" });
      }
    },
  });
  const [first, ...others] = await askedBy(() => stack.preview());
  expect([first, ...others.sort()]).toEqual([
    "DescribeRegions",
    "DescribeAvailableResource",
    "DescribeHpcClusters",
  ]);
  const asked = await askedBy(() => stack.up({ parallel: 100 }));
  expect(asked.filter((action) => action === "DescribeRegions")).toHaveLength(1);
  expect(
    ecs.store
      .clusters()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
  expect(ecs.calls("CreateHpcCluster")).toHaveLength(names.length);

  const resources = clustersInState(stack);
  expect(resources).toHaveLength(names.length);
  const providerBytes = Math.max(
    ...resources.flatMap(({ inputs, outputs }) =>
      [inputs, outputs].map((properties) => Buffer.byteLength(properties?.["__provider"] as string)),
    ),
  );
  // The engine adds where in the program the resource was made, which depends on the path of this repository.
  const bytes = resources.map((resource) =>
    Buffer.byteLength(JSON.stringify({ ...resource, sourcePosition: undefined, stackTrace: undefined })),
  );
  expect(providerBytes).toBeLessThanOrEqual(300);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(2_000);

  // Nothing to change: the one call, and no look at any cluster.
  expect(await askedBy(() => stack.up({ expectNoChanges: true }))).toEqual(["DescribeRegions"]);
  const made = reads().length;

  // What the refresh then finds is each cluster's own.
  const renamed = ecs.store.clusters()[7]!;
  ecs.store.modify(renamed.hpcClusterId, { name: "renamed-outside" });
  await stack.refresh({ parallel: 100 });
  expect(reads().slice(made)).toEqual(["list"]);
  const states: Record<string, unknown> = Object.fromEntries(
    clustersInState(stack).map(({ id, outputs }) => [id, outputs?.["name"]]),
  );
  expect(states).toEqual(
    Object.fromEntries(ecs.store.clusters().map(({ hpcClusterId, name }) => [hpcClusterId, name])),
  );
  expect(states[renamed.hpcClusterId]).toBe("renamed-outside");
}, 300_000);

describe("one provider process", () => {
  let folder: ProgramFolder;
  let provider: DynamicProvider;
  beforeAll(() => void (folder = new ProgramFolder()));
  afterAll(() => folder.remove());
  beforeEach(async () => {
    provider = await DynamicProvider.start(folder, await folder.providerText());
    await provider.configure(
      Object.fromEntries(
        Object.entries(configurationFor(ecs)).map(([key, value]) => [
          key,
          typeof value === "string" ? value : value.value,
        ]),
      ),
    );
  });
  afterEach(() => provider.stop());

  const added = (number: number, regionId = defaultRegion): StoredCluster =>
    ecs.store.add({ regionId, name: `render-farm-${number}` });
  const refreshed = ({ hpcClusterId, name, regionId }: StoredCluster) =>
    provider.refresh(hpcClusterId, { hpcClusterId, name, regionId });

  test(`${count} reads at once share the list of their region, and each gets its own cluster`, async () => {
    const clusters = Array.from({ length: count }, (_, number) => added(number));
    clusters.push(added(count, "cn-beijing"), added(count, "cn-beijing"));
    const read = await Promise.all(clusters.map(refreshed));
    expect(read.map(({ id, properties }) => [id, properties["name"]])).toEqual(
      clusters.map(({ hpcClusterId, name }) => [hpcClusterId, name]),
    );
    expect(reads(defaultRegion)).toEqual(["list", "list"]);
    expect(reads("cn-beijing")).toEqual(["list"]);
  });

  test("without the permission to list, the reads that wait for a free connection share calls", async () => {
    const clusters = Array.from({ length: count }, (_, number) => added(number));
    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      calls: 1,
      status: 403,
      code: "Forbidden.RAM",
      message: "User not authorized to operate on the specified resource.",
    });
    const read = await Promise.all(clusters.map(refreshed));
    expect(read.map(({ id }) => id)).toEqual(clusters.map(({ hpcClusterId }) => hpcClusterId));
    const [list, ...byId] = reads();
    expect(list).toBe("list");
    expect(byId.length).toBeLessThan(count);
    expect(Math.max(...byId.map(Number))).toBeLessThanOrEqual(100);
  });
});
