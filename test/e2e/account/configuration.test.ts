/**
 * Promise: every form of configuration works, in its order of precedence, and a wrong setting is one error that
 * names it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { HpcCluster, getHpcClusters } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AccessKey, type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { TestStack } from "../../engine/stack.ts";
import { createEcsStack, failureOf } from "../ecsStack.ts";
import { errorsIn } from "./diagnostics.ts";

const [studio, archive] = ["1000000000000001", "1000000000000002"] as const;
let ecs: Emulator;
let archiveKey: AccessKey;
beforeEach(async () => {
  ecs = await startEmulator({ accounts: [{ accountId: studio }, { accountId: archive }] });
  archiveKey = ecs.accounts.addKey(archive);
});
afterEach(() => ecs.stop());

const nothingConfigured = {
  "alicloud:region": undefined,
  "alicloud:accessKey": undefined,
  "alicloud:secretKey": undefined,
  "alicloud:endpoints": undefined,
};
/** The provider's process and the program itself must come to the same settings. */
const program = async () => {
  const before = (await getHpcClusters()).map(({ name }) => name);
  new HpcCluster("rendering", { name: "render-farm" });
  return { before };
};
const whereabouts = () =>
  ecs.store.clusters().map(({ name, accountId, regionId }) => `${name}: ${accountId} ${regionId}`);
const configurationFile = ({ workDir, stackName }: TestStack) =>
  path.join(workDir, `Pulumi.${stackName}.yaml`);

test("values as `pulumi config set --path` writes them, secret ones too, beside what is written by hand as for @pulumi/alicloud", async () => {
  const config = { ...nothingConfigured, "alicloud:region": "cn-beijing" };
  await using stack = await createEcsStack(ecs, { program, config });
  await stack.automation.setAllConfig(
    {
      "alicloud:endpoints[0].vpc": { value: "vpc.example.com" },
      "alicloud:endpoints[1].ecs": { value: ecs.endpoint.replace("http://", ""), secret: true },
      "alicloud:accessKey": { value: archiveKey.accessKeyId, secret: true },
      "alicloud:secretKey": { value: archiveKey.accessKeySecret, secret: true },
    },
    true,
  );
  const text = readFileSync(configurationFile(stack), "utf8");
  expect(text).toMatch(/alicloud:endpoints:\n +- vpc: .*\n +- ecs:\n +secure: /);
  writeFileSync(
    configurationFile(stack),
    text.replace(
      "config:\n",
      `config:
  alicloud:protocol: HTTP
  alicloud:skipRegionValidation: true
  alicloud:clientConnectTimeout: 4000
  alicloud:clientReadTimeout: 5000
  alicloud:maxRetryTimeout: 30
`,
    ),
  );
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${archive} cn-beijing`]);
  expect(ecs.calls("DescribeRegions")).toEqual([]);
  expect(stack.stateText()).not.toContain(archiveKey.accessKeySecret);
});

// What comes before what: test/unit/configKeys.test.ts and test/unit/settings.test.ts.
test("the environment is enough; destroy without it reports what is missing, and loses nothing", async () => {
  await using stack = await createEcsStack(ecs, {
    program,
    config: nothingConfigured,
    env: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: archiveKey.accessKeyId,
      ALIBABACLOUD_ACCESS_KEY_SECRET: archiveKey.accessKeySecret,
      ALIBABA_CLOUD_REGION: "cn-beijing",
      ALIBABA_CLOUD_ENDPOINT_ECS: ecs.endpoint,
      ECS_ENDPOINT: "http://127.0.0.1:1",
    },
  });
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${archive} cn-beijing`]);
  expect(stack.stateText()).not.toContain(archiveKey.accessKeySecret);

  const before = ecs.store.clusters();
  const requests = ecs.requests.length;
  stack.setEnv({ ALIBABACLOUD_ACCESS_KEY_SECRET: undefined });
  const { output } = await failureOf(stack.destroy());
  expect(output).toMatch(/is missing, but .*ALIBABA_CLOUD_ACCESS_KEY_ID is set/);
  expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
  expect(ecs.store.clusters()).toEqual(before);
  expect(stack.state().resource("rendering").id).toBe(before[0]?.hpcClusterId);
  expect(ecs.requests).toHaveLength(requests);
});

test("a profile of the CLI gives the key and the region", async () => {
  const profile = (name: string, key: AccessKey, regionId: string) => ({
    name,
    mode: "AK",
    access_key_id: key.accessKeyId,
    access_key_secret: key.accessKeySecret,
    region_id: regionId,
  });
  const home = path.join(homedir(), ".aliyun");
  await using stack = await createEcsStack(ecs, {
    program,
    config: { ...nothingConfigured, "alicloud:profile": "archive" },
    env: { ECS_ENDPOINT: ecs.endpoint },
  });
  mkdirSync(home);
  try {
    const profiles = [
      profile("studio", ecs.accounts.addKey(studio), "eu-central-1"),
      profile("archive", archiveKey, "cn-shanghai"),
    ];
    writeFileSync(path.join(home, "config.json"), JSON.stringify({ current: "studio", profiles }));
    await stack.up();
    expect(whereabouts()).toEqual([`render-farm: ${archive} cn-shanghai`]);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test("every wrong or half-given setting is one error at preview that names it, offline, however many clusters", async () => {
  const wrong: Record<string, string> = {
    "alicloud:secretKey": "half-a-secret",
    "alicloud:endpoints": "ecs.example.com",
    "alicloud:protocol": "ftp",
    "alicloud:skipRegionValidation": "perhaps",
    "alicloud:clientConnectTimeout": "soon",
    "alicloud:clientReadTimeout": "-1",
    "alicloud:maxRetryTimeout": "1.5",
    "alicloud:assumeRole": '{"sessionName":"nightly"}',
  };
  const clusters = async () => {
    for (const index of [1, 2, 3]) {
      new HpcCluster(`c${index}`, { name: "render-farm" });
    }
  };
  await using stack = await createEcsStack(ecs, {
    program: clusters,
    config: { "alicloud:accessKey": undefined, ...wrong },
  });
  const preview = await failureOf(stack.preview());
  const missing = ({ message }: { message: string }, key: string) =>
    message.includes(`has a problem: ${key} `);
  const keys = Object.keys(wrong).map((key) => key.replace("secretKey", "accessKey"));
  for (const key of keys) {
    expect(errorsIn(preview).filter((error) => missing(error, key))).toHaveLength(1);
  }
  expect(errorsIn(preview)).toHaveLength(keys.length);
  expect(preview.output).not.toContain("half-a-secret");

  // A setting that only the environment has is named as it is called there.
  await stack.setConfig(Object.fromEntries(Object.keys(wrong).map((key) => [key, undefined])));
  stack.setEnv({
    ALICLOUD_PROFILE: "nobody",
    ALICLOUD_SHARED_CREDENTIALS_FILE: path.join(stack.workDir, "absent.json"),
    CLIENT_READ_TIMEOUT: "soon",
    ALIBABA_CLOUD_ENDPOINT_ECS: "not a host",
  });
  // In the program a lookup says the same, without a stack trace.
  stack.setProgram(program);
  const { output } = await failureOf(stack.preview());
  for (const name of ["ALICLOUD_PROFILE", "CLIENT_READ_TIMEOUT", "ALIBABA_CLOUD_ENDPOINT_ECS"]) {
    expect(output).toContain(`environment variable ${name} `);
  }
  expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
  expect(ecs.requests).toEqual([]);
});
