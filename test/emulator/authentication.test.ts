import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { signV1 } from "../../emulator/signature.ts";
import { errorCodes, missingCommonParameter } from "../errorCodes.ts";
import { popClient } from "./popClient.ts";
import { ask, askV3, timestamp, type Answered, type AskingV3 } from "./rawRequest.ts";

const minutes = 60_000;
const wrongSignature = `${"A".repeat(27)}=`;
let ecs: Emulator;
let now: number;

beforeEach(async () => {
  now = Date.now();
  ecs = await startEmulator({ clock: () => now, seed: 7 });
});
afterEach(() => ecs.stop());

// It is not in the API reference.
const unsupportedMethod = {
  status: 400,
  code: "UnsupportedHTTPMethod",
  message: "This HTTP method is not supported.",
};
const documented = [...errorCodes.filter(({ action }) => action === "every action"), unsupportedMethod];

type Version = "v1" | "v3";

function send(version: Version, asking: AskingV3 = {}): Promise<Answered> {
  const parameters = { RegionId: "cn-hangzhou" };
  return version === "v1"
    ? ask(ecs, "DescribeRegions", parameters, asking)
    : askV3(ecs, "DescribeRegions", parameters, asking);
}

/** "ok", or the code of the refusal after a check of its status and message. */
async function outcome(version: Version, asking: AskingV3 = {}): Promise<unknown> {
  const { status, json } = await send(version, asking);
  if (status === 200) {
    return "ok";
  }
  const code = String(json["Code"]);
  const parameter = /^Missing(.+)$/.exec(code)?.[1];
  const expected =
    parameter === undefined
      ? documented.find((error) => error.code === code)
      : missingCommonParameter(parameter);
  expect(expected).toMatchObject({ status, message: json["Message"] });
  return code;
}

describe("pop-core", () => {
  const awkward = "x*!'()~ 中文 +&=%/\n𠀀";

  test.each(["GET", "POST"])("%s with special characters is accepted", async (method) => {
    const parameters = { RegionId: "cn-hangzhou", Name: "render-farm", Description: awkward };
    const created = await popClient(ecs).request("CreateHpcCluster", parameters, { method });
    const id = created["HpcClusterId"] as string;
    expect(ecs.store.find(id)).toMatchObject({ name: "render-farm", description: awkward });
  });

  test("an STS key is accepted, a wrong secret is refused", async () => {
    const key = ecs.accounts.issueToken(ecs.accountId, now + minutes);
    const regionsOf = (other: object) =>
      popClient({ ...ecs, ...other }).request("DescribeRegions", {}, { method: "POST" });
    expect(await regionsOf(key)).toHaveProperty("Regions");
    await expect(regionsOf({ accessKeySecret: "x" })).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });
});

type Case = readonly [version: Version, code: string, title: string, asking: Making];
type Making = AskingV3 | (() => AskingV3);

function cases(version: Version, code: string, askings: Readonly<Record<string, Making>>): Case[] {
  return Object.entries(askings).map(([title, asking]) => [version, code, title, asking]);
}

/** The same change of each of these values. */
function each(values: readonly string[], asking: (value: string) => Making): Record<string, Making> {
  return Object.fromEntries(values.map((value) => [value, asking(value)]));
}

const skewed = (off: number) => () => ({ common: { Timestamp: timestamp(now + off * minutes) } });
const stsKey = (change: object = {}) => ({ ...ecs.accounts.issueToken(ecs.accountId), ...change });

