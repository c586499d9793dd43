import { afterEach, beforeEach, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask, type Asking, type Overrides } from "./rawRequest.ts";

const token = { RegionId: "cn-hangzhou", Name: "farm", ClientToken: "token-1" };
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.close());

const create = (parameters: Overrides = {}, asking: Asking = {}) =>
  ask(ecs, "CreateHpcCluster", { ...token, ...parameters }, asking);

test("the same token and parameters: the same cluster, in an answer of its own", async () => {
  const first = await create();
  const again = await create({}, { method: "GET" });
  expect(again.json["HpcClusterId"]).toBe(first.json["HpcClusterId"]);
  expect(again.json["RequestId"]).not.toBe(first.json["RequestId"]);
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(ecs.requests.map((request) => request.committed)).toEqual([true, false]);
});

test("also after that cluster was deleted", async () => {
  const { json } = await create();
  ecs.store.remove(json["HpcClusterId"] as string);
  const again = await create();
  expect([again.status, again.json["HpcClusterId"]]).toEqual([200, json["HpcClusterId"]]);
  expect(ecs.store.clusters()).toEqual([]);
});

test.each([{ Name: "barn" }, { Description: "frames" }, { Description: "" }])(
  "the same token with %j is a mismatch",
  async (other) => {
    await create();
    const { status, json } = await create(other);
    expect([status, json["Code"], json["Message"]]).toEqual([
      400,
      "IdempotentParameterMismatch",
      "The specified parameter has changed while using an already used clientToken.",
    ]);
    expect(ecs.store.clusters()).toHaveLength(1);
  },
);

test("while the first is in progress", async () => {
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
  const first = create();
  await hold.reached;
  const { status, json } = await create();
  expect([status, json["Code"], json["Message"]]).toEqual([
    403,
    "IdempotentProcessing",
    "The previous idempotent request(s) is still processing.",
  ]);
  expect((await create({ Name: "barn" })).json["Code"]).toBe("IdempotentParameterMismatch");
  hold.release();
  const { HpcClusterId } = (await first).json;
  expect((await create()).json["HpcClusterId"]).toBe(HpcClusterId);
  expect(ecs.store.clusters()).toHaveLength(1);
});

test("no token, or an empty one: a cluster each time", async () => {
  await create({ ClientToken: undefined });
  await create({ ClientToken: undefined });
  await create({ ClientToken: "" });
  await create({ ClientToken: "" });
  expect(ecs.store.clusters()).toHaveLength(4);
});

test("tokens are case-sensitive", async () => {
  await create();
  await create({ ClientToken: "TOKEN-1" });
  expect(ecs.store.clusters()).toHaveLength(2);
});

test("tokens belong to an account, a region and an action", async () => {
  const signer = ecs.accounts.add({ accountId: "other" });
  const { json } = await create();
  await create({}, { signer });
  await create({ RegionId: "cn-beijing" });
  expect(ecs.store.clusters()).toHaveLength(3);
  const deleted = await ask(ecs, "DeleteHpcCluster", {
    RegionId: "cn-hangzhou",
    HpcClusterId: json["HpcClusterId"] as string,
    ClientToken: "token-1",
  });
  expect(deleted.status).toBe(200);
});

test("two keys of one account share them", async () => {
  const { json } = await create();
  const again = await create({}, { signer: ecs.accounts.addKey(ecs.accountId) });
  expect(again.json["HpcClusterId"]).toBe(json["HpcClusterId"]);
});

test("a repeated delete and a repeated modify succeed with their token", async () => {
  const { hpcClusterId } = ecs.store.add({ name: "farm" });
  const target = { RegionId: "cn-hangzhou", HpcClusterId: hpcClusterId, ClientToken: "t" };
  const modified = { ...target, Name: "barn" };
  expect((await ask(ecs, "ModifyHpcClusterAttribute", modified)).status).toBe(200);
  expect((await ask(ecs, "DeleteHpcCluster", target)).status).toBe(200);
  expect((await ask(ecs, "ModifyHpcClusterAttribute", modified)).status).toBe(200);
  expect((await ask(ecs, "DeleteHpcCluster", target)).status).toBe(200);
  expect((await ask(ecs, "DeleteHpcCluster", { ...target, ClientToken: "u" })).json["Code"]).toBe(
    "NotExists.HpcCluster",
  );
});

test("a refused call leaves its token free", async () => {
  const { hpcClusterId } = ecs.store.add({ name: "farm", instances: 1 });
  const target = { RegionId: "cn-hangzhou", HpcClusterId: hpcClusterId, ClientToken: "t" };
  expect((await ask(ecs, "DeleteHpcCluster", target)).json["Code"]).toBe("NotEmpty.HpcCluster");
  ecs.store.setInstances(hpcClusterId, 0);
  expect((await ask(ecs, "DeleteHpcCluster", target)).status).toBe(200);
  expect((await create({ Name: "1" })).status).toBe(400);
  expect((await create()).status).toBe(200);
});
