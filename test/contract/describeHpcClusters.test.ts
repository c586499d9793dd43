import { beforeAll, expect, test } from "vitest";
import { create, expectError, expectShown, marked, send, target } from "./service.ts";
import { type Overrides, clustersIn } from "./target.ts";

const action = "DescribeHpcClusters";
const describeClusters = (parameters: Overrides = {}) => send(action, parameters);

let ids: string[];
const unknownId = () => `hpc-${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
const idFilter = (...wanted: unknown[]) => ({ HpcClusterIds: JSON.stringify(wanted) });

beforeAll(async () => {
  ids = [await create({ Name: marked("first") }, true), await create({ Name: marked("second") }, true)];
  for (const id of ids) {
    await expectShown(id, {});
  }
});

test("returns the clusters with the given ids: the first page of ten", async () => {
  const answer = await describeClusters(idFilter(...ids));
  expect(answer.json).toEqual({
    RequestId: expect.any(String),
    PageNumber: 1,
    PageSize: 10,
    TotalCount: 2,
    HpcClusters: { HpcCluster: expect.any(Array) },
  });
  const byName = clustersIn(answer).sort((a, b) => a.Name.localeCompare(b.Name));
  expect(byName).toEqual([
    { HpcClusterId: ids[0], Name: marked("first"), Description: "" },
    { HpcClusterId: ids[1], Name: marked("second"), Description: "" },
  ]);
});

test("pages the clusters with the given ids", async () => {
  const page = async (PageNumber: string) =>
    await describeClusters({ ...idFilter(...ids), PageSize: "1", PageNumber });
  const pages = [await page("1"), await page("2"), await page("3")];
  expect(pages.map(({ json }) => [json["PageNumber"], json["PageSize"], json["TotalCount"]])).toEqual([
    [1, 1, 2],
    [2, 1, 2],
    [3, 1, 2],
  ]);
  expect(pages.map((answer) => clustersIn(answer).length)).toEqual([1, 1, 0]);
  const seen = pages.flatMap((answer) => clustersIn(answer).map(({ HpcClusterId }) => HpcClusterId));
  expect(seen.sort()).toEqual([...ids].sort());
});

test("returns a cluster once, and leaves out ids that do not exist", async () => {
  const [id] = ids;
  const wanted = idFilter(id, id, unknownId(), "not an id");
  expect((await describeClusters(wanted)).json).toMatchObject({
    TotalCount: 1,
    HpcClusters: { HpcCluster: [{ HpcClusterId: id }] },
  });
  const elsewhere = { ...idFilter(id), RegionId: target.otherRegion };
  expect((await describeClusters(elsewhere)).json).toMatchObject({ TotalCount: 0 });
});

test("ignores an empty HpcClusterIds", async () => {
  const { status, json } = await describeClusters({ HpcClusterIds: "" });
  expect([status, Number(json["TotalCount"]) >= 2]).toEqual([200, true]);
});

test("accepts 100 ids and rejects 101", async () => {
  const hundred = Array.from({ length: 100 }, unknownId);
  expect((await describeClusters(idFilter(...hundred))).json).toMatchObject({ TotalCount: 0 });
  expectError(
    await describeClusters(idFilter(...hundred, unknownId())),
    action,
    "InvalidHpcClusterIds.ExceedLimit",
  );
});

test("returns MissingParameter.HpcClusterId for an empty list", async () => {
  expectError(await describeClusters({ HpcClusterIds: "[]" }), action, "MissingParameter.HpcClusterId");
});

test.each(["hpc-1", '"hpc-1"', '{"a":1}', "[1]", '["a",null]', "['hpc-1']", "null"])(
  "rejects the ids %s",
  async (HpcClusterIds) => {
    expectError(await describeClusters({ HpcClusterIds }), action, "InvalidHpcClusterIds.Malformed");
  },
);

test.each([{ PageSize: "100" }, { PageNumber: "999999" }])("accepts %j", async (paging) => {
  expect(await describeClusters(paging)).toMatchObject({
    status: 200,
    json: Object.fromEntries(Object.entries(paging).map(([name, value]) => [name, Number(value)])),
  });
});

test.each([
  ...["0", "-1", "101", "1e1", "x"].map((PageSize) => ({ PageSize })),
  ...["0", "-1", "1.5", "x"].map((PageNumber) => ({ PageNumber })),
])("rejects %j", async (paging) => {
  expectError(await describeClusters(paging), action, "Invalid.Parameter");
});

test.each([undefined, ""])("returns MissingParameter for RegionId %j", async (RegionId) => {
  expectError(await describeClusters({ RegionId }), action, "MissingParameter");
});

test("returns InvalidRegionId.NotFound for an unknown region", async () => {
  expectError(await describeClusters({ RegionId: "cn-nowhere" }), action, "InvalidRegionId.NotFound");
});

test("checks a client token, and returns new clusters for a token that was used before", async () => {
  expectError(await describeClusters({ ClientToken: "é" }), action, "Invalid.Parameter");
  const ClientToken = crypto.randomUUID();
  await describeClusters({ ...idFilter(ids[0]), ClientToken });
  const second = await describeClusters({ ...idFilter(...ids), ClientToken });
  expect(second.json).toMatchObject({ TotalCount: 2 });
});
