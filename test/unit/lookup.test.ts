import { runtime } from "@pulumi/pulumi";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { GetHpcClusterArgs, GetHpcClustersArgs } from "../../provider/program/lookups.ts";
import { Provider, type ProviderArgs } from "../../provider/program/provider.ts";
import { serviceLookup } from "../../provider/program/serviceLookups.ts";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { hideDeveloperSettings } from "./developerSettings.ts";
import { failureOf } from "./failureOf.ts";

let ecs: Emulator;
beforeAll(async () => {
  await runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs as Record<string, unknown> }),
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});
beforeEach(async () => {
  hideDeveloperSettings();
  ecs = await startEmulator();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await ecs.stop();
});

/** A provider for the local ECS; each has a client of its own. */
function here(args: ProviderArgs = {}): Provider {
  const { accessKeyId: accessKey, accessKeySecret: secretKey, endpoint } = ecs;
  return new Provider("studio", {
    region: "cn-hangzhou",
    accessKey,
    secretKey,
    endpoints: [{ ecs: endpoint }],
    ...args,
  });
}

/** What a lookup has found; its provider is known. */
async function found<R>(lookup: Promise<R | undefined>): Promise<R> {
  return (await lookup) ?? expect.fail("the provider is not known");
}

// Without their forms, in which mocks would answer.
const getHpcCluster = (args: GetHpcClusterArgs, provider: Provider) =>
  found(serviceLookup("getHpcCluster", args, provider));
const getHpcClusters = (args: GetHpcClustersArgs, provider: Provider) =>
  found(serviceLookup("getHpcClusters", args, provider));
const getRegions = (provider: Provider) => found(serviceLookup("getRegions", {}, provider));

/** The message of a lookup that must fail. */
async function messageOf(lookup: Promise<unknown>): Promise<string> {
  return (await failureOf(lookup, Error)).message;
}

const pages = () => ecs.calls("DescribeHpcClusters").map(({ params }) => params["PageNumber"] ?? "1");

describe("getHpcCluster", () => {
  test("by id and by exact name; without a description there is no such key", async () => {
    const farm = ecs.store.add({ name: "render-farm", description: "By hand" });
    const bare = ecs.store.add({ name: "render-farm-2", regionId: "eu-west-1" });
    const found = {
      id: farm.hpcClusterId,
      name: "render-farm",
      description: "By hand",
      regionId: "cn-hangzhou",
    };
    expect(await getHpcCluster({ id: farm.hpcClusterId }, here())).toStrictEqual(found);
    expect(await getHpcCluster({ name: "render-farm" }, here())).toStrictEqual(found);
    expect(await getHpcCluster({ name: "render-farm-2", regionId: "eu-west-1" }, here())).toStrictEqual({
      id: bare.hpcClusterId,
      name: "render-farm-2",
      regionId: "eu-west-1",
    });
  });

  test("fails if there is none, and says what was looked up where", async () => {
    const elsewhere = ecs.store.add({ name: "render-farm", regionId: "eu-west-1" }).hpcClusterId;
    expect(await messageOf(getHpcCluster({ id: elsewhere }, here()))).toMatch(
      new RegExp(`no HPC cluster ${elsewhere} in cn-hangzhou; check`),
    );
    expect(await messageOf(getHpcCluster({ name: "render-farm" }, here()))).toMatch(
      /no HPC cluster named "render-farm" in cn-hangzhou; check/,
    );
    // Names are compared as they are.
    expect(await messageOf(getHpcCluster({ name: "Render-farm", regionId: "eu-west-1" }, here()))).toContain(
      '"Render-farm"',
    );
  });

  test("fails if several have that name, also on different pages, and lists their ids", async () => {
    const first = ecs.store.add({ name: "render-farm" }).hpcClusterId;
    for (let index = 0; index < 120; index += 1) {
      ecs.store.add({ name: `other-${index}` });
    }
    const last = ecs.store.add({ name: "render-farm" }).hpcClusterId;
    const ids = [first, last].sort();
    expect(await messageOf(getHpcCluster({ name: "render-farm" }, here()))).toContain(
      `2 HPC clusters in cn-hangzhou are named "render-farm": ${ids.join(", ")}; give the id`,
    );
  });

  test.each([
    ["neither id nor name", {}],
    ["both", { id: "hpc-0000000000000000", name: "render-farm" }],
  ])("%s is an error before any call", async (_, args) => {
    expect(await messageOf(getHpcCluster(args, here()))).toMatch(/give either id or name/);
    expect(ecs.requests).toEqual([]);
  });
});

