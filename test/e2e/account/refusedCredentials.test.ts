/**
 * Promises: credentials that the service refuses, or that are missing, are one error at preview, not one for each
 * cluster; it says where they came from, shows no secret, and refused credentials are not tried again.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { ConfigInput } from "../../engine/stack.ts";
import { createEcsStack, failureOf } from "../ecsStack.ts";
import { errorsIn, warningsIn } from "./diagnostics.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = async () => {
  for (const name of ["one", "two", "three"]) {
    new HpcCluster(name, { name: `farm-${name}` });
  }
};
const stackConfiguration = "alicloud:accessKey and alicloud:secretKey";

/**
 * How the service refuses a key, and a token; its other codes are the same to the provider (unit/errorMeanings.ts). `arrange` gives what the stack is configured
 * with.
 */
const refusals: {
  what: string;
  code: string;
  arrange: () => { accessKey?: string; secretKey?: string; securityToken?: string };
}[] = [
  { what: "a wrong secret", code: "SignatureDoesNotMatch", arrange: () => ({ secretKey: "not-the-secret" }) },
  {
    what: "an expired token",
    code: "InvalidSecurityToken.Expired",
    arrange: () => {
      const token = ecs.accounts.issueToken(ecs.accountId, Date.now() - 1);
      return {
        accessKey: token.accessKeyId,
        secretKey: token.accessKeySecret,
        securityToken: token.securityToken,
      };
    },
  },
];

test.each(refusals)(
  "$what is one error at preview, which says where it came from",
  async ({ code, arrange }) => {
    const refused = arrange();
    const config: Record<string, ConfigInput> = {};
    for (const [key, value] of Object.entries(refused)) {
      config[`alicloud:${key}`] = { value, secret: true };
    }
    await using stack = await createEcsStack(ecs, { program, config });
    const preview = await failureOf(stack.preview());
    const errors = errorsIn(preview);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(`DescribeRegions in cn-hangzhou: ${code}: `);
    expect(errors[0]?.message).toContain(`The credentials came from ${stackConfiguration}.`);
    expect(warningsIn(preview)).toEqual([]);
    for (const secret of Object.values(refused)) {
      expect(preview.output).not.toContain(secret);
    }
    // Refused once; a key that is no good is not tried again, and not for each cluster.
    expect(ecs.requests.map((request) => request.code)).toEqual([code]);
  },
);

test("the error names the environment variables or the profile that the key came from", async () => {
  const key = ecs.accounts.addKey(ecs.accountId);
  ecs.accounts.setActive(key.accessKeyId, false);
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined },
    env: { ALICLOUD_ACCESS_KEY: key.accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.accessKeySecret },
  });
  const fromEnvironment = errorsIn(await failureOf(stack.preview()));
  expect(fromEnvironment).toHaveLength(1);
  expect(fromEnvironment[0]?.message).toMatch(
    /The credentials came from .*ALICLOUD_ACCESS_KEY and .*ALIBABA_CLOUD_ACCESS_KEY_SECRET\./,
  );

  const file = path.join(stack.workDir, "config.json");
  const profile = {
    name: "studio",
    mode: "AK",
    access_key_id: key.accessKeyId,
    access_key_secret: key.accessKeySecret,
  };
  writeFileSync(file, JSON.stringify({ current: "studio", profiles: [profile] }));
  stack.setEnv({ ALICLOUD_ACCESS_KEY: undefined, ALIBABA_CLOUD_ACCESS_KEY_SECRET: undefined });
  await stack.setConfig({ "alicloud:profile": "studio", "alicloud:sharedCredentialsFile": file });
  const fromProfile = errorsIn(await failureOf(stack.preview()));
  expect(fromProfile).toHaveLength(1);
  expect(fromProfile[0]?.message).toContain(
    `The credentials came from the profile "studio" (alicloud:profile) of ${file}.`,
  );
});

test("no credentials anywhere: one error that lists every place looked at", async () => {
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined },
    // The last resort of the default chain, which would wait for an answer here.
    env: { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true" },
  });
  const errors = errorsIn(await failureOf(stack.preview()));
  expect(errors).toHaveLength(1);
  for (const place of [
    "alicloud:accessKey",
    "ALICLOUD_ACCESS_KEY",
    "alicloud:profile",
    "~/.aliyun/config.json",
    "RAM role",
  ]) {
    expect(errors[0]?.message).toContain(place);
  }
  expect(ecs.requests).toEqual([]);
});

test("continuing after errors does not make a cluster with refused credentials, nor say it for each", async () => {
  await using stack = await createEcsStack(ecs, { program, config: { "alicloud:secretKey": undefined } });
  const up = await failureOf(stack.up({ continueOnError: true }));
  expect(up.output).toContain("alicloud:secretKey is missing");
  expect(errorsIn(up).filter(({ message }) => message.includes("has a problem"))).toHaveLength(1);
  expect(ecs.requests).toEqual([]);
});
