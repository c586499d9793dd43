/** An entry that @pulumi/alicloud has written is believed only once a read has shown its cluster in the region of the program. */
import { beforeEach, describe, expect, test } from "vitest";
import { checkCluster } from "../../provider/cluster/check.ts";
import { createCluster } from "../../provider/cluster/create.ts";
import { diffCluster } from "../../provider/cluster/diff.ts";
import { moveCluster } from "../../provider/cluster/foreignState.ts";
import { UNKNOWN } from "../../provider/cluster/properties.ts";
import { deleteStored, updateStored } from "../../provider/cluster/storedCluster.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import type { Send } from "../../provider/ecs/http/transport.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";

let service: FakeService;
let operation: ReturnType<FakeService["operation"]>;
let id: string;
beforeEach(() => {
  service = new FakeService();
  operation = service.operation();
  id = service.add("farm", "Frames");
});

/** The outputs of the official resource. */
const olds = (changes: object = {}) => ({ id, name: "farm", description: "Frames", ...changes });
const inputs = { name: "farm", description: "Frames", regionId };
const resource = { resourceName: "rendering" };
const diff = (news: object = inputs, old: object = olds()) =>
  diffCluster(operation, id, { ...old }, { ...news }, resource);
const listsAndReads = () =>
  service
    .sent("DescribeHpcClusters")
    .map(({ HpcClusterIds }) => (HpcClusterIds === undefined ? "list" : "read"));

/** The service, but each list of a region or read by id fails with the code. */
function failing(what: "list" | "read", code: string): void {
  const { send } = service;
  const failingSend: Send = async (call) => {
    const isList = call.parameters["HpcClusterIds"] === undefined;
    if (call.action === "DescribeHpcClusters" && isList === (what === "list")) {
      service.calls.push(call);
      throw new EcsError({ ...call, code, serviceMessage: "No", status: 400 });
    }
    return await send(call);
  };
  Object.assign(service, { send: failingSend });
  operation = service.operation();
}

describe("diff", () => {
  test("is an update that adds the region, never a replacement, and lists the region once for all", async () => {
    for (let round = 0; round < 3; round += 1) {
      await expect(diff()).resolves.toEqual({ updates: [], replaces: [], adds: ["regionId"] });
    }
    await expect(diff({ ...inputs, name: "farm-2" })).resolves.toEqual({
      ...{ updates: ["name"], replaces: [], adds: ["regionId"] },
    });
    expect(listsAndReads()).toEqual(["list"]);
  });

  test("compares with what the service shows, not with the old state", async () => {
    service.find(id)!.name = "by-hand";
    await expect(diff()).resolves.toMatchObject({ updates: ["name"] });
    await expect(diff({ ...inputs, name: "by-hand" })).resolves.toMatchObject({ updates: [] });
  });

  test("reads by id what the list does not show", async () => {
    service.find(id)!.visibleFrom = service.clock.now() + 1_000;
    await expect(diff()).resolves.toMatchObject({ updates: [], replaces: [] });
    expect(listsAndReads()).toEqual(["list", "read", "read", "read", "read", "read"]);
  });

  test("fails within a preview's time where the cluster does not show, and names the region and what to do", async () => {
    service.find(id)!.isDeleted = true;
    const before = service.clock.now();
    const { message } = await failureOf(diff());
    expect(message).toMatch(
      /^regionId: the HPC cluster hpc-1, .*does not show in cn-hangzhou\..*credentials.*pulumi refresh/,
    );
    expect(service.clock.now() - before).toBeLessThanOrEqual(5_000);
    expect(listsAndReads().length).toBeGreaterThan(3);
  });

  test("says nothing while the region is not known", async () => {
    await expect(diff({ ...inputs, regionId: UNKNOWN })).resolves.toEqual({
      ...{ updates: [], replaces: [], adds: ["regionId"] },
    });
    expect(service.calls).toEqual([]);
  });

  test("only warns, once, while the service cannot be reached: up reads again before it writes", async () => {
    failing("list", "ServiceUnavailable");
    for (const news of [inputs, { ...inputs, name: "farm-2" }]) {
      await expect(diff(news)).resolves.toMatchObject({
        ...{ updates: news.name === "farm" ? [] : ["name"], replaces: [] },
      });
    }
    expect(operation.warnings).toEqual([expect.stringMatching(/cn-hangzhou\. `pulumi up` checks it again/)]);
    service.find(id)!.isDeleted = true;
    await expect(moveCluster(operation, id, inputs)).rejects.toThrow(/^regionId: .*does not show/);
  });

  test("reads by id where the list is refused, and fails where both are", async () => {
    failing("list", "Forbidden.RAM");
    await expect(diff()).resolves.toMatchObject({ replaces: [] });
    failing("read", "Forbidden.RAM");
    await expect(diff()).rejects.toThrow(/Forbidden\.RAM/);
    expect(operation.warnings).toEqual([]);
  });

  test("the entry holds its cluster: no new resource can adopt it in the same run", async () => {
    await diff();
    await expect(createCluster(operation, { ...inputs, adopt: id }, {})).rejects.toThrow(
      /the resource "rendering" already holds/,
    );
  });
});

