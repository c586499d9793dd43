import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readSettings, type Settings } from "../../provider/account/settings.ts";
import { systemClock } from "../../provider/ecs/clock.ts";
import type { Environment } from "../../provider/account/settingReader.ts";

function settingsOf(configuration: Record<string, string>, environment: Environment = {}): Settings {
  return readSettings((key) => configuration[key], environment);
}

const keysOf = (settings: Settings): string[] => settings.problems.map(({ key }) => key);
const textOf = (settings: Settings): string =>
  settings.problems.map(({ key, reason }) => `${key} ${reason}`).join("\n");

const configuredKeys = { "alicloud:accessKey": "LTAIconfigured", "alicloud:secretKey": "secret-configured" };
describe("nothing set", () => {
  test("is not a problem yet, and the defaults hold", () => {
    const settings = settingsOf({});
    expect(settings.problems).toEqual([]);
    expect(settings.region).toBeUndefined();
    expect(settings.endpoint).toEqual({ override: undefined, protocol: "https" });
    expect(settings.connectTimeoutMs).toBeGreaterThan(0);
    expect(settings.readTimeoutMs).toBeGreaterThan(settings.connectTimeoutMs);
  });
});

describe("keys", () => {
  test("from the stack configuration are credentials, with their origin", async () => {
    const settings = settingsOf({ ...configuredKeys, "alicloud:securityToken": "token-configured" });
    expect(settings.problems).toEqual([]);
    expect(settings.credentials.description).toBe("alicloud:accessKey and alicloud:secretKey");
    await expect(settings.credentials.load(systemClock)).resolves.toEqual({
      accessKeyId: "LTAIconfigured",
      accessKeySecret: "secret-configured",
      securityToken: "token-configured",
    });
  });

  test.each<[string, Record<string, string>, Environment]>([
    [
      "two names of the environment",
      {},
      { ALICLOUD_ACCESS_KEY: "LTAIone", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret-two" },
    ],
    [
      "configuration and environment",
      { "alicloud:accessKey": "LTAIone" },
      { ALICLOUD_ACCESS_KEY: "LTAIother", ALICLOUD_SECRET_KEY: "secret-two" },
    ],
  ])("are each looked up separately, as @pulumi/alicloud does: %s", async (_, configuration, environment) => {
    const settings = settingsOf(configuration, environment);
    expect(settings.problems).toEqual([]);
    await expect(settings.credentials.load(systemClock)).resolves.toMatchObject({
      accessKeyId: "LTAIone",
      accessKeySecret: "secret-two",
    });
  });

  test.each([
    ["alicloud:accessKey", "alicloud:secretKey"],
    ["alicloud:secretKey", "alicloud:accessKey"],
  ])("%s without %s is a problem of the missing one", (given, missing) => {
    const settings = settingsOf({ [given]: "half-a-secret" });
    expect(keysOf(settings)).toEqual([missing]);
    expect(textOf(settings)).toContain(given);
    expect(textOf(settings)).not.toContain("half-a-secret");
  });

  test.each([
    ["ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"],
    ["ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_SECRET_KEY"],
    ["ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY"],
    ["ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_ACCESS_KEY"],
  ])("environment %s alone is a problem of the missing key", (given, missing) => {
    const settings = settingsOf({}, { [given]: "half-a-secret" });
    expect(settings.problems).toHaveLength(1);
    expect(textOf(settings)).toContain(missing);
    expect(textOf(settings)).toContain(given);
    expect(textOf(settings)).not.toContain("half-a-secret");
  });

  test("no message contains a key", () => {
    const settings = settingsOf(
      { ...configuredKeys, "alicloud:endpoints": "{", "alicloud:protocol": "ftp" },
      { ALICLOUD_SECRET_KEY: "secret-of-environment" },
    );
    expect(settings.problems.length).toBeGreaterThan(0);
    const messages = `${textOf(settings)} ${settings.credentials.description}`;
    for (const secret of [...Object.values(configuredKeys), "secret-of-environment"]) {
      expect(messages).not.toContain(secret);
    }
  });
});

describe("what the stack gives explicitly comes before all of the environment:", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hpc-explicit-"));
  const file = path.join(folder, "config.json");
  writeFileSync(
    file,
    JSON.stringify({ profiles: [{ name: "render", mode: "EcsRamRole", ram_role_name: "of-profile" }] }),
  );
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const profile = { "alicloud:profile": "render", "alicloud:sharedCredentialsFile": file };
  const keysOfEnvironment = {
    ALICLOUD_ACCESS_KEY: "LTAIenvironment",
    ALICLOUD_SECRET_KEY: "secret-of-environment",
    ALICLOUD_SECURITY_TOKEN: "token-of-environment",
  };
  const restOfEnvironment = {
    ALICLOUD_PROFILE: "render",
    ALICLOUD_SHARED_CREDENTIALS_FILE: file,
    ALICLOUD_ECS_ROLE_NAME: "role-of-environment",
    ALICLOUD_CREDENTIALS_URI: "http://127.0.0.1/environment",
  };
  const everything = { ...keysOfEnvironment, ...restOfEnvironment };

  const ofKeys = "alicloud:accessKey and alicloud:secretKey";
  test.each<[string, Record<string, string>, string]>([
    ["an access key", configuredKeys, ofKeys],
    ["a profile", profile, `the profile "render" (alicloud:profile) of ${file}`],
    ["a role", { "alicloud:ecsRoleName": "instance" }, "the ECS role instance (alicloud:ecsRoleName)"],
    ["a URI", { "alicloud:credentialsUri": "http://localhost/c" }, "the URI in alicloud:credentialsUri"],
  ])("%s", (_, configuration, expected) => {
    const settings = settingsOf(configuration, everything);
    expect(settings.problems).toEqual([]);
    expect(settings.credentials.description).toBe(expected);
  });

  test("and is in the same order as the environment", () => {
    const all = {
      ...configuredKeys,
      ...profile,
      "alicloud:ecsRoleName": "instance",
      "alicloud:credentialsUri": "http://localhost/c",
    };
    expect(settingsOf(all).credentials.description).toBe(ofKeys);
    expect(settingsOf({}, everything).credentials.description).toBe(
      "environment variable ALICLOUD_ACCESS_KEY and environment variable ALICLOUD_SECRET_KEY",
    );
    expect(settingsOf({}, restOfEnvironment).credentials.description).toBe(
      `the profile "render" (environment variable ALICLOUD_PROFILE) of ${file}`,
    );
  });

  test("a token of the environment is not used with keys of the stack, and is with those of the environment", async () => {
    const tokenOf = async (configuration: Record<string, string>) =>
      (await settingsOf(configuration, everything).credentials.load(systemClock)).securityToken;
    expect(await tokenOf(configuredKeys)).toBeUndefined();
    expect(await tokenOf({ ...configuredKeys, "alicloud:securityToken": "own" })).toBe("own");
    expect(await tokenOf({})).toBe("token-of-environment");
    for (const half of ["accessKey", "secretKey"]) {
      const one = { [`alicloud:${half}`]: "of-the-stack" };
      expect(await tokenOf(one)).toBe("token-of-environment");
    }
  });
});

