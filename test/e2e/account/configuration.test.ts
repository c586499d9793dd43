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

test("structured values as `pulumi config set --path` writes them, secret ones too", async () => {
  await using stack = await createEcsStack(ecs, {
    program,
    config: {
      "alicloud:endpoints": undefined,
      "alicloud:accessKey": undefined,
      "alicloud:secretKey": undefined,
    },
  });
  await stack.automation.setAllConfig(
    {
      "alicloud:endpoints[0].ecs": { value: ecs.endpoint, secret: true },
      "alicloud:endpoints[0].vpc": { value: "vpc.example.com" },
      "alicloud:accessKey": { value: ecs.accessKeyId, secret: true },
      "alicloud:secretKey": { value: ecs.accessKeySecret, secret: true },
      "alicloud:clientReadTimeout": { value: "5000" },
      "alicloud:skipRegionValidation": { value: "true" },
    },
    true,
  );
  expect(readFileSync(configurationFile(stack), "utf8")).toMatch(/alicloud:endpoints:\n +- ecs:\n +secure: /);
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${studio} cn-hangzhou`]);
  expect(ecs.calls("DescribeRegions")).toEqual([]);
  expect(stack.stateText()).not.toContain(ecs.accessKeySecret);
});

test("a Pulumi.<stack>.yaml written by hand, as for @pulumi/alicloud: lists, objects, numbers and booleans", async () => {
  await using stack = await createEcsStack(ecs, { program, config: nothingConfigured });
  const text = readFileSync(configurationFile(stack), "utf8");
  const secretsProvider = text.replace(/^config:[^]*/m, "");
  writeFileSync(
    configurationFile(stack),
    `${secretsProvider}config:
  alicloud:region: cn-beijing
  alicloud:accessKey: ${archiveKey.accessKeyId}
  alicloud:secretKey: ${archiveKey.accessKeySecret}
  alicloud:endpoints:
    - vpc: vpc.example.com
    - ecs: ${ecs.endpoint.replace("http://", "")}
  alicloud:protocol: HTTP
  alicloud:skipRegionValidation: true
  alicloud:clientConnectTimeout: 4000
  alicloud:clientReadTimeout: 5000
  alicloud:maxRetryTimeout: 30
`,
  );
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${archive} cn-beijing`]);
  expect(ecs.calls("DescribeRegions")).toEqual([]);
});

test("the environment is enough, and each value of the configuration comes before it", async () => {
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
  await stack.destroy();

  stack.setEnv({ ALICLOUD_REGION: "eu-west-1" });
  await stack.setConfig({ "alicloud:accessKey": ecs.accessKeyId, "alicloud:secretKey": ecs.accessKeySecret });
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${studio} eu-west-1`]);
});

test("a profile of the CLI gives the key and the region; from the file named, or the one at home", async () => {
  const profile = (name: string, key: AccessKey, regionId: string) => ({
    name,
    mode: "AK",
    access_key_id: key.accessKeyId,
    access_key_secret: key.accessKeySecret,
    region_id: regionId,
  });
  const { accessKeyId, accessKeySecret } = ecs;
  const profiles = JSON.stringify({
    current: "studio",
    profiles: [
      profile("studio", { accessKeyId, accessKeySecret }, "eu-central-1"),
      profile("archive", archiveKey, "cn-shanghai"),
    ],
  });
  await using stack = await createEcsStack(ecs, {
    program,
    config: { ...nothingConfigured, "alicloud:profile": "archive" },
    env: { ECS_ENDPOINT: ecs.endpoint },
  });
  const file = path.join(stack.workDir, "profiles.json");
  writeFileSync(file, profiles);
  await stack.setConfig({ "alicloud:sharedCredentialsFile": file });
  await stack.up();
  expect(whereabouts()).toEqual([`render-farm: ${archive} cn-shanghai`]);
  await stack.destroy();

  const home = path.join(homedir(), ".aliyun");
  mkdirSync(home);
  try {
    writeFileSync(path.join(home, "config.json"), profiles);
    await stack.setConfig({ "alicloud:sharedCredentialsFile": undefined, "alicloud:profile": "studio" });
    await stack.up();
    expect(whereabouts()).toEqual([`render-farm: ${studio} eu-central-1`]);
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

  // With an OIDC role no key is needed.
  await stack.setConfig({
    ...Object.fromEntries(Object.keys(wrong).map((key) => [key, undefined])),
    "alicloud:assumeRoleWithOidc": '{"roleArn":"acs:ram::1:role/ci","sessionExpiration":60}',
  });
  const ofRole = errorsIn(await failureOf(stack.preview()));
  for (const field of ["oidcProviderArn", "oidcTokenFile", "sessionExpiration"]) {
    const about = ofRole.filter(({ message }) => message.includes(field));
    expect(about).toMatchObject([{ message: expect.stringContaining("alicloud:assumeRoleWithOidc has ") }]);
  }
  expect(ofRole).toHaveLength(3);

  // A setting that only the environment has is named as it is called there.
  await stack.setConfig({ "alicloud:assumeRoleWithOidc": undefined });
  stack.setEnv({
    ALICLOUD_PROFILE: "nobody",
    ALICLOUD_SHARED_CREDENTIALS_FILE: path.join(stack.workDir, "absent.json"),
    CLIENT_READ_TIMEOUT: "soon",
    ALIBABA_CLOUD_ENDPOINT_ECS: "not a host",
  });
  const ofEnvironment = errorsIn(await failureOf(stack.preview()));
  for (const name of ["ALICLOUD_PROFILE", "CLIENT_READ_TIMEOUT", "ALIBABA_CLOUD_ENDPOINT_ECS"]) {
    expect(
      ofEnvironment.filter(({ message }) => message.includes(`environment variable ${name} `)),
    ).toHaveLength(1);
  }
  expect(ofEnvironment).toHaveLength(3);

  // In the program a lookup says the same, without a stack trace.
  stack.setProgram(program);
  const { output } = await failureOf(stack.preview());
  expect(output).toContain("ALICLOUD_PROFILE cannot be used");
  expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
  expect(ecs.requests).toEqual([]);
});

test("refresh and destroy report settings that became wrong, and lose nothing", async () => {
  // From the environment: of the configuration the engine keeps what the last up was given, in the state.
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:secretKey": undefined },
    env: { ALICLOUD_SECRET_KEY: ecs.accessKeySecret },
  });
  await stack.up();
  expect(stack.stateText()).not.toContain(ecs.accessKeySecret);
  const before = ecs.store.clusters();
  const requests = ecs.requests.length;
  stack.setEnv({ ALICLOUD_SECRET_KEY: undefined });
  for (const operation of ["refresh", "destroy"] as const) {
    const { output } = await failureOf(stack[operation]());
    expect(output).toContain("alicloud:secretKey is missing, but alicloud:accessKey is set");
    expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
  }
  expect(ecs.store.clusters()).toEqual(before);
  expect(stack.state().resource("rendering").id).toBe(before[0]?.hpcClusterId);
  expect(ecs.requests).toHaveLength(requests);
});
