/** What the gateway in front of every action checks. test/emulator/authentication.test.ts has every detail of it. */
import { expect, test } from "vitest";
import { type DocumentedCode, missingCommonParameter } from "../errorCodes.ts";
import { expectError, marked, send, target, uncertain } from "./service.ts";
import type { Asking, Overrides } from "./target.ts";

const action = "DescribeHpcClusters";
const read = (parameters: Overrides = {}, asking?: Asking) =>
  send(action, { PageSize: "1", ...parameters }, asking);
const anHourAgo = () => `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
const { accessKeyId, securityToken } = target;

test.each<[name: string, code: DocumentedCode, parameters: () => Overrides, asking?: Asking]>([
  [
    "a wrong secret",
    "SignatureDoesNotMatch",
    () => ({}),
    { signer: { accessKeyId, accessKeySecret: "wrong", securityToken } },
  ],
  [
    "an unknown key id",
    "InvalidAccessKeyId.NotFound",
    () => ({}),
    { signer: { accessKeyId: "LTAI5tContractUnknownKey", accessKeySecret: "unknown" } },
  ],
  ["a time an hour ago", "InvalidTimeStamp.Expired", () => ({ Timestamp: anHourAgo() })],
  ["a time in words", "InvalidTimeStamp.Format", () => ({ Timestamp: "yesterday" })],
  ["an incomplete signature", "IncompleteSignature", () => ({}), { tampered: { Signature: "short" } }],
])("rejects %s", async (_, code, parameters, asking) => {
  expectError(await read(parameters(), asking), action, code);
});

test("accepts a nonce once", async () => {
  const SignatureNonce = marked(crypto.randomUUID());
  expect((await read({ SignatureNonce })).status).toBe(200);
  expectError(await read({ SignatureNonce }), action, "SignatureNonceUsed");
});

test("returns Missing and the name of a missing common parameter", async () => {
  const { status, json } = await read({}, { tampered: { AccessKeyId: undefined, Signature: undefined } });
  const { code, message } = missingCommonParameter("AccessKeyId");
  expect([status, json["Code"], json["Message"]]).toEqual([400, code, message]);
});

test("accepts GET", async () => {
  expect((await read({}, { method: "GET" })).status).toBe(200);
});

test("returns an error with its documented fields", async () => {
  const { json } = await read({ HpcClusterIds: "hpc-1" });
  expect(Object.keys(json).sort()).toEqual(["Code", "HostId", "Message", "Recommend", "RequestId"]);
});

test("returns XML when it is requested", async () => {
  const answer = await read({ Format: "XML" });
  expect(answer.text).toMatch(/^(<\?xml[^>]*>)?\s*<DescribeHpcClustersResponse>/);
  const error = await read({ Format: "XML", HpcClusterIds: "hpc-1" });
  expect(error.text).toMatch(/^(<\?xml[^>]*>)?\s*<Error>[^]*<Code>InvalidHpcClusterIds\.Malformed<\/Code>/);
});

// The reference does not list these.
uncertain("rejects a security token that does not belong to the key", async () => {
  const code =
    securityToken === undefined
      ? "InvalidSecurityToken.MismatchWithAccessKey"
      : "InvalidSecurityToken.Malformed";
  expectError(await read({ SecurityToken: "CAIS-of-another-key" }), action, code);
});
uncertain("rejects an unknown version", async () => {
  expectError(await read({ Version: "2000-01-01" }), action, "InvalidVersion");
});
uncertain("returns InvalidAction.NotFound for an unknown action", async () => {
  expectError(await send("DescribeHpcClusterz"), action, "InvalidAction.NotFound");
});