describe("getHpcClusters", () => {
  test("all pages, ordered by id, each cluster once; 100 to a page", async () => {
    const ids = Array.from(
      { length: 250 },
      (_, index) => ecs.store.add({ name: `farm-${index}` }).hpcClusterId,
    );
    const found = await getHpcClusters({}, here());
    expect(found.map(({ id }) => id)).toEqual(ids.sort());
    expect(pages()).toEqual(["1", "2", "3"]);
    expect(ecs.calls("DescribeHpcClusters")[0]?.params["PageSize"]).toBe("100");
  });

  test("none, and exactly a full page", async () => {
    expect(await getHpcClusters({}, here())).toEqual([]);
    for (let index = 0; index < 100; index += 1) {
      ecs.store.add({ name: `farm-${index}` });
    }
    expect(await getHpcClusters({}, here())).toHaveLength(100);
    expect(pages()).toEqual(["1", "1"]);
  });

  test("by ids: in as few calls as the limit allows; unknown and repeated ids are left out", async () => {
    const ids = Array.from(
      { length: 250 },
      (_, index) => ecs.store.add({ name: `farm-${index}` }).hpcClusterId,
    );
    const wanted = [...ids.slice(0, 149), ids[0], "hpc-0000000000000000"] as string[];
    const found = await getHpcClusters({ ids: wanted }, here());
    expect(found.map(({ id }) => id)).toEqual(ids.slice(0, 149).sort());
    const asked = ecs.calls("DescribeHpcClusters").map(({ params }) => params["HpcClusterIds"] ?? "[]");
    expect(asked.map((text) => (JSON.parse(text) as string[]).length)).toEqual([100, 50]);
    expect(await getHpcClusters({ ids: [] }, here())).toEqual([]);
    expect(ecs.calls("DescribeHpcClusters")).toHaveLength(2);
  });

  test("by a regular expression on the name, unanchored and with Unicode, alone and with ids", async () => {
    const ids = ["render-a", "渲染-b", "archive"].map((name) => ecs.store.add({ name }).hpcClusterId);
    const namesOf = async (args: Parameters<typeof getHpcClusters>[0]) =>
      (await getHpcClusters(args, here())).map(({ name }) => name).sort();
    expect(await namesOf({ nameRegex: "r" })).toEqual(["archive", "render-a"]);
    expect(await namesOf({ nameRegex: "^\\p{Script=Han}" })).toEqual(["渲染-b"]);
    expect(await namesOf({ nameRegex: "-[ab]$", ids: ids.slice(1) })).toEqual(["渲染-b"]);
    expect(await namesOf({ nameRegex: "^$" })).toEqual([]);
  });

  test.each(["(", "[a", "\\p{Nonsense}"])(
    "%s is not a regular expression: an error without the value, which may be a secret",
    async (nameRegex) => {
      const message = await messageOf(getHpcClusters({ nameRegex: `secret-${nameRegex}` }, here()));
      expect(message).toContain("nameRegex is not a valid regular expression");
      expect(message).not.toContain("secret");
      expect(ecs.requests).toEqual([]);
    },
  );

  test("by a regular expression that takes too long is an error, after a second", async () => {
    ecs.store.add({ name: `${"a".repeat(100)}-` });
    const nameRegex = "^(a+)+$";
    expect(await messageOf(getHpcClusters({ nameRegex }, here()))).toBe(
      "getHpcClusters: nameRegex took longer than 1 s for all names together; make it simpler, for example without a " +
        "repetition inside a repetition.",
    );
    expect(await getHpcClusters({ nameRegex: "^a+-$" }, here())).toHaveLength(1);
  });
});

test("getRegions lists every region that the account has, by id, name and endpoint", async () => {
  const regions = await getRegions(here());
  expect(regions.map(({ id }) => id).sort()).toEqual([...ecs.regions].sort());
  expect(regions).toContainEqual({
    id: "cn-hangzhou",
    localName: "华东1（杭州）",
    endpoint: "ecs-cn-hangzhou.aliyuncs.com",
  });
  // Wherever the provider is: every account reaches this one.
  await getRegions(here({ region: "nowhere-1" }));
});

