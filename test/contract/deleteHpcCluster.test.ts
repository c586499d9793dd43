import { expect, test } from "vitest";
import { notSupplied } from "../errorCodes.ts";
import { create, expectError, expectShown, find, send, target, uncertain } from "./service.ts";

const action = "DeleteHpcCluster";

test("deletes a cluster, once", async () => {
  const HpcClusterId = await create();
  await expectShown(HpcClusterId, {});
  const { status, json } = await send(action, { HpcClusterId });
  expect([status, Object.keys(json)]).toEqual([200, ["RequestId"]]);
  await expectShown(HpcClusterId, undefined);
  expectError(await send(action, { HpcClusterId }), action, "NotExists.HpcCluster");
});

uncertain("deletes a cluster right after its creation", async () => {
  const HpcClusterId = await create();
  expect((await send(action, { HpcClusterId })).status).toBe(200);
});

uncertain("shows the deletion at once", async () => {
  const HpcClusterId = await create();
  await expectShown(HpcClusterId, {});
  await send(action, { HpcClusterId });
  expect(await find(HpcClusterId)).toBeUndefined();
});

test.each(["hpc-0000000000000000", "not an id"])("returns NotExists.HpcCluster for %j", async (id) => {
  expectError(await send(action, { HpcClusterId: id }), action, "NotExists.HpcCluster");
});

test("does not delete a cluster of another region", async () => {
  const HpcClusterId = await create();
  const answer = await send(action, { HpcClusterId, RegionId: target.otherRegion });
  expectError(answer, action, "NotExists.HpcCluster");
  await expectShown(HpcClusterId, {});
});

test.each([
  ["RegionId", undefined],
  ["RegionId", ""],
  ["HpcClusterId", undefined],
  ["HpcClusterId", ""],
] as const)("returns MissingParameter.%s for %j", async (parameter, value) => {
  const answer = await send(action, { HpcClusterId: "hpc-0000000000000000", [parameter]: value });
  expectError(answer, action, `MissingParameter.${parameter}`, notSupplied(parameter));
});

test("returns InvalidRegionId.NotFound for an unknown region", async () => {
  const answer = await send(action, { HpcClusterId: "hpc-0000000000000000", RegionId: "cn-nowhere" });
  expectError(answer, action, "InvalidRegionId.NotFound");
});
