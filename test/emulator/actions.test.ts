/** What the actions do that only the emulator can show. What the API does is in test/contract, for both targets. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { type DocumentedCode, documentedError } from "../errorCodes.ts";
import { ask, type Asking, type Overrides } from "./rawRequest.ts";

const regionId = "cn-hangzhou";
const creation = { RegionId: regionId, Name: "farm", ClientToken: "token-1" };
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.stop());

const create = (parameters: Overrides = {}, asking: Asking = {}) =>
  ask(ecs, "CreateHpcCluster", { ...creation, ...parameters }, asking);
const remove = (HpcClusterId: string, asking: Asking = {}) =>
  ask(ecs, "DeleteHpcCluster", { RegionId: regionId, HpcClusterId, ClientToken: "token-1" }, asking);

/** The status, code and message of an error, as documented and as returned. */
const documented = (action: "CreateHpcCluster" | "DeleteHpcCluster", code: DocumentedCode) => {
  const { status, message } = documentedError(action, code);
  return { status, json: { Code: code, Message: message } };
};

test("a new cluster belongs to the account and the region of the call", async () => {
  const { json } = await create({ Description: "Nightly frames" });
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

test("DescribeHpcClusters lists ten clusters a page in the order of their creation, also with ids", async () => {
  const ids = Array.from({ length: 12 }, (_, at) => ecs.store.add({ name: `farm-${at}` }).hpcClusterId);
  const page = async (parameters: Overrides): Promise<unknown[]> => {
    const { json } = await ask(ecs, "DescribeHpcClusters", { RegionId: regionId, ...parameters });
    const { HpcClusters, PageNumber, PageSize, TotalCount } = json as {
      HpcClusters: { HpcCluster: { HpcClusterId: string }[] };
    } & Record<string, unknown>;
    return [PageNumber, PageSize, TotalCount, HpcClusters.HpcCluster.map((cluster) => cluster.HpcClusterId)];
  };
  for (const filter of [{}, { HpcClusterIds: JSON.stringify(ids) }]) {
    expect(await page(filter)).toEqual([1, 10, 12, ids.slice(0, 10)]);
    expect(await page({ ...filter, PageNumber: "2" })).toEqual([2, 10, 12, ids.slice(10)]);
    expect(await page({ ...filter, PageNumber: "4", PageSize: "3" })).toEqual([4, 3, 12, ids.slice(9)]);
  }
  const limited = { HpcClusterIds: JSON.stringify(ids.slice(3)), PageSize: "100" };
  expect(await page(limited)).toEqual([1, 100, 9, ids.slice(3)]);
});

test("DeleteHpcCluster rejects a cluster with instances, and accepts the same token when it is empty", async () => {
  const { hpcClusterId } = ecs.store.add({ name: "farm", instances: 2 });
  expect(await remove(hpcClusterId)).toMatchObject(documented("DeleteHpcCluster", "NotEmpty.HpcCluster"));
  ecs.store.setInstances(hpcClusterId, 0);
  expect((await remove(hpcClusterId)).status).toBe(200);
});

test("only the regions that the emulator was started with exist", async () => {
  const small = await startEmulator({ regions: ["cn-moon-1"] });
  try {
    const { json } = await ask(small, "DescribeRegions");
    expect(json).toMatchObject({ Regions: { Region: [{ RegionId: "cn-moon-1" }] } });
    const rejected = await ask(small, "CreateHpcCluster", creation);
    expect(rejected).toMatchObject(documented("CreateHpcCluster", "InvalidRegionId.NotFound"));
    const accepted = await ask(small, "CreateHpcCluster", { ...creation, RegionId: "cn-moon-1" });
    expect(accepted.status).toBe(200);
  } finally {
    await small.stop();
  }
});

describe("accounts", () => {
  test("an account neither sees nor changes the clusters of another", async () => {
    const asOther = { signer: ecs.accounts.add({ accountId: "other" }) };
    const id = ecs.store.add({ regionId, name: "mine" }).hpcClusterId;
    const own = { RegionId: regionId, HpcClusterId: id };
    const seen = await ask(ecs, "DescribeHpcClusters", { RegionId: regionId }, asOther);
    expect(seen.json).toMatchObject({ TotalCount: 0 });
    expect((await remove(id, asOther)).json["Code"]).toBe("NotExists.HpcCluster");
    const changed = await ask(ecs, "ModifyHpcClusterAttribute", { ...own, Name: "theirs" }, asOther);
    expect(changed.json["Code"]).toBe("HpcClusterNotExists");
    await create({ Name: "theirs" }, asOther);
    expect(ecs.store.clusters({ accountId: "other" })).toMatchObject([{ name: "theirs" }]);
    expect(ecs.store.clusters({ accountId: ecs.accountId })).toMatchObject([{ name: "mine" }]);
  });

  test("an action is denied to one account only", async () => {
    const signer = ecs.accounts.add({ accountId: "other", deniedActions: ["DescribeRegions"] });
    expect((await ask(ecs, "DescribeRegions", {}, { signer })).json["Code"]).toBe("Forbidden.RAM");
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
  });

  test("a client token belongs to an account, and all its keys share it", async () => {
    const { json } = await create();
    const withAnotherKey = await create({}, { signer: ecs.accounts.addKey(ecs.accountId) });
    expect(withAnotherKey.json["HpcClusterId"]).toBe(json["HpcClusterId"]);
    await create({}, { signer: ecs.accounts.add({ accountId: "other" }) });
    expect(ecs.store.clusters()).toHaveLength(2);
  });
});

describe("client tokens", () => {
  test("a call with a token in use returns IdempotentProcessing, with other values a mismatch", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const first = create();
    await hold.reached;
    expect(await create()).toMatchObject(documented("CreateHpcCluster", "IdempotentProcessing"));
    const mismatch = documented("CreateHpcCluster", "IdempotentParameterMismatch");
    expect(await create({ Name: "barn" })).toMatchObject(mismatch);
    hold.release();
    const { HpcClusterId } = (await first).json;
    expect((await create()).json["HpcClusterId"]).toBe(HpcClusterId);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("a repeated call commits nothing, also after its cluster was deleted", async () => {
    const { json } = await create();
    await create();
    ecs.store.remove(json["HpcClusterId"] as string);
    expect(await create()).toMatchObject({ status: 200, json: { HpcClusterId: json["HpcClusterId"] } });
    expect(ecs.requests.map((request) => request.committed)).toEqual([true, false, false]);
    expect(ecs.store.clusters()).toEqual([]);
  });
});
