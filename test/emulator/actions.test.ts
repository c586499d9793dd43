import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask, type Overrides } from "./rawRequest.ts";

const regionId = "cn-hangzhou";
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.close());

async function refused(action: string, parameters: Overrides): Promise<readonly unknown[]> {
  const { status, json } = await ask(ecs, action, parameters);
  return [status, json["Code"], json["Message"]];
}

const notSupplied = (name: string) =>
  `The input parameter ${name} that is mandatory for processing this request is not supplied.`;
const badName = [400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid."];
const badDescription = [
  400,
  "InvalidHpcClusterDescription.Malformed",
  "The specified parameter Description is not valid.",
];
const badRegion = 'The specified parameter "RegionId" is not valid.';
const badParameter = [400, "Invalid.Parameter", "Invalid parameters"];

const goodNames = [
  "ab",
  "hpc-Cluster-01",
  "中a",
  "集群",
  "a._-9",
  `a${"b".repeat(127)}`,
  `𠀀${"𠀀".repeat(127)}`, // 256 UTF-16 units, 128 characters
  "httpd",
  "http.x",
];
const badNames = [
  "",
  "a",
  "中",
  "𠀀",
  "1a",
  "-ab",
  "_ab",
  ".ab",
  "a b",
  "ab:",
  "ab/",
  "ab\n",
  "äb",
  "ab中é",
  "あい", // kana are not Han
  "a１", // a full-width digit
  "http://ab",
  "https://ab",
  `a${"b".repeat(128)}`,
];
const goodDescriptions = [
  "ab",
  "中文",
  "ftp://x",
  " http://x",
  "x".repeat(256),
  "𠀀".repeat(256),
  "<&>\n\t\"'",
];
const badDescriptions = ["a", "中", "𠀀", "http://", "https://x", "x".repeat(257), "中".repeat(257)];

describe("CreateHpcCluster", () => {
  test("makes a cluster", async () => {
    const { status, json } = await ask(ecs, "CreateHpcCluster", {
      RegionId: regionId,
      Name: "farm",
      Description: "Nightly frames",
    });
    expect([status, Object.keys(json)]).toEqual([200, ["RequestId", "HpcClusterId"]]);
    expect(json["RequestId"]).toMatch(
      /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/,
    );
    expect(json["HpcClusterId"]).toMatch(/^hpc-[a-z0-9]{16}$/);
    expect(ecs.store.clusters()).toEqual([
      {
        accountId: ecs.accountId,
        regionId,
        hpcClusterId: json["HpcClusterId"],
        name: "farm",
        description: "Nightly frames",
        instances: 0,
      },
    ]);
  });

  test("names are not unique; no description is an empty one", async () => {
    await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name: "farm" });
    await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name: "farm", Description: "" });
    expect(ecs.store.clusters({ name: "farm", description: "" })).toHaveLength(2);
  });

  test.each(goodNames)("takes the name %j", async (name) => {
    expect((await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name: name })).status).toBe(200);
  });

  test.each(badNames)("refuses the name %j", async (name) => {
    expect(await refused("CreateHpcCluster", { RegionId: regionId, Name: name })).toEqual(badName);
    expect(ecs.store.clusters()).toEqual([]);
  });

  test.each(goodDescriptions)("takes the description %j", async (description) => {
    await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name: "farm", Description: description });
    expect(ecs.store.clusters({ description })).toHaveLength(1);
  });

  test.each(badDescriptions)("refuses the description %j", async (description) => {
    const parameters = { RegionId: regionId, Name: "farm", Description: description };
    expect(await refused("CreateHpcCluster", parameters)).toEqual(badDescription);
  });

  test.each(["RegionId", "Name"])("refuses to go without %s", async (name) => {
    const parameters = { RegionId: regionId, Name: "farm", [name]: undefined };
    expect(await refused("CreateHpcCluster", parameters)).toEqual([
      400,
      "MissingParameter",
      notSupplied(name),
    ]);
  });

  test("takes an empty region for none", async () => {
    expect((await refused("CreateHpcCluster", { RegionId: "", Name: "farm" }))[1]).toBe("MissingParameter");
  });

  test("refuses an unknown region with 404", async () => {
    expect(await refused("CreateHpcCluster", { RegionId: "cn-nowhere", Name: "farm" })).toEqual([
      404,
      "InvalidRegionId.NotFound",
      badRegion,
    ]);
  });

  test("looks at region, name, description and token in this order", async () => {
    const wrong = { RegionId: "cn-nowhere", Name: "1", Description: "x", ClientToken: "é" };
    const codes = [
      (await refused("CreateHpcCluster", wrong))[1],
      (await refused("CreateHpcCluster", { ...wrong, RegionId: regionId }))[1],
      (await refused("CreateHpcCluster", { ...wrong, RegionId: regionId, Name: "farm" }))[1],
      (await refused("CreateHpcCluster", { RegionId: regionId, Name: "farm", ClientToken: "é" }))[1],
    ];
    expect(codes).toEqual([
      "InvalidRegionId.NotFound",
      "InvalidHpcClusterName.Malformed",
      "InvalidHpcClusterDescription.Malformed",
      "Invalid.Parameter",
    ]);
  });

  test.each(["x".repeat(65), "é", "中"])("refuses the client token %j", async (token) => {
    const parameters = { RegionId: regionId, Name: "farm", ClientToken: token };
    expect(await refused("CreateHpcCluster", parameters)).toEqual(badParameter);
  });

  test("takes a client token of 64 characters", async () => {
    const parameters = { RegionId: regionId, Name: "farm", ClientToken: "~".repeat(64) };
    expect((await ask(ecs, "CreateHpcCluster", parameters)).status).toBe(200);
  });
});

