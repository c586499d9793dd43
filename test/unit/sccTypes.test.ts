/**
 * Promise: of a new cluster in a region that sells no SCC instance types the user is warned, once a region; one call a region finds it
 * out, and nothing fails or waits because of it.
 */
import { beforeEach, expect, test } from "vitest";
import { checkCluster } from "../../provider/cluster/check.ts";
import type { EngineProperties } from "../../provider/cluster/properties.ts";
import { FakeService, regionId } from "./fakeService.ts";

let service: FakeService;
let operation: ReturnType<FakeService["operation"]>;
let olds: EngineProperties;
let news: EngineProperties;
let secretNames: Set<unknown>;
beforeEach(() => {
  service = new FakeService();
  service.soldTypes = ["ecs.g7.large", "ecs.ebmgn8v.48xlarge"];
  operation = service.operation();
  secretNames = new Set();
  olds = {};
  news = { name: "farm", regionId };
});

const check = () => checkCluster(operation, olds, news, secretNames);

test("one warning and one call a region, however many clusters", async () => {
  const regions = [regionId, "cn-beijing", regionId, "cn-beijing"];
  for (const each of regions) {
    expect((await checkCluster(operation, {}, { name: "farm", regionId: each })).failures).toEqual([]);
  }
  expect(operation.warnings).toEqual(
    [regionId, "cn-beijing"].map(
      (each) =>
        expect.stringMatching(
          new RegExp(
            `^${each} sells no SCC instance types.* getSccInstanceTypes lists .*alicloud:skipRegionValidation to true`,
          ),
        ) as string,
    ),
  );
  expect(service.sent("DescribeAvailableResource")).toHaveLength(2);
});

test.each<[string, () => void]>([
  ["the region sells one", () => (service.soldTypes = ["ecs.sccc7.32xlarge"])],
  ["the permission is missing", () => (service.errors = { DescribeAvailableResource: "Forbidden.RAM" })],
  ["there is no answer in time", () => (service.errors = { DescribeAvailableResource: "RequestTimeout" })],
  ["skipRegionValidation is set", () => (operation = service.operation({ skipRegionValidation: "true" }))],
  ["the cluster exists already", () => (olds = { ...news })],
  ["the cluster is adopted", () => (news = { ...news, adopt: service.add("farm") })],
  ["the region is a secret", () => (secretNames = new Set(["regionId"]))],
])("no warning if %s", async (_, prepare) => {
  prepare();
  await check();
  expect(operation.warnings.filter((text) => text.includes("SCC"))).toEqual([]);
});

test("the call may take 5 s", async () => {
  await check();
  expect(service.calls.find(({ action }) => action === "DescribeAvailableResource")).toMatchObject({
    regionId,
    parameters: { RegionId: regionId, DestinationResource: "InstanceType" },
    withinMs: 5_000,
  });
});
