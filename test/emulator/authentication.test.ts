import { createRequire } from "node:module";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask, askV3, timestamp, type Asking, type Signer } from "./rawRequest.ts";

interface PopClient {
  request(
    action: string,
    parameters: Record<string, unknown>,
    options?: object,
  ): Promise<Record<string, unknown>>;
}
const { RPCClient } = createRequire(import.meta.url)("@alicloud/pop-core") as {
  RPCClient: new (config: object) => PopClient;
};

const minutes = 60_000;
let ecs: Emulator;
let now: number;

beforeEach(async () => {
  now = Date.now();
  ecs = await startEmulator({ clock: () => now, seed: 7 });
});
afterEach(() => ecs.close());

function popClient(signer: Signer): PopClient {
  return new RPCClient({
    endpoint: ecs.endpoint,
    apiVersion: "2014-05-26",
    accessKeyId: signer.accessKeyId,
    accessKeySecret: signer.accessKeySecret,
    ...(signer.securityToken === undefined ? {} : { securityToken: signer.securityToken }),
  });
}

async function refused(asking: Asking, parameters = {}): Promise<readonly unknown[]> {
  const { status, json } = await ask(ecs, "DescribeRegions", parameters, asking);
  return [status, json["Code"], json["Message"]];
}

async function refusedV3(asking: Parameters<typeof askV3>[3]): Promise<readonly unknown[]> {
  const { status, json } = await askV3(ecs, "DescribeRegions", {}, asking);
  return [status, json["Code"], json["Message"]];
}