describe("DescribeHpcClusters", () => {
  const add = (count: number) =>
    Array.from({ length: count }, (_, at) => ecs.store.add({ regionId, name: `farm-${at}` }).hpcClusterId);

  test("lists ten clusters a page, in the order of their creation", async () => {
    const ids = add(12);
    const page = async (parameters: Overrides) =>
      (await ask(ecs, "DescribeHpcClusters", { RegionId: regionId, ...parameters })).json;
    expect(await page({})).toEqual({
      RequestId: expect.any(String) as string,
      PageNumber: 1,
      PageSize: 10,
      TotalCount: 12,
      HpcClusters: {
        HpcCluster: ids
          .slice(0, 10)
          .map((id, at) => ({ HpcClusterId: id, Name: `farm-${at}`, Description: "" })),
      },
    });
    expect(await page({ PageNumber: "2" })).toMatchObject({
      PageNumber: 2,
      TotalCount: 12,
      HpcClusters: { HpcCluster: [{ HpcClusterId: ids[10] }, { HpcClusterId: ids[11] }] },
    });
    expect(await page({ PageNumber: "3" })).toMatchObject({
      TotalCount: 12,
      HpcClusters: { HpcCluster: [] },
    });
    expect(await page({ PageNumber: "4", PageSize: "3" })).toMatchObject({
      PageSize: 3,
      HpcClusters: { HpcCluster: [{ HpcClusterId: ids[9] }, {}, {}] },
    });
  });

  test("filters by id, and pages that too", async () => {
    const ids = add(30);
    const wanted = [...ids.slice(0, 25), "hpc-0000000000000000", ids[0]];
    const HpcClusterIds = JSON.stringify(wanted);
    const parameters = { RegionId: regionId, HpcClusterIds };
    const short = (await ask(ecs, "DescribeHpcClusters", parameters)).json;
    expect(short).toMatchObject({ TotalCount: 25, PageSize: 10 });
    const { HpcClusters } = (await ask(ecs, "DescribeHpcClusters", { ...parameters, PageSize: "100" }))
      .json as { HpcClusters: { HpcCluster: { HpcClusterId: string }[] } };
    expect(HpcClusters.HpcCluster.map((cluster) => cluster.HpcClusterId)).toEqual(ids.slice(0, 25));
  });

  test("takes a hundred ids and refuses one more", async () => {
    const ids = add(101);
    const parameters = { RegionId: regionId, PageSize: "100" };
    const hundred = await ask(ecs, "DescribeHpcClusters", {
      ...parameters,
      HpcClusterIds: JSON.stringify(ids.slice(0, 100)),
    });
    expect(hundred.json).toMatchObject({ TotalCount: 100 });
    expect(
      await refused("DescribeHpcClusters", { ...parameters, HpcClusterIds: JSON.stringify(ids) }),
    ).toEqual([
      400,
      "InvalidHpcClusterIds.ExceedLimit",
      "The number of the specified HpcClusterIds exceeds the limit.",
    ]);
  });

  test.each(["hpc-1", '"hpc-1"', '{"a":1}', "[1]", '["a",null]', "['hpc-1']", "null"])(
    "refuses the ids %s",
    async (HpcClusterIds) => {
      expect(await refused("DescribeHpcClusters", { RegionId: regionId, HpcClusterIds })).toEqual([
        400,
        "InvalidHpcClusterIds.Malformed",
        "The specified parameter HpcClusterIds is not valid.",
      ]);
    },
  );

  test("refuses an empty list of ids, but takes an empty string for no filter", async () => {
    add(1);
    expect(await refused("DescribeHpcClusters", { RegionId: regionId, HpcClusterIds: "[]" })).toEqual([
      400,
      "MissingParameter.HpcClusterId",
      notSupplied("HpcClusterId"),
    ]);
    const all = await ask(ecs, "DescribeHpcClusters", { RegionId: regionId, HpcClusterIds: "" });
    expect(all.json).toMatchObject({ TotalCount: 1 });
  });

  test.each([
    ["PageNumber", "0"],
    ["PageNumber", "-1"],
    ["PageNumber", "1.5"],
    ["PageNumber", "x"],
    ["PageSize", "0"],
    ["PageSize", "101"],
    ["PageSize", "1e1"],
  ])("refuses %s %s", async (name, value) => {
    expect(await refused("DescribeHpcClusters", { RegionId: regionId, [name]: value })).toEqual(badParameter);
  });

  test("refuses no region and an unknown one", async () => {
    expect(await refused("DescribeHpcClusters", {})).toEqual([
      400,
      "MissingParameter",
      notSupplied("RegionId"),
    ]);
    expect(await refused("DescribeHpcClusters", { RegionId: "cn-nowhere" })).toEqual([
      400,
      "InvalidRegionId.NotFound",
      badRegion,
    ]);
  });

  test("checks a client token and has no other use for it", async () => {
    const parameters = { RegionId: regionId, ClientToken: "same" };
    expect((await ask(ecs, "DescribeHpcClusters", parameters)).json).toMatchObject({ TotalCount: 0 });
    add(1);
    expect((await ask(ecs, "DescribeHpcClusters", parameters)).json).toMatchObject({ TotalCount: 1 });
    expect(await refused("DescribeHpcClusters", { RegionId: regionId, ClientToken: "é" })).toEqual(
      badParameter,
    );
  });
});

