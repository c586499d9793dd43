/**
 * Promises: credentials that the service refuses, or that are missing, are one error at preview, not one for each
 * cluster; it says where they came from, shows no secret, and refused credentials are not tried again.
 */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
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

// What else the service refuses: test/unit/errorMeanings.ts. Where else they may come from: test/unit/settings.test.ts.
test("a wrong secret is one error at preview, which says where it came from", async () => {
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:secretKey": { value: "not-the-secret", secret: true } },
  });
  const preview = await failureOf(stack.preview());
  const errors = errorsIn(preview);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toContain("DescribeRegions in cn-hangzhou: SignatureDoesNotMatch: ");
  expect(errors[0]?.message).toContain(
    "The credentials came from alicloud:accessKey and alicloud:secretKey.",
  );
  expect(warningsIn(preview)).toEqual([]);
  expect(preview.output).not.toContain("not-the-secret");
  // Refused once; a key that is no good is not tried again, and not for each cluster.
  expect(ecs.requests.map((request) => request.code)).toEqual(["SignatureDoesNotMatch"]);
});

test("the error names the environment variables that the key came from", async () => {
  const key = ecs.accounts.addKey(ecs.accountId);
  ecs.accounts.setActive(key.accessKeyId, false);
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined },
    env: { ALICLOUD_ACCESS_KEY: key.accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.accessKeySecret },
  });
  const errors = errorsIn(await failureOf(stack.preview()));
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toMatch(
    /The credentials came from .*ALICLOUD_ACCESS_KEY and .*ALIBABA_CLOUD_ACCESS_KEY_SECRET\./,
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
