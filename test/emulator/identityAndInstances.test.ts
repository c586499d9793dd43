import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask, type Asking, type Overrides } from "./rawRequest.ts";

let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.close());

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
      Instances: {
        Instance: [
          {
            InstanceId: expect.stringMatching(/^i-[a-z0-9]{20}$/),
            InstanceName: idsOf(answer)[0],
            Status: "Running",
            RegionId: "cn-hangzhou",
            HpcClusterId: id,
          },
        ],
      },
    });
    expect(await list()).toMatchObject({ TotalCount: 3 });
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

  test.each<[string, Overrides]>([
    ["MissingParameter", { RegionId: undefined }],
    ["InvalidRegionId.NotFound", { RegionId: "cn-nowhere" }],
    ["Invalid.Parameter", { PageSize: "101" }],
  ])("fails with %s", async (code, parameters) => {
    expect(await list(parameters)).toMatchObject({ Code: code });
  });
});