test.each([
  ...cases("v1", "ok", {
    "parameters of a POST in the query": { place: "query" },
    "parameters of a POST in the form": { place: "form" },
    "parameters of a POST in query and form": { place: "both" },
    GET: { method: "GET" },
    "a clock 14.9 minutes slow": skewed(-14.9),
    "a clock 14.9 minutes fast": skewed(14.9),
  }),
  ...cases("v3", "ok", {
    GET: { method: "GET" },
    POST: { method: "POST" },
    "an STS key": () => ({ signer: stsKey() }),
  }),
  ...cases("v1", "SignatureDoesNotMatch", {
    "a changed parameter": { tampered: { RegionId: "cn-beijing" } },
    "an added parameter": { tampered: { Added: "1" } },
    "a removed parameter": { tampered: { RegionId: undefined } },
    "a changed nonce": { tampered: { SignatureNonce: "other" } },
    "a changed signature": { tampered: { Signature: wrongSignature } },
    "a signature for GET sent by POST": { signedMethod: "GET" },
  }),
  ...cases("v1", "IncompleteSignature", {
    "a shorter signature": { tampered: { Signature: "OLeaidS1JvxuMvny" } },
    "another method": { common: { SignatureMethod: "HMAC-SHA256" } },
    "another version": { common: { SignatureVersion: "2.0" } },
  }),
  ...cases("v1", "MissingSignature", { "no signature": { tampered: { Signature: undefined } } }),
  ...["AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"].flatMap((name) =>
    cases("v1", `Missing${name}`, {
      absent: { common: { [name]: undefined } },
      empty: { common: { [name]: "" } },
    }),
  ),
  ...cases("v1", "InvalidTimeStamp.Expired", { slow: skewed(-15.1), fast: skewed(15.1) }),
  ...cases(
    "v1",
    "InvalidTimeStamp.Format",
    each(
      [
        "now",
        "2026-02-30T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01 00:00:00Z",
        "1767225600",
      ],
      (Timestamp) => ({ common: { Timestamp } }),
    ),
  ),
  ...cases("v1", "InvalidAccessKeyId.NotFound", {
    "an unknown key": { signer: { accessKeyId: "LTAIunknown", accessKeySecret: "x" } },
  }),
  ...cases("v1", "InvalidSecurityToken.Malformed", {
    "another token": () => ({ signer: stsKey({ securityToken: "other" }) }),
  }),
  ...cases("v1", "MissingSecurityToken", {
    "an STS key without its token": () => ({ signer: stsKey({ securityToken: undefined }) }),
  }),
  ...cases("v1", "InvalidSecurityToken.MismatchWithAccessKey", {
    "a token with an ordinary key": () => ({ signer: { ...ecs, securityToken: "some" } }),
  }),
  ...cases("v1", "InvalidAction.NotFound", {
    "an unknown action": { common: { Action: "DeleteHpcClusters" } },
    "another path": { path: "/other" },
  }),
  ...cases("v1", "MissingAction", { "no action": { common: { Action: undefined } } }),
  ...cases("v1", "MissingVersion", { "no version": { common: { Version: undefined } } }),
  ...cases("v1", "InvalidVersion", { "another version": { common: { Version: "2014-05-25" } } }),
  ...cases("v1", "UnsupportedHTTPMethod", { PUT: { method: "PUT" } }),
  ...cases("v3", "SignatureDoesNotMatch", {
    "another action": { tampered: { "x-acs-action": "DescribeInstances" } },
    "another nonce": { tampered: { "x-acs-signature-nonce": "other" } },
    "another hash": { tampered: { "x-acs-content-sha256": "0".repeat(64) } },
    "a body that is not the hashed one": {
      body: "Added=1",
      common: { "x-acs-content-sha256": "0".repeat(64) },
    },
    "another secret": () => ({ signer: { ...ecs, accessKeySecret: "x" } }),
  }),
  ...cases("v3", "IncompleteSignature", {
    "a token that is not signed": () => ({
      signer: stsKey(),
      signedHeaders: [
        ...["host", "x-acs-action", "x-acs-content-sha256"],
        ...["x-acs-date", "x-acs-signature-nonce", "x-acs-version"],
      ],
    }),
    ...each(
      [
        "ACS3-HMAC-SHA256 Credential=x",
        "ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host,Signature=abc",
        "ACS3-HMAC-SM3 Credential=x,SignedHeaders=host,Signature=abc",
      ],
      (authorization) => ({ tampered: { authorization } }),
    ),
  }),
  ...Object.entries({
    MissingTimestamp: "x-acs-date",
    MissingSignatureNonce: "x-acs-signature-nonce",
    MissingContentSha256: "x-acs-content-sha256",
    MissingAction: "x-acs-action",
    MissingVersion: "x-acs-version",
  }).flatMap(([code, header]) => cases("v3", code, { absent: { common: { [header]: undefined } } })),
  ...cases("v3", "InvalidTimeStamp.Expired", {
    "an old date": () => ({ common: { "x-acs-date": timestamp(now - 16 * minutes) } }),
  }),
])("%s answers %s for %s", async (version, code, _, asking) => {
  expect(await outcome(version, typeof asking === "function" ? asking() : asking)).toBe(code);
});

