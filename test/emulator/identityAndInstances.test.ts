import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator, type FaultRule } from "../../emulator/emulator.ts";
import { ask, type Asking, type Overrides } from "./rawRequest.ts";

let ecs: Emulator;

/** The emulator, stopped at the end of the test. */
async function closing(starting: Promise<Emulator>): Promise<Emulator & AsyncDisposable> {
  const started = await starting;
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.stop() });
}

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.stop());

describe("GetCallerIdentity", () => {
  const whoAmI = (asking: Asking = {}) =>
    ask(ecs, "GetCallerIdentity", {}, { ...asking, common: { Version: "2015-04-01", ...asking.common } });

  test("returns the account of the key", async () => {
    const signer = ecs.accounts.add({ accountId: "1234567890123456" });
    expect((await whoAmI()).json["AccountId"]).toBe(ecs.accountId);
    expect((await whoAmI({ signer })).json).toEqual({
      RequestId: ecs.requests[1]?.requestId,
      AccountId: "1234567890123456",
      Arn: "acs:ram::1234567890123456:root",
      IdentityType: "Account",
      UserId: "1234567890123456",
      PrincipalId: "1234567890123456",
    });
  });

  test("returns the assumed role of an STS key", async () => {
    const { json } = await whoAmI({ signer: ecs.accounts.issueToken(ecs.accountId) });
    expect(json).toMatchObject({ AccountId: ecs.accountId, IdentityType: "AssumedRoleUser" });
    expect(json["Arn"]).toMatch(new RegExp(`^acs:ram::${ecs.accountId}:assumed-role/`));
  });

  test.each<[string, Asking]>([
    ["SignatureDoesNotMatch", { tampered: { Added: "1" } }],
    ["InvalidAccessKeyId.NotFound", { signer: { accessKeyId: "LTAIunknown", accessKeySecret: "x" } }],
    ["InvalidAction.NotFound", { common: { Version: "2014-05-26" } }],
  ])("fails with %s", async (code, asking) => {
    expect((await whoAmI(asking)).json["Code"]).toBe(code);
  });
});

describe("DescribeInstances", () => {
  interface Answer {
    readonly TotalCount: number;
    readonly NextToken: string;
    readonly Instances: { readonly Instance: readonly { readonly InstanceId: string }[] };
  }
  const list = async (parameters: Overrides = {}) =>
    (await ask(ecs, "DescribeInstances", { RegionId: "cn-hangzhou", ...parameters }))
      .json as unknown as Answer;
  const idsOf = (answer: Answer): string[] => answer.Instances.Instance.map(({ InstanceId: id }) => id);

  test("lists the instances of one cluster", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm", instances: 1 });
    ecs.store.add({ name: "barn", instances: 2 });
    const answer = await list({ HpcClusterId: id });
    expect(answer).toEqual({
      RequestId: ecs.requests[0]?.requestId,
      TotalCount: 1,
      PageNumber: 1,
      PageSize: 10,
      NextToken: "",
      Instances: {
        Instance: [
          {
            InstanceId: expect.stringMatching(/^i-[a-z0-9]{20}$/),
            InstanceName: idsOf(answer)[0],
            InstanceType: "ecs.sccg7.32xlarge",
            ImageId: "aliyun_3",
            Status: "Running",
            RegionId: "cn-hangzhou",
            ZoneId: "cn-hangzhou-a",
            HpcClusterId: id,
            VpcAttributes: { PrivateIpAddress: { IpAddress: ["10.0.0.1"] } },
            RdmaIpAddress: { IpAddress: ["192.168.0.1"] },
          },
        ],
      },
    });
    expect(await list()).toMatchObject({ TotalCount: 3 });
    const ids = idsOf(await list());
    expect(idsOf(await list({ InstanceIds: JSON.stringify([ids[2], "i-unknown"]) }))).toEqual([ids[2]]);
    expect(await list({ HpcClusterId: "hpc-unknown" })).toMatchObject({ TotalCount: 0 });
    expect(await list({ RegionId: "cn-beijing" })).toMatchObject({ TotalCount: 0 });
  });

  test("keeps the id of an instance and pages the list", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    ecs.store.setInstances(id, 12);
    const first = idsOf(await list());
    expect([new Set(first).size, idsOf(await list({ PageNumber: "2" })).length]).toEqual([10, 2]);
    ecs.store.setInstances(id, 3);
    expect(idsOf(await list({ PageSize: "100" }))).toEqual(first.slice(0, 3));
    ecs.store.remove(id);
    expect(idsOf(await list())).toEqual([]);
  });

  test("pages by token: 10 to 100 instances, and an empty token at the end", async () => {
    ecs.store.add({ name: "farm", instances: 105 });
    const all = ecs.store.instances().map(({ instanceId }) => instanceId);
    const seen: string[] = [];
    const sizes: number[] = [];
    let token = "";
    do {
      const answer = await list({ MaxResults: "1000", NextToken: token });
      seen.push(...idsOf(answer));
      sizes.push(idsOf(answer).length);
      token = answer.NextToken;
    } while (token !== "");
    expect([sizes, seen]).toEqual([[100, 5], all]);
    expect(idsOf(await list({ MaxResults: "1" }))).toEqual(all.slice(0, 10));
  });

  test.each<[string, Overrides]>([
    ["MissingParameter", { RegionId: undefined }],
    ["InvalidRegionId.NotFound", { RegionId: "cn-nowhere" }],
    ["Invalid.Parameter", { PageSize: "101" }],
    ["Invalid.Parameter", { NextToken: "x" }],
    ["InvalidInstanceIds.Malformed", { InstanceIds: "i-1" }],
  ])("fails with %s", async (code, parameters) => {
    expect(await list(parameters)).toMatchObject({ Code: code });
  });
});