describe("ModifyHpcClusterAttribute", () => {
  let id: string;
  const modify = (parameters: Overrides) =>
    ask(ecs, "ModifyHpcClusterAttribute", { RegionId: regionId, HpcClusterId: id, ...parameters });
  const notModified = (parameters: Overrides) =>
    refused("ModifyHpcClusterAttribute", { RegionId: regionId, HpcClusterId: id, ...parameters });

  beforeEach(() => {
    id = ecs.store.add({ regionId, name: "farm", description: "frames" }).hpcClusterId;
  });

  test("changes what is given and leaves the rest", async () => {
    expect(Object.keys((await modify({ Name: "barn" })).json)).toEqual(["RequestId"]);
    expect(ecs.store.find(id)).toMatchObject({ name: "barn", description: "frames" });
    await modify({ Description: "stills" });
    expect(ecs.store.find(id)).toMatchObject({ name: "barn", description: "stills" });
  });

  test("clears the description", async () => {
    expect((await modify({ Description: "" })).status).toBe(200);
    expect(ecs.store.find(id)).toMatchObject({ name: "farm", description: "" });
  });

  test("refuses to change nothing", async () => {
    expect(await notModified({})).toEqual([
      400,
      "InvalidModifyInfo",
      "Modify info is invalid, name/description must not null at the same time",
    ]);
  });

  test.each(badNames)("refuses the name %j", async (name) => {
    expect(await notModified({ Name: name })).toEqual(badName);
    expect(ecs.store.find(id)?.name).toBe("farm");
  });

  test.each(badDescriptions)("refuses the description %j", async (description) => {
    expect(await notModified({ Description: description })).toEqual(badDescription);
    expect(ecs.store.find(id)?.description).toBe("frames");
  });

  test("refuses no region, an unknown one, no id", async () => {
    const change = { Name: "barn" };
    expect(await notModified({ ...change, RegionId: undefined })).toEqual([
      400,
      "MissingParameter",
      notSupplied("RegionId"),
    ]);
    expect(await notModified({ ...change, RegionId: "cn-nowhere" })).toEqual([
      400,
      "InvalidRegionId.NotFound",
      badRegion,
    ]);
    expect(await notModified({ ...change, HpcClusterId: undefined })).toEqual([
      400,
      "MissingParameter",
      notSupplied("HpcClusterId"),
    ]);
  });

  test("refuses a cluster that does not exist, or exists elsewhere", async () => {
    const gone = [400, "HpcClusterNotExists", "The specified hpc cluster does not exist"];
    expect(await notModified({ Name: "barn", HpcClusterId: "hpc-0000000000000000" })).toEqual(gone);
    expect(await notModified({ Name: "barn", RegionId: "cn-beijing" })).toEqual(gone);
    ecs.store.remove(id);
    expect(await notModified({ Name: "barn" })).toEqual(gone);
  });
});

