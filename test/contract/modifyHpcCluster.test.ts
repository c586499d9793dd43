import { beforeAll, expect, test } from "vitest";
import { notSupplied } from "../errorCodes.ts";
import { create, expectError, expectShown, marked, send, target, uncertain } from "./service.ts";
import type { Overrides } from "./target.ts";

const action = "ModifyHpcClusterAttribute";
const Name = marked("farm");

let HpcClusterId: string;
const modify = (parameters: Overrides) => send(action, { HpcClusterId, ...parameters });

beforeAll(async () => {
  HpcClusterId = await create({ Name, Description: "frames" }, true);
  await expectShown(HpcClusterId, {});
});

test("changes what is sent and leaves the rest", async () => {
  const { status, json } = await modify({ Name: marked("barn") });
  expect([status, Object.keys(json)]).toEqual([200, ["RequestId"]]);
  await expectShown(HpcClusterId, { Name: marked("barn"), Description: "frames" });
  expect((await modify({ Description: "stills" })).status).toBe(200);
  await expectShown(HpcClusterId, { Name: marked("barn"), Description: "stills" });
  expect((await modify({ Name, Description: "frames" })).status).toBe(200);
  await expectShown(HpcClusterId, { Name, Description: "frames" });
});

uncertain("clears the description with an empty one", async () => {
  const id = await create({ Description: "to be cleared" });
  await expectShown(id, {});
  expect((await modify({ HpcClusterId: id, Description: "" })).status).toBe(200);
  await expectShown(id, { Description: "" });
});

uncertain("changes a cluster right after its creation", async () => {
  const id = await create();
  expect((await modify({ HpcClusterId: id, Name: marked("at-once") })).status).toBe(200);
});

test("returns InvalidModifyInfo without a name and a description", async () => {
  expectError(await modify({}), action, "InvalidModifyInfo");
});

test.each([
  ["RegionId", undefined],
  ["RegionId", ""],
  ["HpcClusterId", undefined],
])("returns MissingParameter for %s %j", async (parameter, value) => {
  const answer = await modify({ Name: marked("barn"), [parameter]: value });
  expectError(answer, action, "MissingParameter", notSupplied(parameter));
});

test("returns InvalidRegionId.NotFound for an unknown region", async () => {
  const answer = await modify({ Name: marked("barn"), RegionId: "cn-nowhere" });
  expectError(answer, action, "InvalidRegionId.NotFound");
});

test.each([
  ["an unknown id", { HpcClusterId: "hpc-0000000000000000" }],
  ["an id of another form", { HpcClusterId: "not an id" }],
  ["a cluster of another region", { RegionId: target.otherRegion }],
])("returns HpcClusterNotExists for %s", async (_, parameters) => {
  expectError(await modify({ Name: marked("barn"), ...parameters }), action, "HpcClusterNotExists");
});

test("returns HpcClusterNotExists for a deleted cluster", async () => {
  const id = await create();
  await send("DeleteHpcCluster", { HpcClusterId: id });
  const answer = await modify({ HpcClusterId: id, Name: marked("barn") });
  expectError(answer, action, "HpcClusterNotExists");
});

test("changes nothing when it returns an error", async () => {
  await expectShown(HpcClusterId, { Name, Description: "frames" });
});
