/** Promise: reads at the same time share DescribeHpcClusters calls of up to 100 ids, and each gets its own cluster. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type StoredCluster, startEmulator } from "../../emulator/emulator.ts";
import { DynamicProvider, ProgramFolder } from "../rpc/dynamicProvider.ts";
import { clustersInState, configurationFor, createEcsStack, defaultRegion } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const count = 150;

/** How many ids each DescribeHpcClusters call so far was for. */
const batchSizes = (): number[] =>
  ecs
    .calls("DescribeHpcClusters")
    .filter(({ params }) => params["HpcClusterIds"] !== undefined)
    .map(({ params }) => (JSON.parse(params["HpcClusterIds"] as string) as string[]).length);

test(`a refresh of ${count} clusters shares calls, and each cluster gets its own values`, async () => {
  const names = Array.from({ length: count }, (_, number) => `render-farm-${number}`);
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      for (const name of names) {
        new HpcCluster(name, { name });
      }
    },
  });
  await stack.up({ parallel: 100 });
  const made = batchSizes().length;

  // What the refresh then finds is each cluster's own.
  const renamed = ecs.store.clusters()[7]!;
  const gone = ecs.store.clusters()[111]!;
  ecs.store.modify(renamed.hpcClusterId, { name: "renamed-outside" });
  ecs.store.remove(gone.hpcClusterId);
  await stack.refresh({ parallel: 100 });
  const sizes = batchSizes().slice(made);
  // How many calls it takes depends on timing: the benchmark measures that. Here only that some are shared.
  expect(sizes.length).toBeLessThan(count);
  // Each once, and the deleted one several times before it counts as deleted.
  expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(count);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
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
  const idsOf = (clusters: readonly StoredCluster[]) => clusters.map(({ hpcClusterId }) => hpcClusterId);

  test(`${count} reads at once share calls, and each gets its own cluster`, async () => {
    const clusters = Array.from({ length: count }, (_, number) => added(number));
    const reads = await Promise.all(clusters.map(refreshed));
    expect(reads.map(({ id, properties }) => [id, properties["name"]])).toEqual(
      clusters.map(({ hpcClusterId, name }) => [hpcClusterId, name]),
    );
    expect(batchSizes().length).toBeLessThan(count);
    expect(Math.max(...batchSizes())).toBeLessThanOrEqual(100);
  });

  test("regions do not share calls", async () => {
    const regions = [defaultRegion, "cn-beijing"];
    const clusters = regions.flatMap((regionId) => [added(1, regionId), added(2, regionId)]);
    const reads = await Promise.all(clusters.map(refreshed));
    expect(reads.map(({ id }) => id)).toEqual(idsOf(clusters));
    for (const regionId of regions) {
      const asked = ecs
        .calls("DescribeHpcClusters", regionId)
        .flatMap(({ params }) => JSON.parse(params["HpcClusterIds"] as string) as string[]);
      expect(asked.sort()).toEqual(idsOf(clusters.filter((one) => one.regionId === regionId)).sort());
    }
  });

  test("a batch that fails because of an id is repeated id by id", async () => {
    const clusters = Array.from({ length: 20 }, (_, number) => added(number));
    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      calls: 1,
      status: 400,
      code: "InvalidHpcClusterIds.Malformed",
      message: "The specified parameter HpcClusterIds is not valid.",
    });
    const reads = await Promise.all(clusters.map(refreshed));
    expect(reads.map(({ id }) => id)).toEqual(idsOf(clusters));
    const [refused, ...others] = batchSizes();
    expect(others.filter((size) => size === 1).length).toBeGreaterThanOrEqual(refused ?? Infinity);
  });

  test("a batch whose connection breaks is repeated as a whole", async () => {
    const clusters = Array.from({ length: 50 }, (_, number) => added(number));
    const fault = ecs.faults.add({ kind: "reset", action: "DescribeHpcClusters", times: 1 });
    const reads = await Promise.all(clusters.map(refreshed));
    expect(reads.map(({ id }) => id)).toEqual(idsOf(clusters));
    expect(fault.injected).toBe(1);
    const [first] = batchSizes();
    expect(batchSizes().filter((size) => size === first).length).toBeGreaterThanOrEqual(2);
  });
});