describe("proxies", () => {
  test("are all of the environment that the HTTP agents get", () => {
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
    const proxies = Object.fromEntries(names.map((name) => [name, `http://${name}.example.com`]));
    const settings = settingsOf({}, { ...proxies, PATH: "/bin", ALICLOUD_SECRET_KEY: "x", ALL_PROXY: "x" });
    expect(settings.proxyEnv).toEqual(proxies);
    expect(settingsOf({}, { HTTP_PROXY: "", PATH: "/bin" })).toMatchObject({ proxyEnv: {}, problems: [] });
  });

  test.each(["http_proxy", "HTTPS_PROXY"])(
    "whose URL cannot be used are a problem that names %s, and not its password",
    (name) => {
      for (const url of [
        "http://user:pass-word@[proxy",
        "user:pass-word@proxy:3128",
        "socks5://u:pass-word@p",
        "xhttp://u:pass-word@p",
      ]) {
        const settings = settingsOf({}, { [name]: url });
        expect(settings.problems).toEqual([
          {
            key: `environment variable ${name}`,
            reason: "is not an http:// or https:// URL; give the proxy's URL, or unset it.",
          },
        ]);
      }
    },
  );

  test("hosts without a proxy are no URLs", () => {
    expect(settingsOf({}, { NO_PROXY: "*.aliyuncs.com", no_proxy: "localhost" }).problems).toEqual([]);
  });
});