describe("RunInstances and DeleteInstances", () => {
  const region = { RegionId: "cn-hangzhou" };
  const instance = { ...region, ImageId: "aliyun_3", InstanceType: "ecs.ebmgn7e.32xlarge" };
  const scc = { InstanceType: "ecs.sccc7.32xlarge", VSwitchId: "vsw-1" };
  const run = async (parameters: Overrides = {}) =>
    (await ask(ecs, "RunInstances", { ...instance, ...parameters })).json as {
      readonly Code?: string;
      readonly InstanceIdSets?: { readonly InstanceIdSet: readonly string[] };
    };
  const release = async (ids: readonly string[], parameters: Overrides = {}) => {
    const list = Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id]));
    const { json } = await ask(ecs, "DeleteInstances", { ...region, Force: "true", ...list, ...parameters });
    return json["Code"] ?? "released";
  };

  test("a cluster can be deleted when its instances are released", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    const drop = async () =>
      (await ask(ecs, "DeleteHpcCluster", { ...region, HpcClusterId: id })).json["Code"];
    const answer = await run({
      ...{ ...scc, ZoneId: "cn-hangzhou-b", HpcClusterId: id, Amount: "11", InstanceName: "node" },
    });
    const ids = answer.InstanceIdSets?.InstanceIdSet ?? [];
    expect(ecs.store.find(id)).toMatchObject({ instances: 11 });
    expect(ecs.store.instances().map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(ecs.store.instances()[0]).toEqual({
      accountId: ecs.accountId,
      regionId: "cn-hangzhou",
      instanceId: ids[0],
      name: "node",
      instanceType: scc.InstanceType,
      imageId: instance.ImageId,
      hpcClusterId: id,
      zoneId: "cn-hangzhou-b",
      status: "Running",
      privateIpAddresses: ["10.0.0.1"],
      rdmaIpAddresses: ["192.168.0.1"],
    });
    expect(await drop()).toBe("NotEmpty.HpcCluster");
    expect(await release(ids.slice(1))).toBe("released");
    expect(ecs.store.instances()).toMatchObject([{ instanceId: ids[0] }]);
    expect(await drop()).toBe("NotEmpty.HpcCluster");
    expect(await release(ids.slice(0, 1))).toBe("released");
    expect(await drop()).toBeUndefined();
    expect([ecs.store.clusters(), ecs.store.instances()]).toEqual([[], []]);
  });

  test("a repeated ClientToken starts nothing more; passwords are not recorded", async () => {
    const repeated = { ClientToken: "once", Password: "secret-1", UserData: "c2VjcmV0" };
    expect((await run(repeated)).InstanceIdSets).toEqual((await run(repeated)).InstanceIdSets);
    expect(ecs.store.instances()).toMatchObject([{ hpcClusterId: undefined, rdmaIpAddresses: [] }]);
    expect(ecs.requests[0]?.params).toEqual({ ...instance, ClientToken: "once" });
    expect((await run({ ...repeated, Password: "secret-2" })).Code).toBe("IdempotentParameterMismatch");
  });

  test.each<[string, Overrides]>([
    ["MissingParameter", { RegionId: undefined }],
    ["InvalidRegionId.NotFound", { RegionId: "cn-nowhere" }],
    ["MissingParameter", { ImageId: undefined }],
    ["MissingParameter", { InstanceType: "" }],
    ["Invalid.Parameter", { Amount: "101" }],
    ["Invalid.Parameter", { Amount: "1", MinAmount: "2" }],
    ["InvalidHpcClusterId.Unnecessary", { HpcClusterId: "hpc-unknown" }],
    ["InvalidHpcClusterId.Necessary", { ...scc, VSwitchId: undefined }],
    ["InvalidVSwitchId.Necessary", { ...scc, HpcClusterId: "hpc-unknown", VSwitchId: undefined }],
    ["InvalidHpcClusterId.NotFound", { ...scc, HpcClusterId: "hpc-unknown" }],
    ["DryRunOperation", { DryRun: "true" }],
  ])("RunInstances fails with %s", async (code, parameters) => {
    expect((await run(parameters)).Code).toBe(code);
    expect(ecs.store.instances()).toEqual([]);
  });

  test.each<FaultRule>([
    { kind: "lateVisible", ms: 1_000 },
    { kind: "lateModify", ms: 1_000 },
  ])("a cluster takes instances when it is no longer being created ($kind)", async (fault) => {
    let now = Date.now();
    await using late = await closing(startEmulator({ clock: () => now, faults: { rules: [fault] } }));
    const { json } = await ask(late, "CreateHpcCluster", { ...region, Name: "farm" });
    const node = { ...instance, ...scc, HpcClusterId: String(json["HpcClusterId"]) };
    expect((await ask(late, "RunInstances", node)).json).toMatchObject({
      Code: "InvalidHpcClusterId.Creating",
      Message: "The specified HpcClusterId is creating.",
    });
    now += 1_000;
    expect((await ask(late, "RunInstances", node)).status).toBe(200);
  });

  test.each<[string, (id: string) => readonly string[], Overrides]>([
    ["MissingParameter", (id) => [id], { RegionId: undefined }],
    ["MissingParameter", () => [], {}],
    ["Invalid.Parameter", (id) => Array.from({ length: 101 }, () => id), {}],
    ["InvalidInstanceId.NotFound", (id) => [id, "i-unknown"], {}],
    ["InvalidInstanceId.NotFound", (id) => [id], { RegionId: "cn-beijing" }],
    ["IncorrectInstanceStatus", (id) => [id], { Force: undefined }],
    ["DRYRUN.SUCCESS", (id) => [id], { DryRun: "true" }],
  ])("DeleteInstances fails with %s and releases none", async (code, ids, parameters) => {
    const answer = await run();
    expect(await release(ids(answer.InstanceIdSets?.InstanceIdSet[0] ?? ""), parameters)).toBe(code);
    expect(ecs.store.instances()).toHaveLength(1);
  });
});