describe("DeleteHpcCluster", () => {
  let id: string;
  const notDeleted = (parameters: Overrides) =>
    refused("DeleteHpcCluster", { RegionId: regionId, HpcClusterId: id, ...parameters });

  beforeEach(() => {
    id = ecs.store.add({ regionId, name: "farm" }).hpcClusterId;
  });

  test("deletes a cluster once", async () => {
    const { json } = await ask(ecs, "DeleteHpcCluster", { RegionId: regionId, HpcClusterId: id });
    expect(Object.keys(json)).toEqual(["RequestId"]);
    expect(ecs.store.clusters()).toEqual([]);
    expect(await notDeleted({})).toEqual([
      400,
      "NotExists.HpcCluster",
      "The specified hpc cluster does not exist.",
    ]);
  });

  test("refuses one that holds instances, until it is empty", async () => {
    ecs.store.setInstances(id, 2);
    expect(await notDeleted({})).toEqual([
      400,
      "NotEmpty.HpcCluster",
      "The specified hpc cluster is not empty, still contains instances.",
    ]);
    ecs.store.setInstances(id, 0);
    expect((await ask(ecs, "DeleteHpcCluster", { RegionId: regionId, HpcClusterId: id })).status).toBe(200);
  });

  test("refuses no region, an unknown one, no id, another region", async () => {
    expect(await notDeleted({ RegionId: undefined })).toEqual([
      400,
      "MissingParameter.RegionId",
      notSupplied("RegionId"),
    ]);
    expect(await notDeleted({ RegionId: "cn-nowhere" })).toEqual([
      404,
      "InvalidRegionId.NotFound",
      badRegion,
    ]);
    expect(await notDeleted({ HpcClusterId: "" })).toEqual([
      400,
      "MissingParameter.HpcClusterId",
      notSupplied("HpcClusterId"),
    ]);
    expect((await notDeleted({ RegionId: "cn-beijing" }))[1]).toBe("NotExists.HpcCluster");
    expect(ecs.store.find(id)).toBeDefined();
  });
});

describe("DescribeRegions", () => {
  test("lists the regions of the reference", async () => {
    const { Regions } = (await ask(ecs, "DescribeRegions")).json as {
      Regions: { Region: Record<string, string>[] };
    };
    expect(Regions.Region).toHaveLength(36);
    expect(Regions.Region[0]).toEqual({
      RegionId: "cn-hangzhou",
      RegionEndpoint: "ecs-cn-hangzhou.aliyuncs.com",
      LocalName: "华东1（杭州）",
      Status: "available",
    });
    const endpoints = Object.fromEntries(
      Regions.Region.map((region) => [region["RegionId"], region["RegionEndpoint"]]),
    );
    expect(endpoints).toMatchObject({
      "cn-beijing": "ecs.cn-beijing.aliyuncs.com",
      "cn-shanghai-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
      "cn-north-2-gov-1": "ecs.aliyuncs.com",
      "ap-southeast-8": "ecs.ap-southeast-8.aliyuncs.com",
    });
  });

  test("lists the regions that the service was started with, and no call takes others", async () => {
    const small = await startEmulator({ regions: ["cn-moon-1"] });
    try {
      expect((await ask(small, "DescribeRegions")).json).toMatchObject({
        Regions: { Region: [{ RegionId: "cn-moon-1" }] },
      });
      const { json } = await ask(small, "CreateHpcCluster", { RegionId: regionId, Name: "farm" });
      expect(json["Code"]).toBe("InvalidRegionId.NotFound");
      const created = await ask(small, "CreateHpcCluster", { RegionId: "cn-moon-1", Name: "farm" });
      expect(created.status).toBe(200);
    } finally {
      await small.close();
    }
  });
});

describe("apart", () => {
  test("regions", async () => {
    await ask(ecs, "CreateHpcCluster", { RegionId: "cn-hangzhou", Name: "east" });
    const { json } = await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-beijing" });
    expect(json).toMatchObject({ TotalCount: 0 });
  });

  test("accounts", async () => {
    const other = ecs.accounts.add({ accountId: "other" });
    const id = ecs.store.add({ regionId, name: "mine" }).hpcClusterId;
    const asOther = { signer: other };
    const own = { RegionId: regionId, HpcClusterId: id };
    expect((await ask(ecs, "DescribeHpcClusters", { RegionId: regionId }, asOther)).json).toMatchObject({
      TotalCount: 0,
    });
    expect((await ask(ecs, "DeleteHpcCluster", own, asOther)).json["Code"]).toBe("NotExists.HpcCluster");
    expect(
      (await ask(ecs, "ModifyHpcClusterAttribute", { ...own, Name: "theirs" }, asOther)).json["Code"],
    ).toBe("HpcClusterNotExists");
    await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name: "theirs" }, asOther);
    expect(ecs.store.clusters({ accountId: "other" })).toMatchObject([{ name: "theirs" }]);
    expect(ecs.store.clusters({ accountId: ecs.accountId })).toMatchObject([{ name: "mine" }]);
  });

  test("denied actions of one account", async () => {
    const other = ecs.accounts.add({ accountId: "other", deniedActions: ["DescribeRegions"] });
    expect((await ask(ecs, "DescribeRegions", {}, { signer: other })).json["Code"]).toBe("Forbidden.RAM");
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
  });
});