describe("endpoint", () => {
  const configured = (ecs: unknown) => ({ "alicloud:endpoints": JSON.stringify([{ ecs }]) });

  test.each([
    "ecs.example.com",
    "localhost:8080",
    "http://127.0.0.1:4566",
    "https://ecs-vpc.cn-hangzhou.aliyuncs.com",
    "HTTPS://ecs.example.com/",
    "[::1]:8080",
    "http://[::1]:8080",
    "https://example.com/ecs",
  ])("%s, from the stack configuration or the environment", (endpoint) => {
    for (const settings of [
      settingsOf(configured(endpoint)),
      settingsOf({}, { ALIBABA_CLOUD_ENDPOINT_ECS: endpoint }),
      settingsOf({}, { ECS_ENDPOINT: endpoint }),
    ]) {
      expect(settings.problems).toEqual([]);
      expect(settings.endpoint.override).toBe(endpoint);
    }
  });

  test("has that of STS, which is asked for the account", () => {
    const { endpoint, problems } = settingsOf({ "alicloud:endpoints": '[{"sts":"sts.example.com"}]' });
    expect(problems).toEqual([]);
    expect(endpoint).toEqual({ override: undefined, stsOverride: "sts.example.com", protocol: "https" });
  });

  test("endpoints of other services are ignored", () => {
    const endpoints = JSON.stringify([{ vpc: "vpc.example.com" }, { rds: "x", ecs: "ecs.example.com" }]);
    expect(settingsOf({ "alicloud:endpoints": endpoints }).endpoint.override).toBe("ecs.example.com");
    const without = settingsOf({ "alicloud:endpoints": '[{"vpc":"vpc.example.com"}]' });
    expect(without.problems).toEqual([]);
    expect(without.endpoint.override).toBeUndefined();
    expect(settingsOf({ "alicloud:endpoints": "[]" }).problems).toEqual([]);
    const empty = settingsOf({ "alicloud:endpoints": '[{"ecs":""},{"ecs":"ecs.example.com"}]' });
    expect(empty).toMatchObject({ problems: [], endpoint: { override: "ecs.example.com" } });
  });

  test.each([
    ["not JSON", "ecs.example.com"],
    ["cut off", '[{"ecs":'],
    ["a text", '"ecs.example.com"'],
    ["null", "null"],
    ["a list of texts", '["ecs.example.com"]'],
    ["a number for a host", '[{"ecs":5}]'],
    ["spaces in a host", '[{"ecs":"not a host"}]'],
    ["another protocol", '[{"ecs":"ftp://ecs.example.com"}]'],
    ["a host with a space at its end", '[{"ecs":"ecs.example.com "}]'],
    ["an IPv6 address without brackets", '[{"ecs":"::1"}]'],
    ["port 0", '[{"ecs":"http://127.0.0.1:0"}]'],
    ["a port above 65535", '[{"ecs":"127.0.0.1:65536"}]'],
    ["a URL without a host", '[{"ecs":"https:///path"}]'],
    ["a URL in a path", '[{"ecs":"example.com/https://other"}]'],
    ["a URL after a text", '[{"ecs":"xhttps://ecs.example.com"}]'],
    ["a URL with a query", '[{"ecs":"https://ecs.example.com?a=b"}]'],
    ["a URL with a fragment", '[{"ecs":"https://ecs.example.com#a"}]'],
    ["a URL with a user", '[{"ecs":"https://user@ecs.example.com"}]'],
    ["a URL with a password, which messages would show", '[{"ecs":"https://user:password@ecs.example.com"}]'],
  ])("alicloud:endpoints that is %s is a problem that names the key", (_, text) => {
    const settings = settingsOf({ "alicloud:endpoints": text });
    expect(keysOf(settings)).toEqual(["alicloud:endpoints"]);
    expect(textOf(settings)).toMatch(
      /give a list such as .*pulumi config set --path 'alicloud:endpoints\[0\]\.ecs' ecs\./,
    );
    expect(settings.endpoint.override).toBeUndefined();
  });

  test.each(["ALIBABA_CLOUD_ENDPOINT_ECS", "ECS_ENDPOINT"])(
    "%s that is not a host is a problem that names it",
    (name) => {
      const settings = settingsOf({}, { [name]: "not a host" });
      expect(keysOf(settings)).toEqual([`environment variable ${name}`]);
      expect(textOf(settings)).toMatch(/is not an endpoint; give a host or .*, or unset it\.$/);
    },
  );
});