describe("update", () => {
  test("writes a state of our own, without a changing call and without a further read", async () => {
    service.accountId = "1000000000000001";
    await diff();
    const state = await moveCluster(operation, id, { ...inputs, adopt: id });
    expect(state).toEqual({
      ...{ ...inputs, adopt: id, hpcClusterId: id },
      ...{ __entry: expect.any(String) as string, __accountId: "1000000000000001" },
    });
    expect(operation.session.holders.otherHolder(id, { entry: state.__entry })).toBeUndefined();
    expect(listsAndReads()).toEqual(["list"]);
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([]);
    await expect(diffCluster(operation, id, { ...state }, inputs, resource)).resolves.toEqual({
      ...{ updates: [], replaces: [], adds: [] },
    });
  });

  test("changes what differs, and nothing else", async () => {
    const state = await moveCluster(operation, id, { name: "farm-2", description: "Frames", regionId });
    expect(state).toMatchObject({ name: "farm-2", description: "Frames" });
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([
      { RegionId: regionId, HpcClusterId: id, Name: "farm-2" },
    ]);
  });

  test("fails where the cluster does not show, and has written nothing", async () => {
    service.find(id)!.isDeleted = true;
    await expect(moveCluster(operation, id, { ...inputs, name: "farm-2" })).rejects.toThrow(
      /^regionId: .*does not show/,
    );
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([]);
  });
});

test("check takes the program's key, and neither checks adopt nor warns of the cluster's name", async () => {
  const { inputs: checked, failures } = await checkCluster(
    operation,
    { __defaults: [], name: "farm", description: "Frames" },
    { name: "farm", adopt: "hpc-of-nobody", __tokenKey: "key" },
  );
  expect(failures).toEqual([]);
  expect(checked).toMatchObject({ regionId, __tokenKey: "key" });
  expect(operation.warnings).toEqual([]);
});

test("a deletion deletes what shows in the region; elsewhere it fails, and the entry stays", async () => {
  await expect(deleteStored(operation, "hpc-of-nobody", olds())).rejects.toThrow(/does not show/);
  expect(service.sent("DeleteHpcCluster")).toEqual([]);
  await deleteStored(operation, id, olds());
  expect(service.find(id)).toBeUndefined();
});

test("an update of a stored cluster refuses another region, and changes nothing", async () => {
  const stored = { ...inputs, hpcClusterId: id };
  const moved = { ...inputs, name: "farm-2", regionId: "cn-beijing" };
  await expect(updateStored(operation, id, stored, moved)).rejects.toThrow(
    /^regionId: .* cannot be moved to another region; .* Nothing has been changed\.$/,
  );
  expect(service.calls).toEqual([]);
});
