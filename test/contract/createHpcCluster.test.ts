import { expect, test } from "vitest";
import { notSupplied } from "../errorCodes.ts";
import { create, expectError, expectShown, find, marked, send, target, uncertain } from "./service.ts";
import { clustersWithPrefix } from "./target.ts";

test("returns the id of a new cluster, which has the values that were sent", async () => {
  const Name = marked("farm");
  const { status, json } = await send("CreateHpcCluster", { Name, Description: "Nightly frames" });
  expect([status, Object.keys(json).sort()]).toEqual([200, ["HpcClusterId", "RequestId"]]);
  expect(json["RequestId"]).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  expect(json["HpcClusterId"]).toMatch(/^hpc-[a-z0-9]{16}$/);
  await expectShown(String(json["HpcClusterId"]), { Name, Description: "Nightly frames" });
});

uncertain("shows a new cluster at once", async () => {
  const id = await create();
  expect((await find(id))?.HpcClusterId).toBe(id);
});

uncertain("creates two clusters with the same name", async () => {
  expect(await create({ Name: marked("twin") })).not.toBe(await create({ Name: marked("twin") }));
});

test("sets an empty description by default", async () => {
  await expectShown(await create(), { Description: "" });
});

test("does not show the cluster in another region", async () => {
  const HpcClusterIds = JSON.stringify([await create()]);
  const { json } = await send("DescribeHpcClusters", { HpcClusterIds, RegionId: target.otherRegion });
  expect(json).toMatchObject({ TotalCount: 0 });
});

test.each([
  ["RegionId", undefined],
  ["RegionId", ""],
  ["Name", undefined],
])("returns MissingParameter for %s %j", async (parameter, value) => {
  const parameters = { Name: "a", Description: marked("rejected"), [parameter]: value };
  const answer = await send("CreateHpcCluster", parameters);
  expectError(answer, "CreateHpcCluster", "MissingParameter", notSupplied(parameter));
});

test("checks the region, the name, the description and the token in this order", async () => {
  const valid = { Name: marked("rejected") };
  const wrong = { RegionId: "cn-nowhere", Name: "1", Description: "x", ClientToken: "é" };
  const { RegionId: _, ...wrongValues } = wrong;
  const action = "CreateHpcCluster";
  expectError(await send(action, wrong), action, "InvalidRegionId.NotFound");
  expectError(await send(action, wrongValues), action, "InvalidHpcClusterName.Malformed");
  const invalidDescription = { ...wrongValues, ...valid };
  expectError(await send(action, invalidDescription), action, "InvalidHpcClusterDescription.Malformed");
  expectError(await send(action, { ...valid, ClientToken: "é" }), action, "Invalid.Parameter");
});

test("creates nothing when it returns an error", async () => {
  expect(await clustersWithPrefix(target, marked("rejected"))).toEqual([]);
});