describe("protocol", () => {
  test.each([
    ["HTTPS", "https"],
    ["https", "https"],
    ["HTTP", "http"],
    ["http", "http"],
  ])("%s", (text, protocol) => {
    const settings = settingsOf({ "alicloud:protocol": text });
    expect(settings.problems).toEqual([]);
    expect(settings.endpoint.protocol).toBe(protocol);
  });

  test.each(["ftp", "http://", "tls"])("%s is a problem that names the key and what was found", (text) => {
    const settings = settingsOf({ "alicloud:protocol": text });
    expect(keysOf(settings)).toEqual(["alicloud:protocol"]);
    expect(textOf(settings)).toContain(text);
    expect(settings.endpoint.protocol).toBe("https");
  });
});

describe("time-outs", () => {
  const names = [
    ["alicloud:clientConnectTimeout", "connectTimeoutMs"],
    ["alicloud:clientReadTimeout", "readTimeoutMs"],
    ["alicloud:maxRetryTimeout", "maxRetryTimeoutMs"],
  ] as const;

  test.each(
    names.flatMap(([key, field]) =>
      ["-1", "soon", "1.5", "1e3", "0x10", "Infinity", "NaN"].map((text) => [key, text, field] as const),
    ),
  )("%s %s is a problem that names the key and what was found", (key, text, field) => {
    const settings = settingsOf({ [key]: text });
    expect(keysOf(settings)).toEqual([key]);
    expect(textOf(settings)).toContain(text);
    expect(settings[field]).toBe(settingsOf({})[field]);
  });

  test("end where Node's timers end, and the message names the unit and the limit", () => {
    const readTimeout = (text: string) => settingsOf({ "alicloud:clientReadTimeout": text });
    expect(readTimeout("2000000")).toMatchObject({ problems: [], readTimeoutMs: 2_000_000 });
    expect(textOf(readTimeout("2000001"))).toBe(
      'alicloud:clientReadTimeout is "2000001"; give a whole number of milliseconds, at most 2,000,000.',
    );
  });
});

describe("a value that cannot be used", () => {
  test("is quoted if it is too short for a secret", () => {
    const protocol = (text: string) => textOf(settingsOf({ "alicloud:protocol": text }));
    expect(protocol("twelve-chars")).toContain('is "twelve-chars"; give https or http (default: https).');
    expect(protocol("thirteen-char")).toContain("is something else; give");
  });

  test.each(["5", '"text"', "null", "[]", '[{"roleArn":"a"},{"roleArn":"b"}]', "{"])(
    "alicloud:assumeRole %s, which is no object, is a problem that says how to set the fields",
    (text) => {
      const settings = settingsOf({ "alicloud:assumeRole": text });
      expect(settings.problems).toEqual([
        {
          key: "alicloud:assumeRole",
          reason:
            "is not an object; set its fields with pulumi config set --path 'alicloud:assumeRole.<field>' ….",
        },
      ]);
    },
  );
});

test("white space around a value is not part of it, from the stack or the environment", () => {
  expect(settingsOf({ "alicloud:region": " cn-beijing\n" }).region).toBe("cn-beijing");
  expect(settingsOf({}, { ALICLOUD_REGION: " cn-beijing\n" }).region).toBe("cn-beijing");
});

test("values that are no texts, as explicit providers of older stacks have them, are read", () => {
  const given: Record<string, unknown> = {
    "alicloud:maxRetryTimeout": 60,
    "alicloud:skipRegionValidation": true,
    "alicloud:protocol": null,
  };
  expect(readSettings((key) => given[key] as string | undefined, {})).toMatchObject({
    maxRetryTimeoutMs: 60_000,
    skipRegionValidation: true,
    endpoint: { protocol: "https" },
    problems: [],
  });
});

test("all problems are reported at once", () => {
  const settings = settingsOf({
    "alicloud:accessKey": "LTAIhalf",
    "alicloud:endpoints": "nonsense",
    "alicloud:protocol": "ftp",
    "alicloud:clientReadTimeout": "soon",
    "alicloud:clientConnectTimeout": "-1",
  });
  expect(keysOf(settings).sort()).toEqual([
    "alicloud:clientConnectTimeout",
    "alicloud:clientReadTimeout",
    "alicloud:endpoints",
    "alicloud:protocol",
    "alicloud:secretKey",
  ]);
});