describe("nonces", () => {
  const once = { common: { SignatureNonce: "once" } };

  test.each<[Version, AskingV3]>([
    ["v1", once],
    ["v3", { common: { "x-acs-signature-nonce": "once" } }],
  ])("%s accepts a nonce once", async (version, asking) => {
    expect([await outcome(version, asking), await outcome(version, asking)]).toEqual([
      "ok",
      "SignatureNonceUsed",
    ]);
  });

  test("belong to a key", async () => {
    const signer = ecs.accounts.addKey(ecs.accountId);
    expect([await outcome("v1", once), await outcome("v1", { ...once, signer })]).toEqual(["ok", "ok"]);
  });

  test("are not used up by a wrong signature", async () => {
    expect(await outcome("v1", { ...once, tampered: { Added: "1" } })).toBe("SignatureDoesNotMatch");
    expect(await outcome("v1", once)).toBe("ok");
  });

  test("are remembered as long as the timestamp is valid", async () => {
    const asking = { common: { ...once.common, Timestamp: timestamp(now + 14 * minutes) } };
    expect(await outcome("v1", asking)).toBe("ok");
    now += 28 * minutes;
    expect(await outcome("v1", asking)).toBe("SignatureNonceUsed");
  });
});

describe("keys and permissions change at run time", () => {
  test("a key is removed", async () => {
    ecs.accounts.removeKey(ecs.accessKeyId);
    expect(await outcome("v1")).toBe("InvalidAccessKeyId.NotFound");
  });

  test("a key is disabled and enabled", async () => {
    ecs.accounts.setActive(ecs.accessKeyId, false);
    expect(await outcome("v1")).toBe("InvalidAccessKeyId.Inactive");
    ecs.accounts.setActive(ecs.accessKeyId, true);
    expect(await outcome("v1")).toBe("ok");
  });

  test("an STS key expires and is renewed", async () => {
    const signer = ecs.accounts.issueToken(ecs.accountId, now + minutes);
    const current = () => outcome("v1", { signer, common: { Timestamp: timestamp(now) } });
    expect(await current()).toBe("ok");
    now += minutes;
    expect(await current()).toBe("InvalidSecurityToken.Expired");
    ecs.accounts.setExpiry(signer.accessKeyId, now + minutes);
    expect(await current()).toBe("ok");
  });

  test("an action is denied and allowed", async () => {
    ecs.accounts.deny(ecs.accountId, "DescribeRegions");
    expect(await outcome("v1")).toBe("Forbidden.RAM");
    expect((await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-hangzhou" })).status).toBe(200);
    ecs.accounts.allow(ecs.accountId, "DescribeRegions");
    expect(await outcome("v1")).toBe("ok");
  });
});

test("a form of version 3 is decoded", async () => {
  const body = "RegionId=cn-hangzhou&Name=form-farm&Description=plus+is+a%20space%2b";
  const { json } = await askV3(ecs, "CreateHpcCluster", {}, { body });
  expect(ecs.store.find(json["HpcClusterId"] as string)).toMatchObject({
    name: "form-farm",
    description: "plus is a space+",
  });
});

test.each(["Action=A&Action=B", "Action=%zz", "Action=%ff"])("the query %s is refused", async (query) => {
  const answer = await fetch(`${ecs.endpoint}/?Format=JSON&${query}`);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("<Code>Invalid.Parameter</Code>");
});

test("neither keys nor signatures are in an answer or a record", async () => {
  const common = {
    ...{ Action: "DescribeRegions", Version: "2014-05-26", Format: "JSON", RegionId: "cn-hangzhou" },
    ...{ SignatureMethod: "HMAC-SHA1", SignatureVersion: "1.0" },
    ...{ AccessKeyId: ecs.accessKeyId, SignatureNonce: "known", Timestamp: timestamp(now) },
  };
  const expected = signV1("POST", common, ecs.accessKeySecret);
  expect((await send("v1", { common, tampered: { Signature: expected } })).status).toBe(200);
  const answer = await send("v1", { common, tampered: { Signature: wrongSignature } });
  expect(answer.json["Code"]).toBe("SignatureDoesNotMatch");
  const seen = answer.text + JSON.stringify([...answer.headers]) + JSON.stringify(ecs.requests);
  for (const secret of [expected, ecs.accessKeySecret, ecs.accessKeyId, wrongSignature]) {
    expect(seen).not.toContain(secret);
  }
});