describe("getHpcClusterInstances", () => {
  const getInstances = (args: { id?: string; regionId?: string }, provider: Provider) =>
    found(serviceLookup("getHpcClusterInstances", args, provider));

  test("lists all pages of one cluster with addresses, ordered by name, then by id", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "farm", regionId: "cn-shanghai" });
    ecs.store.add({ name: "other", regionId: "cn-shanghai", instances: 1 });
    const more = { hpcClusterId, name: "node", status: "Stopped", zoneId: "cn-shanghai-b" };
    const ids = Array.from({ length: 204 }, () => ecs.store.runInstance(more).instanceId);
    const first = ecs.store.runInstance({ ...more, name: "head", privateIpAddresses: ["10.9.9.9"] });
    const [head, ...nodes] = await getInstances({ id: hpcClusterId, regionId: "cn-shanghai" }, here());
    expect(head).toStrictEqual({
      id: first.instanceId,
      name: "head",
      status: "Stopped",
      instanceType: "ecs.sccg7.32xlarge",
      zoneId: "cn-shanghai-b",
      privateIpAddresses: ["10.9.9.9"],
      rdmaIpAddresses: first.rdmaIpAddresses,
    });
    expect(nodes.map(({ id }) => id)).toEqual(ids.sort());
    expect(ecs.calls("DescribeInstances")).toHaveLength(3);
  });

  test("an instance outside the RDMA network has no such address; a cluster without instances has none", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    expect(await getInstances({ id }, here())).toEqual([]);
    ecs.store.runInstance({ hpcClusterId: id, instanceType: "ecs.g7.large" });
    expect(await getInstances({ id }, here())).toMatchObject([{ rdmaIpAddresses: [] }]);
  });

  test.each([{ id: "" }, {}])(
    "without an id it fails, instead of listing the whole region: %j",
    async (args) => {
      expect(await messageOf(getInstances(args, here()))).toMatch(/^getHpcClusterInstances: give the id/);
      expect(ecs.requests).toEqual([]);
    },
  );
});

describe("getSccInstanceTypes", () => {
  const getTypes = (args: { regionId?: string }, provider: Provider) =>
    found(serviceLookup("getSccInstanceTypes", args, provider));

  test("lists the SCC types of a region by type and zone, with status and stock", async () => {
    const [a, b] = ["cn-beijing-a", "cn-beijing-b"];
    ecs.store.setOffers("cn-beijing", [
      { zoneId: b, instanceType: "ecs.sccg7.32xlarge", stock: "ClosedWithStock" },
      { zoneId: b, instanceType: "ecs.sccc7.32xlarge" },
      { zoneId: a, instanceType: "ecs.g7.large" },
      { zoneId: a, instanceType: "ecs.sccg7.32xlarge", stock: "WithoutStock" },
    ]);
    expect(await getTypes({ regionId: "cn-beijing" }, here())).toStrictEqual([
      { instanceType: "ecs.sccc7.32xlarge", zoneId: b, status: "Available", stock: "WithStock" },
      { instanceType: "ecs.sccg7.32xlarge", zoneId: a, status: "SoldOut", stock: "WithoutStock" },
      { instanceType: "ecs.sccg7.32xlarge", zoneId: b, status: "Available", stock: "ClosedWithStock" },
    ]);
    expect(await getTypes({}, here())).toHaveLength(4);
    ecs.store.setOffers("cn-beijing", []);
    expect(await getTypes({ regionId: "cn-beijing" }, here())).toEqual([]);
  });
});

test("lookups are retried after throttling and a broken connection", async () => {
  const { hpcClusterId: id } = ecs.store.add({ name: "render-farm" });
  ecs.faults.add({ kind: "throttling", action: "DescribeHpcClusters", retryAfterMs: 1, times: 2 });
  ecs.faults.add({ kind: "reset", action: "DescribeRegions", times: 1 });
  expect(await getHpcClusters({}, here())).toMatchObject([{ id }]);
  expect(ecs.calls("DescribeHpcClusters").map(({ code }) => code ?? "OK")).toEqual([
    "Throttling.User",
    "Throttling.User",
    "OK",
  ]);
  expect(await getRegions(here())).toHaveLength(ecs.regions.length);
  expect(ecs.calls("DescribeRegions")).toHaveLength(2);
});

test("an error that is final is shown as the provider shows it, after one attempt", async () => {
  ecs.accounts.setActive(ecs.accessKeyId, false);
  const message = await messageOf(getHpcClusters({}, here()));
  expect(message).toMatch(/^DescribeHpcClusters in cn-hangzhou: InvalidAccessKeyId\.Inactive: /);
  expect(message).toContain("The credentials came from alicloud:accessKey and alicloud:secretKey.");
  expect(ecs.requests).toHaveLength(1);
});

test.each<[string, ProviderArgs, RegExp]>([
  [
    "no region",
    { region: "" },
    /regionId is required.*an explicit Provider does not read the stack's configuration/,
  ],
  [
    "a region that is not an id",
    { region: "CN/evil.example.com?" },
    /regionId must be the id of a region, .* but is "CN\/evil.example.com\?"; give the id that DescribeRegions lists\./,
  ],
  ["half a key", { secretKey: "" }, /alicloud:secretKey is missing.*give the Provider `secretKey`/],
  ["another protocol", { protocol: "ftp" }, /alicloud:protocol is "ftp"/],
])("%s is an error before any call", async (_, args, expected) => {
  expect(await messageOf(getHpcClusters({}, here(args)))).toMatch(expected);
  expect(ecs.requests).toEqual([]);
});