test("a credentials URI that is no URL is a problem that names where it is set, without its text", () => {
  const reason = "is not an http:// or https:// URL; give the URL that returns credentials.";
  for (const text of ["vault.example/secret-path", "xhttp://vault/secret-path", "http://"]) {
    expect(settingsOf({ "alicloud:credentialsUri": text }).problems).toEqual([
      { key: "alicloud:credentialsUri", reason },
    ]);
    expect(settingsOf({}, { ALICLOUD_CREDENTIALS_URI: text }).problems).toEqual([
      { key: "environment variable ALICLOUD_CREDENTIALS_URI", reason },
    ]);
  }
});

test.each(["900x", "x900", "899", "9e2", "-900"])("a sessionExpiration of %s is a problem", (text) => {
  const role = JSON.stringify({ roleArn: "acs:ram::1:role/r", sessionExpiration: text });
  expect(textOf(settingsOf({ "alicloud:assumeRole": role }))).toBe(
    `alicloud:assumeRole has a sessionExpiration of "${text}"; give a number of seconds, at least 900.`,
  );
});

test("every missing field of a role is reported at once, and an expiration below 900 s", () => {
  const settings = settingsOf({
    "alicloud:assumeRole": '{"sessionExpiration":60}',
    "alicloud:assumeRoleWithOidc": '{"roleArn":"acs:ram::1:role/ci"}',
  });
  expect(textOf(settings)).toMatch(/alicloud:assumeRole has no roleArn/);
  expect(textOf(settings)).toMatch(/alicloud:assumeRole has a sessionExpiration of "60"/);
  expect(textOf(settings)).toMatch(/alicloud:assumeRoleWithOidc has no oidcProviderArn/);
  expect(textOf(settings)).toContain(
    "alicloud:assumeRoleWithOidc has no oidcTokenFile and no oidcToken, one of which is required; set it with " +
      "pulumi config set --path 'alicloud:assumeRoleWithOidc.oidcTokenFile' ….",
  );
  expect(settings.credentials.description).not.toContain("the role");
});

describe("profile", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hpc-config-"));
  const file = path.join(folder, "config.json");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const profiles = {
    current: "default",
    profiles: [
      { name: "default", mode: "AK", access_key_id: "LTAIdefault", access_key_secret: "secret-default" },
      {
        name: "work",
        mode: "AK",
        access_key_id: "LTAIwork",
        access_key_secret: "secret-work",
        region_id: "eu-central-1",
      },
    ],
  };
  const ofProfile = (content: string, environment: Environment = {}): Settings => {
    writeFileSync(file, content);
    return settingsOf({ "alicloud:profile": "work", "alicloud:sharedCredentialsFile": file }, environment);
  };

  test("gives the keys, and the region if no other is set", async () => {
    const settings = ofProfile(JSON.stringify(profiles));
    expect(settings.problems).toEqual([]);
    expect(settings.region).toBe("eu-central-1");
    expect(settings.credentials.description).toBe(`the profile "work" (alicloud:profile) of ${file}`);
    await expect(settings.credentials.load(systemClock)).resolves.toMatchObject({
      accessKeyId: "LTAIwork",
      accessKeySecret: "secret-work",
    });
    expect(ofProfile(JSON.stringify(profiles), { ALICLOUD_REGION: "cn-beijing" }).region).toBe("cn-beijing");
  });

  test.each([
    ["is cut off", JSON.stringify(profiles).slice(0, -2)],
    ["has no profiles", JSON.stringify({ access_key_secret: "secret-work" })],
    ["has no such profile", JSON.stringify({ profiles: profiles.profiles.slice(0, 1) })],
  ])("in a file that %s is a problem, without the file's secrets", (_, content) => {
    const settings = ofProfile(content);
    expect(keysOf(settings)).toEqual(["alicloud:profile"]);
    expect(textOf(settings)).toContain(file);
    expect(textOf(settings)).not.toMatch(/secret-|LTAI/);
  });

  test("in a missing file is a problem", () => {
    const settings = settingsOf(
      { "alicloud:sharedCredentialsFile": path.join(folder, "absent.json") },
      { ALICLOUD_PROFILE: "work" },
    );
    expect(settings.problems).toHaveLength(1);
    expect(textOf(settings)).toMatch(/ALICLOUD_PROFILE.*absent\.json.*ENOENT/s);
  });
});