describe("DescribeAvailableResource", () => {
  const available = async (parameters: Overrides = {}) =>
    (
      await ask(ecs, "DescribeAvailableResource", {
        ...{ RegionId: "cn-hangzhou", DestinationResource: "InstanceType", ...parameters },
      })
    ).json;

  test("lists zones with types, status and stock", async () => {
    ecs.store.setOffers("cn-hangzhou", [
      { zoneId: "cn-hangzhou-i", instanceType: "ecs.sccg7.32xlarge", stock: "WithoutStock" },
      { zoneId: "cn-hangzhou-j", instanceType: "ecs.sccg7.32xlarge", stock: "ClosedWithoutStock" },
      { zoneId: "cn-hangzhou-j", instanceType: "ecs.g7.large" },
    ]);
    const soldOut = { Value: "ecs.sccg7.32xlarge", Status: "SoldOut" };
    const zone = (ZoneId: string, Status: string, StatusCategory: string, types: object[]) => ({
      ...{ RegionId: "cn-hangzhou", ZoneId, Status, StatusCategory },
      AvailableResources: {
        AvailableResource: [{ Type: "InstanceType", SupportedResources: { SupportedResource: types } }],
      },
    });
    expect(await available()).toEqual({
      RequestId: ecs.requests[0]?.requestId,
      AvailableZones: {
        AvailableZone: [
          zone("cn-hangzhou-i", "SoldOut", "WithoutStock", [{ ...soldOut, StatusCategory: "WithoutStock" }]),
          zone("cn-hangzhou-j", "Available", "WithStock", [
            { ...soldOut, StatusCategory: "ClosedWithoutStock" },
            { Value: "ecs.g7.large", Status: "Available", StatusCategory: "WithStock" },
          ]),
        ],
      },
    });
    expect(await available({ InstanceType: "ecs.g7.large" })).toMatchObject({
      AvailableZones: { AvailableZone: [{ ZoneId: "cn-hangzhou-j" }] },
    });
    expect(await available({ ZoneId: "cn-hangzhou-a" })).toMatchObject({
      AvailableZones: { AvailableZone: [] },
    });
  });

  test("every region sells SCC types unless a test says otherwise", async () => {
    for (const RegionId of ["cn-hangzhou", "us-west-1"]) {
      expect(JSON.stringify(await available({ RegionId }))).toContain('"ecs.sccc7.32xlarge"');
    }
    expect(JSON.stringify(await available({ RegionId: "us-west-1" }))).toContain('"us-west-1a"');
  });

  test.each<[string, Overrides]>([
    ["MissingParameter", { RegionId: undefined }],
    ["InvalidRegionId.NotFound", { RegionId: "cn-nowhere" }],
    ["MissingParameter", { DestinationResource: undefined }],
    ["Invalid.Parameter", { DestinationResource: "Zone" }],
  ])("fails with %s", async (code, parameters) => {
    expect(await available(parameters)).toMatchObject({ Code: code });
  });
});