const mismatch = [400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."];
const incomplete = [
  400,
  "IncompleteSignature",
  "The request signature does not conform to Aliyun standards.",
];

describe("the real pop-core", () => {
  const awkward = "x*!'()~ 中文 +&=%/\n𠀀";

  test.each(["GET", "POST"])("%s is accepted, whatever is in the values", async (method) => {
    const client = popClient(ecs);
    const created = await client.request(
      "CreateHpcCluster",
      { RegionId: "cn-hangzhou", Name: "render-farm", Description: awkward },
      { method },
    );
    expect(ecs.store.find(created["HpcClusterId"] as string)).toMatchObject({
      name: "render-farm",
      description: awkward,
    });
  });

  test("an STS key is accepted with its token", async () => {
    const client = popClient(ecs.accounts.issueToken(ecs.accountId, now + minutes));
    const answer = await client.request("DescribeRegions", {}, { method: "POST" });
    expect(answer["Regions"]).toBeDefined();
  });

  test("a wrong secret is refused", async () => {
    const client = popClient({ ...ecs, accessKeySecret: `${ecs.accessKeySecret}x` });
    await expect(client.request("DescribeRegions", {}, { method: "POST" })).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });
});

describe("version 1", () => {
  test.each(["query", "form", "both"] as const)("parameters of a POST in %s", async (place) => {
    expect((await ask(ecs, "DescribeRegions", {}, { place })).status).toBe(200);
  });

  test("a GET", async () => {
    expect((await ask(ecs, "DescribeRegions", {}, { method: "GET" })).status).toBe(200);
  });

  test.each([
    ["a changed parameter", { RegionId: "cn-beijing" }],
    ["an added parameter", { Added: "1" }],
    ["a removed parameter", { RegionId: undefined }],
    ["a changed nonce", { SignatureNonce: "other" }],
    ["a changed signature", { Signature: `${"A".repeat(27)}=` }],
  ])("%s does not pass", async (_, tampered) => {
    expect(await refused({ tampered }, { RegionId: "cn-hangzhou" })).toEqual(mismatch);
  });

  test("signed for GET, sent by POST", async () => {
    const sent = await ask(ecs, "DescribeRegions", {}, { method: "GET" });
    expect(sent.status).toBe(200);
    const nonce = "n-1";
    const time = timestamp(now);
    const { signV1 } = await import("../../emulator/signature.ts");
    const parameters = {
      Action: "DescribeRegions",
      Version: "2014-05-26",
      Format: "JSON",
      AccessKeyId: ecs.accessKeyId,
      SignatureMethod: "HMAC-SHA1",
      SignatureVersion: "1.0",
      SignatureNonce: nonce,
      Timestamp: time,
    };
    const Signature = signV1("GET", parameters, ecs.accessKeySecret);
    expect(
      await refused({ common: { SignatureNonce: nonce, Timestamp: time }, tampered: { Signature } }),
    ).toEqual(mismatch);
  });

  test.each(["AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"])(
    "without %s",
    async (name) => {
      const message = `${name} is mandatory for this action.`;
      expect(await refused({ common: { [name]: undefined } })).toEqual([400, `Missing${name}`, message]);
      expect(await refused({ common: { [name]: "" } })).toEqual([400, `Missing${name}`, message]);
    },
  );

  test("without Signature", async () => {
    expect(await refused({ tampered: { Signature: undefined } })).toEqual([
      400,
      "MissingSignature",
      "Signature is mandatory for this action.",
    ]);
  });

  test.each([
    ["cut off", { tampered: { Signature: "OLeaidS1JvxuMvny" } }],
    ["of another method", { common: { SignatureMethod: "HMAC-SHA256" } }],
    ["of another version", { common: { SignatureVersion: "2.0" } }],
  ])("a signature %s is incomplete", async (_, asking) => {
    expect(await refused(asking)).toEqual(incomplete);
  });

  test("a nonce works once", async () => {
    const common = { SignatureNonce: "once" };
    expect((await ask(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
    expect(await refused({ common })).toEqual([
      400,
      "SignatureNonceUsed",
      "Specified signature nonce was used already.",
    ]);
  });

  test("a nonce belongs to its key", async () => {
    const common = { SignatureNonce: "once" };
    const other = ecs.accounts.addKey(ecs.accountId);
    expect((await ask(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
    expect((await ask(ecs, "DescribeRegions", {}, { common, signer: other })).status).toBe(200);
  });

  test("a request that is refused for its signature does not use up the nonce", async () => {
    const common = { SignatureNonce: "once" };
    expect(await refused({ common, tampered: { Added: "1" } })).toEqual(mismatch);
    expect((await ask(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
  });

  test("a nonce is remembered as long as it could be replayed", async () => {
    const common = { SignatureNonce: "once", Timestamp: timestamp(now + 14 * minutes) };
    expect((await ask(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
    now += 28 * minutes;
    expect((await refused({ common }))[1]).toBe("SignatureNonceUsed");
  });

  test.each([-14.9, 14.9])("a clock that is off by %d minutes is accepted", async (off) => {
    const common = { Timestamp: timestamp(now + off * minutes) };
    expect((await ask(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
  });

  test.each([-15.1, 15.1])("a clock that is off by %d minutes is refused", async (off) => {
    expect(await refused({ common: { Timestamp: timestamp(now + off * minutes) } })).toEqual([
      400,
      "InvalidTimeStamp.Expired",
      "Specified time stamp or date value is expired.",
    ]);
  });

  test.each([
    "now",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01 00:00:00Z",
    "1767225600",
  ])("the timestamp %s has no valid format", async (text) => {
    expect(await refused({ common: { Timestamp: text } })).toEqual([
      400,
      "InvalidTimeStamp.Format",
      "Specified time stamp or date value is not well formatted.",
    ]);
  });

  test("an unknown key", async () => {
    expect(await refused({ signer: { accessKeyId: "LTAIunknown", accessKeySecret: "x" } })).toEqual([
      404,
      "InvalidAccessKeyId.NotFound",
      "Specified access key is not found.",
    ]);
  });

  test("a key that was removed", async () => {
    ecs.accounts.removeKey(ecs.accessKeyId);
    expect((await refused({}))[1]).toBe("InvalidAccessKeyId.NotFound");
  });

  test("an inactive key, and active again", async () => {
    ecs.accounts.setActive(ecs.accessKeyId, false);
    expect(await refused({})).toEqual([
      400,
      "InvalidAccessKeyId.Inactive",
      "Specified access key is disabled.",
    ]);
    ecs.accounts.setActive(ecs.accessKeyId, true);
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
  });

  test("neither the secret nor the signature is in an answer or a record", async () => {
    const { signV1 } = await import("../../emulator/signature.ts");
    const nonce = "known";
    const time = timestamp(now);
    const parameters = {
      Action: "DescribeRegions",
      Version: "2014-05-26",
      Format: "JSON",
      AccessKeyId: ecs.accessKeyId,
      SignatureMethod: "HMAC-SHA1",
      SignatureVersion: "1.0",
      SignatureNonce: nonce,
      Timestamp: time,
    };
    const expected = signV1("POST", parameters, ecs.accessKeySecret);
    const answer = await ask(
      ecs,
      "DescribeRegions",
      {},
      {
        common: { SignatureNonce: nonce, Timestamp: time },
        tampered: { Signature: `${"A".repeat(27)}=` },
      },
    );
    expect(answer.json["Code"]).toBe("SignatureDoesNotMatch");
    const seen = answer.text + JSON.stringify([...answer.headers]) + JSON.stringify(ecs.requests);
    for (const secret of [expected, ecs.accessKeySecret, ecs.accessKeyId, `${"A".repeat(27)}=`]) {
      expect(seen).not.toContain(secret);
    }
  });
});

describe("security tokens", () => {
  test("an expired one", async () => {
    const key = ecs.accounts.issueToken(ecs.accountId, now + minutes);
    expect((await ask(ecs, "DescribeRegions", {}, { signer: key })).status).toBe(200);
    now += minutes;
    expect(await refused({ signer: key, common: { Timestamp: timestamp(now) } })).toEqual([
      400,
      "InvalidSecurityToken.Expired",
      "Specified SecurityToken is expired.",
    ]);
    ecs.accounts.setExpiry(key.accessKeyId, now + minutes);
    expect((await ask(ecs, "DescribeRegions", {}, { signer: key })).status).toBe(200);
  });

  test("another one than the key's", async () => {
    const key = ecs.accounts.issueToken(ecs.accountId);
    expect(await refused({ signer: { ...key, securityToken: "other" } })).toEqual([
      400,
      "InvalidSecurityToken.Malformed",
      "Specified SecurityToken is malformed.",
    ]);
  });

  test("none for an STS key", async () => {
    const key = ecs.accounts.issueToken(ecs.accountId);
    expect(await refused({ signer: { ...key, securityToken: undefined } })).toEqual([
      400,
      "MissingSecurityToken",
      "SecurityToken is mandatory for this action.",
    ]);
  });

  test("one for a key that has none", async () => {
    expect(await refused({ signer: { ...ecs, securityToken: "some" } })).toEqual([
      400,
      "InvalidSecurityToken.MismatchWithAccessKey",
      "Specified SecurityToken mismatch with the AccessKey.",
    ]);
  });
});

describe("version 3", () => {
  test.each(["GET", "POST"])("%s with parameters in the query", async (method) => {
    const answer = await askV3(ecs, "DescribeHpcClusters", { RegionId: "cn-hangzhou" }, { method });
    expect(answer.json).toMatchObject({ TotalCount: 0 });
  });

  test("parameters in a form", async () => {
    const body = "RegionId=cn-hangzhou&Name=form-farm&Description=plus+is+a%20space%2b";
    const answer = await askV3(ecs, "CreateHpcCluster", {}, { body });
    expect(ecs.store.find(answer.json["HpcClusterId"] as string)).toMatchObject({
      name: "form-farm",
      description: "plus is a space+",
    });
  });

  test("an STS key with its token", async () => {
    const signer = ecs.accounts.issueToken(ecs.accountId);
    expect((await askV3(ecs, "DescribeRegions", {}, { signer })).status).toBe(200);
  });

  test("a token that is not signed", async () => {
    const signer = ecs.accounts.issueToken(ecs.accountId);
    const signedHeaders = [
      "host",
      "x-acs-action",
      "x-acs-content-sha256",
      "x-acs-date",
      "x-acs-signature-nonce",
      "x-acs-version",
    ];
    expect(await refusedV3({ signer, signedHeaders })).toEqual(incomplete);
  });

  test.each([
    ["action", { "x-acs-action": "DescribeHpcClusters" }],
    ["nonce", { "x-acs-signature-nonce": "other" }],
    ["content hash", { "x-acs-content-sha256": "0".repeat(64) }],
  ])("a changed %s does not pass", async (_, tampered) => {
    expect(await refusedV3({ tampered })).toEqual(mismatch);
  });

  test("a body that is not the hashed one", async () => {
    const common = { "x-acs-content-sha256": "0".repeat(64) };
    expect(await refusedV3({ body: "RegionId=cn-hangzhou", common })).toEqual(mismatch);
  });

  test("another secret", async () => {
    expect(await refusedV3({ signer: { ...ecs, accessKeySecret: "x" } })).toEqual(mismatch);
  });

  test.each([
    "ACS3-HMAC-SHA256 Credential=x",
    "ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host,Signature=abc",
    "ACS3-HMAC-SM3 Credential=x,SignedHeaders=host,Signature=abc",
  ])("the authorization %s is incomplete", async (authorization) => {
    expect(await refusedV3({ tampered: { authorization } })).toEqual(incomplete);
  });

  test.each([
    ["x-acs-date", "Timestamp"],
    ["x-acs-signature-nonce", "SignatureNonce"],
    ["x-acs-content-sha256", "ContentSha256"],
    ["x-acs-action", "Action"],
    ["x-acs-version", "Version"],
  ])("without %s", async (header, name) => {
    expect(await refusedV3({ common: { [header]: undefined } })).toEqual([
      400,
      `Missing${name}`,
      `${name} is mandatory for this action.`,
    ]);
  });

  test("a nonce works once, a timestamp fifteen minutes", async () => {
    const common = { "x-acs-signature-nonce": "once" };
    expect((await askV3(ecs, "DescribeRegions", {}, { common })).status).toBe(200);
    expect((await refusedV3({ common }))[1]).toBe("SignatureNonceUsed");
    expect((await refusedV3({ common: { "x-acs-date": timestamp(now - 16 * minutes) } }))[1]).toBe(
      "InvalidTimeStamp.Expired",
    );
  });
});

describe("what may be called", () => {
  test("an action that RAM denies, and allows again", async () => {
    ecs.accounts.deny(ecs.accountId, "DescribeRegions");
    expect(await refused({})).toEqual([
      403,
      "Forbidden.RAM",
      "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ]);
    expect((await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-hangzhou" })).status).toBe(200);
    ecs.accounts.allow(ecs.accountId, "DescribeRegions");
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
  });

  test("an unknown action, another path", async () => {
    const unknown = [
      404,
      "InvalidAction.NotFound",
      "Specified api is not found, please check your url and method.",
    ];
    expect(await refused({ common: { Action: "DeleteHpcClusters" } })).toEqual(unknown);
    expect(await refused({ path: "/other" })).toEqual(unknown);
  });

  test("no action, no version, another version", async () => {
    expect(await refused({ common: { Action: undefined } })).toEqual([
      400,
      "MissingAction",
      "Action is mandatory for this action.",
    ]);
    expect(await refused({ common: { Version: undefined } })).toEqual([
      400,
      "MissingVersion",
      "Version is mandatory for this action.",
    ]);
    expect(await refused({ common: { Version: "2014-05-25" } })).toEqual([
      400,
      "InvalidVersion",
      "Specified parameter Version is not valid.",
    ]);
  });

  test("another method", async () => {
    expect(await refused({ method: "PUT" })).toEqual([
      400,
      "UnsupportedHTTPMethod",
      "This HTTP method is not supported.",
    ]);
  });

  test("one parameter twice, and broken encoding", async () => {
    for (const query of [
      "Format=JSON&Action=A&Action=B",
      "Format=JSON&Action=%zz",
      "Format=JSON&Action=%ff",
    ]) {
      const answer = await fetch(`${ecs.endpoint}/?${query}`);
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining("<Code>Invalid.Parameter</Code>"),
      ]);
    }
  });
});
