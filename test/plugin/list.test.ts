/** Promise: List gives the clusters of a region, in pages, up to a limit; and a clear error for what it cannot list. */
import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { type Listed, PluginProvider } from "../rpc/pluginProvider.ts";
import { ProviderError, secret, unknownValue } from "../rpc/servedProvider.ts";
import { failureOf } from "../unit/failureOf.ts";

const regionId = "cn-hangzhou";
const { status } = grpc;

let ecs: Emulator;
let plugin: PluginProvider;
/** The clusters of the region, ordered by id. */
let clusters: Listed["clusters"];

beforeAll(async () => {
  ecs = await startEmulator();
  for (let number = 0; number < 105; number += 1) {
    ecs.store.add({ name: `farm-${number}`, regionId });
  }
  ecs.store.add({ name: "farm-in-beijing", regionId: "cn-beijing" });
  clusters = ecs.store
    .clusters()
    .filter((cluster) => cluster.regionId === regionId)
    .map(({ hpcClusterId, name }) => ({ id: hpcClusterId, name }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  plugin = await PluginProvider.start();
  await plugin.configure({
    endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
    accessKey: ecs.accessKeyId,
    secretKey: secret(ecs.accessKeySecret),
    region: regionId,
    maxRetryTimeout: "1",
  });
});

afterAll(async () => {
  await plugin.stop();
  await ecs.stop();
});

test("all clusters of the region, more than a page of the service has", async () => {
  expect(await plugin.list({})).toEqual({ clusters, isComputed: false });
  expect(await plugin.list({ regionId: "cn-beijing" })).toMatchObject({
    clusters: [{ name: "farm-in-beijing" }],
  });
  const { clusters: named } = await plugin.list({ nameRegex: "-1.$" });
  expect(named.map(({ name }) => name).sort()).toEqual(
    Array.from({ length: 10 }, (_, digit) => `farm-1${digit}`),
  );
});

test("pages up to a limit; clusters that come and go meanwhile move no other to another page", async () => {
  // The engine reduces the limit by what it has got; the protocol has it unchanged.
  for (const nextLimit of [30, 90]) {
    const first = await plugin.list({}, { limit: 90, pageSize: 60 });
    expect(first.clusters).toEqual(clusters.slice(0, 60));
    const [gone] = clusters;
    ecs.store.remove(gone!.id);
    const second = await plugin.list({}, { limit: nextLimit, pageSize: 60, token: first.token! });
    expect(second).toEqual({ clusters: clusters.slice(60, 90), isComputed: false });
    clusters = clusters.slice(1);
  }
});

// The protocol: "If less than 1 then no limit is applied." The engine sends 0 where the user gives none.
test.each([0, -1])("a limit of %d is none", async (limit) => {
  expect(await plugin.list({}, { limit, pageSize: limit })).toEqual({ clusters, isComputed: false });
});

test("the last page has no token, also if it is full", async () => {
  const pageSize = clusters.length;
  expect((await plugin.list({}, { pageSize })).token).toBeUndefined();
  expect((await plugin.list({ nameRegex: "no such name" }, { pageSize: 1 })).token).toBeUndefined();
});

test("a query with unknown values has no result yet", async () => {
  expect(await plugin.list({ regionId: unknownValue })).toEqual({ clusters: [], isComputed: true });
});

test.each([
  [
    { regionId: "cn-hangzou" },
    {},
    /^list: regionId "cn-hangzou" is not a region .* did you mean "cn-hangzhou"\?$/,
  ],
  [{ regionId: "CN HANGZHOU" }, {}, /^regionId must be the id of a region/],
  [{ nameRegexp: "x" }, {}, /^list: "nameRegexp" is not an argument: did you mean "nameRegex"\?$/],
  [{ nameRegex: "(" }, {}, /^list: nameRegex is not a valid regular expression/],
  [{ nameRegex: secret("(geheim") }, {}, /^list: nameRegex is not a valid(?!.*geheim)/],
  [{ nameRegex: 7 }, {}, /^list: nameRegex must be a string\.$/],
  [
    {},
    { type: "alicloud-hpc:index:Cluster" },
    /^There is no resource type alicloud-hpc:index:Cluster to list; there is /,
  ],
  [{}, { token: "page 2 of 3" }, /^list: "page 2 of 3" is not a continuation token of this provider/],
])("%j %j fails, and says what is wrong", async (query, options, message) => {
  const error = await failureOf(plugin.list(query, options), ProviderError);
  expect(error.message).toMatch(message);
});

test("before Configure it fails, and says why", async () => {
  const fresh = await PluginProvider.start();
  const error = await failureOf(fresh.list({}), ProviderError);
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: expect.stringMatching(/not configured/),
  });
  await fresh.stop();
});
