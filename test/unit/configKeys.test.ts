import { readFileSync } from "node:fs";
import { isSecret, output, runtime } from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { configKeys, type ConfigKey, type ConfigKeyName } from "../../provider/account/configKeys.ts";
import { SettingReader } from "../../provider/account/settingReader.ts";
import { readSettings, type Settings } from "../../provider/account/settings.ts";
import { systemClock } from "../../provider/ecs/clock.ts";
import { configurationOfProvider, Provider, type ProviderArgs } from "../../provider/program/provider.ts";
import { valueOf } from "./valueOf.ts";

interface Expectation {
  environment?: string[];
  isSecret?: true;
  default?: string;
  unit?: string;
  /** Other keys without which this one does nothing. */
  needs?: Record<string, string>;
}

const roleArn = "acs:ram::1:role/renderer";
const oidcRole = { roleArn, oidcProviderArn: "acs:ram::1:oidc-provider/ci", oidcTokenFile: "/token" };

/** What the documentation says about each key, independently of the table. */
const expectations: Record<ConfigKeyName, Expectation> = {
  accessKey: {
    environment: ["ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"],
    isSecret: true,
  },
  secretKey: {
    environment: ["ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"],
    isSecret: true,
  },
  securityToken: {
    environment: ["ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"],
    isSecret: true,
    needs: { accessKey: "LTAIone", secretKey: "secret-one" },
  },
  region: { environment: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"] },
  profile: { environment: ["ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"] },
  sharedCredentialsFile: {
    environment: ["ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"],
    default: "~/.aliyun/config.json",
    needs: { profile: "work" },
  },
  ecsRoleName: { environment: ["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"] },
  credentialsUri: {
    environment: ["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"],
    isSecret: true,
  },
  assumeRole: { isSecret: true },
  assumeRoleWithOidc: { isSecret: true },
  endpoints: {},
  protocol: { default: "HTTPS" },
  skipRegionValidation: { environment: ["ALICLOUD_SKIP_REGION_VALIDATION"], default: "false" },
  clientReadTimeout: { environment: ["CLIENT_READ_TIMEOUT"], default: "30,000", unit: "milliseconds" },
  clientConnectTimeout: { environment: ["CLIENT_CONNECT_TIMEOUT"], default: "10,000", unit: "milliseconds" },
  maxRetryTimeout: { environment: ["MAX_RETRY_TIMEOUT"], default: "300", unit: "seconds" },
};
const names = Object.keys(expectations) as ConfigKeyName[];

/** A value of each key as a Provider's argument; not the default. */
const args: Required<ProviderArgs> = {
  accessKey: "LTAIother",
  secretKey: "secret-other",
  securityToken: "token",
  region: "cn-beijing",
  profile: "work",
  sharedCredentialsFile: "/nowhere/config.json",
  ecsRoleName: "instance-role",
  credentialsUri: "http://127.0.0.1/credentials",
  assumeRole: { roleArn },
  assumeRoleWithOidc: oidcRole,
  endpoints: [{ ecs: "ecs.example.com" }],
  protocol: "HTTP",
  skipRegionValidation: true,
  clientReadTimeout: 1_234,
  clientConnectTimeout: 1_234,
  maxRetryTimeout: 1_234,
};

const source = readFileSync(new URL("../../provider/account/configKeys.ts", import.meta.url), "utf8");

function settingsOf(configuration: Record<string, string | undefined>): Settings {
  return readSettings((key) => configuration[key.replace("alicloud:", "")], {});
}

beforeAll(async () => {
  await runtime.setMocks({
    newResource: ({ name }) => ({ id: name, state: {} }),
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

test("every key has an expectation here", () => {
  expect(Object.keys(configKeys)).toEqual(names);
});

describe.each(names.map((name) => ({ name, ...expectations[name] })))("$name", ({ name, ...row }) => {
  const value: unknown = args[name];
  const text = typeof value === "string" ? value : JSON.stringify(value);

  test(`is an argument of Provider, ${row.isSecret ? "secret" : "not secret"}, with the key's text`, async () => {
    for (const given of [value, output(value)]) {
      const configuration = configurationOfProvider(new Provider("studio", { [name]: given }))!;
      expect(await isSecret(configuration)).toBe(row.isSecret ?? false);
      await expect(valueOf(configuration)).resolves.toEqual({ [`alicloud:${name}`]: text });
    }
  });

  test("is read from the stack configuration, then from its environment variables in order", () => {
    const { environment = [] } = row;
    const all = Object.fromEntries(environment.map((variable) => [variable, `of ${variable}`]));
    const configured = new SettingReader((key) => (key === `alicloud:${name}` ? text : undefined), all);
    expect(configured.find(name)).toEqual({ value: text, origin: `alicloud:${name}` });
    environment.forEach((variable, index) => {
      const rest = Object.fromEntries(environment.slice(index).map((each) => [each, all[each]]));
      const reader = new SettingReader(() => "", {
        ...rest,
        ...(index > 0 ? { [environment[0]!]: "" } : {}),
      });
      expect(reader.find(name)).toEqual({
        value: `of ${variable}`,
        origin: `environment variable ${variable}`,
        variable,
      });
    });
    expect(new SettingReader(() => undefined, {}).find(name)).toBeUndefined();
  });

  test("changes the settings", async () => {
    const without = await seen(settingsOf(row.needs ?? {}));
    expect(await seen(settingsOf({ ...row.needs, [name]: text }))).not.toEqual(without);
    // An empty text means that there is none.
    expect(await seen(settingsOf({ ...row.needs, [name]: "" }))).toEqual(without);
  });

  /** The settings, with the credentials as far as no service has to be called for them. */
  async function seen({ source: _, ...settings }: Settings) {
    const { description } = settings.credentials;
    const isKey = row.needs?.["accessKey"] !== undefined;
    return {
      ...settings,
      credentials: [description, isKey && (await settings.credentials.load(systemClock))],
    };
  }

  test("has a comment that names its first environment variable, its default and its unit", () => {
    const comment = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n  ${name}: \\{`).exec(source)?.[1] ?? "";
    expect(comment).toMatch(/^[A-Z`].*\.$|, …$/);
    if (row.environment !== undefined) {
      expect(comment).toContain(`\`${row.environment[0]!}\``);
    } else {
      expect(comment).not.toContain("Environment");
    }
    if (row.default !== undefined) {
      expect(comment).toMatch(new RegExp(`Default: \`?${row.default}\`?\\.`));
    } else {
      expect(comment).not.toContain("Default");
    }
    if (row.unit !== undefined) {
      expect(comment).toContain(`, ${row.unit}, at most 2,000,000.`);
    }
    const table: ConfigKey = configKeys[name];
    expect(table.unit).toBe(row.unit);
    if (table.default !== undefined) {
      expect(table.default.toLocaleString("en-US")).toBe(row.default);
    }
  });
});

test("the times are used in milliseconds, and 0 means the default", () => {
  const defaults = { readTimeoutMs: 30_000, connectTimeoutMs: 10_000, maxRetryTimeoutMs: 300_000 };
  expect(settingsOf({})).toMatchObject(defaults);
  const times = (value: string) => ({
    clientReadTimeout: value,
    clientConnectTimeout: value,
    maxRetryTimeout: value,
  });
  expect(settingsOf(times("0"))).toMatchObject({ ...defaults, problems: [] });
  expect(settingsOf(times("1234"))).toMatchObject({
    readTimeoutMs: 1_234,
    connectTimeoutMs: 1_234,
    maxRetryTimeoutMs: 1_234_000,
  });
});

test.each([
  ["true", true],
  ["TRUE", true],
  ["1", true],
  ["false", false],
  ["0", false],
])(
  "ALICLOUD_SKIP_REGION_VALIDATION=%s is read as Terraform reads it, after the stack configuration",
  (text, skips) => {
    const environment = { ALICLOUD_SKIP_REGION_VALIDATION: text };
    expect(readSettings(() => undefined, environment)).toMatchObject({
      skipRegionValidation: skips,
      problems: [],
    });
    const opposite = (key: string) => (key === "alicloud:skipRegionValidation" ? String(!skips) : undefined);
    expect(readSettings(opposite, environment).skipRegionValidation).toBe(!skips);
  },
);

test("another ALICLOUD_SKIP_REGION_VALIDATION is a problem that names the variable", () => {
  const { problems } = readSettings(() => undefined, { ALICLOUD_SKIP_REGION_VALIDATION: "yes" });
  expect(problems).toEqual([
    {
      key: "environment variable ALICLOUD_SKIP_REGION_VALIDATION",
      reason: 'is "yes"; give false or true (default: false).',
    },
  ]);
});

test("endpoints: each service has its own variables, after the stack configuration", () => {
  const environment = {
    ALIBABA_CLOUD_ENDPOINT_ECS: "ecs.one",
    ECS_ENDPOINT: "ecs.two",
    ALIBABA_CLOUD_ENDPOINT_STS: "http://127.0.0.1:4566",
    STS_ENDPOINT: "sts.two",
  };
  const read = (text: string | undefined, given: Record<string, string>) =>
    readSettings((key) => (key === "alicloud:endpoints" ? text : undefined), given);
  expect(read(undefined, environment)).toMatchObject({
    endpoint: { override: "ecs.one", stsOverride: "http://127.0.0.1:4566" },
    problems: [],
  });
  const { ECS_ENDPOINT, STS_ENDPOINT } = environment;
  expect(read(undefined, { ECS_ENDPOINT, STS_ENDPOINT }).endpoint).toMatchObject({
    override: "ecs.two",
    stsOverride: "sts.two",
  });
  expect(read('[{"sts":"sts.given"}]', environment).endpoint).toMatchObject({
    override: "ecs.one",
    stsOverride: "sts.given",
  });
  expect(read(undefined, { STS_ENDPOINT: "not a host" }).problems).toMatchObject([
    { key: "environment variable STS_ENDPOINT" },
  ]);
});
