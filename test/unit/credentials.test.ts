import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  explicitProvider,
  pluginConfiguration,
  stackConfiguration,
} from "../../provider/account/configurationSource.ts";
import { noneFound, unavailable } from "../../provider/account/credentials/credentialErrors.ts";
import { readSettings } from "../../provider/account/settings.ts";
import { systemClock } from "../../provider/ecs/clock.ts";
import type { CredentialSource } from "../../provider/ecs/http/credentialSource.ts";
import { type Answer, type Asked, startCredentialsUri, startSts } from "../e2e/account/credentialServers.ts";
import { startForwardProxy } from "../e2e/account/forwardProxy.ts";
import { selfSignedCertificate } from "../e2e/account/selfSignedCertificate.ts";
import { signV1 } from "../../emulator/signature.ts";
import { hideDeveloperSettings } from "./developerSettings.ts";
import { failureOf } from "./failureOf.ts";

// As Node's `import()` of a CommonJS module: Vitest would replace the exports by its own default export.
vi.mock("@alicloud/credentials", async () => {
  const { createRequire } = await import("node:module");
  const exports: unknown = createRequire(import.meta.url)("@alicloud/credentials");
  return { default: exports };
});

const folder = mkdtempSync(path.join(tmpdir(), "hpc-credentials-"));
const certificate = selfSignedCertificate("sts.cn-beijing.aliyuncs.com");
const trusted = tls.getCACertificates("default");
beforeAll(() => tls.setDefaultCACertificates([...trusted, certificate.cert]));
afterAll(() => {
  tls.setDefaultCACertificates(trusted);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  hideDeveloperSettings();
  vi.stubEnv("HOME", folder);
  vi.stubEnv("USERPROFILE", folder);
  // Its last member, the metadata of an ECS instance, is not available here.
  vi.stubEnv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The credential source of a stack configuration; keys without `alicloud:`. */
function sourceOf(
  configuration: Record<string, unknown>,
  environment: Record<string, string> = {},
): CredentialSource {
  const texts = new Map(
    Object.entries(configuration).map(([key, value]) => [
      `alicloud:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const settings = readSettings((key) => texts.get(key), environment);
  expect(settings.problems).toEqual([]);
  return settings.credentials;
}

const messageOf = async (call: Promise<unknown>): Promise<string> => (await failureOf(call)).message;

const soon = () => Date.now() + 10 * 60_000; // too old at once: @alicloud/credentials renews 15 minutes before the end
const later = () => Date.now() + 60 * 60_000;
const temporary = (number: number) => ({
  accessKeyId: `STS.NT${number}`,
  accessKeySecret: `secret-${number}`,
  securityToken: `token-${number}`,
});
/** Returns new credentials each time, with a number. */
function counting(expiresAt: () => number): (asked: Asked) => Answer {
  let number = 0;
  return () => ({ key: temporary((number += 1)), expiresAt: expiresAt() });
}

const own = { accessKey: "LTAIown", secretKey: "secret-own" };
const roleArn = "acs:ram::1000000000000001:role/renderer";

describe("a role", () => {
  test("is assumed by the documented request, signed with the own key", async () => {
    await using sts = await startSts(certificate, counting(later));
    const source = sourceOf({
      ...own,
      endpoints: [{ sts: sts.host }],
      assumeRole: {
        roleArn,
        policy: '{"Version":"1","Statement":[]}',
        sessionName: "nightly",
        sessionExpiration: 900,
        externalId: "external-id",
      },
    });
    expect(source.description).toBe(
      `the role ${roleArn} (alicloud:assumeRole), assumed with alicloud:accessKey and alicloud:secretKey`,
    );
    expect(sts.asked).toEqual([]);
    await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
    const [request, ...others] = sts.asked;
    expect(others).toEqual([]);
    expect(request?.method).toBe("POST");
    expect(request?.params).toEqual({
      Action: "AssumeRole",
      Version: "2015-04-01",
      Format: "JSON",
      AccessKeyId: "LTAIown",
      SignatureMethod: "HMAC-SHA1",
      SignatureVersion: "1.0",
      SignatureNonce: expect.stringMatching(/./),
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      Signature: signV1("POST", request?.params ?? {}, own.secretKey),
      RoleArn: roleArn,
      Policy: '{"Version":"1","Statement":[]}',
      RoleSessionName: "nightly",
      DurationSeconds: "900",
      ExternalId: "external-id",
    });
  });

  test("needs only its ARN; a list of one object, as in the Terraform provider, is accepted", async () => {
    await using sts = await startSts(certificate, counting(later));
    const endpoints = [{ sts: sts.host }];
    await sourceOf({ ...own, endpoints, assumeRole: [{ roleArn }] }).load(systemClock);
    const { params } = sts.asked[0]!;
    expect(params).toMatchObject({ RoleArn: roleArn, DurationSeconds: "3600" });
    expect(params["RoleSessionName"]).toMatch(/./);
    expect(params).not.toHaveProperty("Policy");
    expect(params).not.toHaveProperty("ExternalId");
  });

  test("may be assumed with a temporary key and its token", async () => {
    await using sts = await startSts(certificate, counting(later));
    const endpoints = [{ sts: sts.host }];
    await sourceOf({
      ...own,
      securityToken: "token-own",
      endpoints,
      assumeRole: { roleArn },
    }).load(systemClock);
    expect(sts.asked[0]?.params).toMatchObject({ AccessKeyId: "LTAIown", SecurityToken: "token-own" });
  });

  test("may be assumed with a profile, whatever its name", async () => {
    const file = path.join(folder, "配置.json");
    const profile = {
      name: "渲染",
      mode: "AK",
      access_key_id: own.accessKey,
      access_key_secret: own.secretKey,
    };
    writeFileSync(file, JSON.stringify({ current: "渲染", profiles: [profile] }));
    await using sts = await startSts(certificate, counting(later));
    const source = sourceOf({
      profile: "渲染",
      sharedCredentialsFile: file,
      endpoints: [{ sts: sts.host }],
      assumeRole: { roleArn },
    });
    await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
    expect(sts.asked[0]?.params).toMatchObject({ AccessKeyId: "LTAIown" });
    // No path of this machine is sent.
    expect(JSON.stringify(sts.asked[0]?.headers)).not.toContain("json");
  });

  test("accepts a URL as its STS endpoint, and calls it with HTTPS", async () => {
    await using sts = await startSts(certificate, counting(later));
    for (const [at, url] of [`HTTPS://${sts.host}/`, `http://${sts.host}//`, sts.host].entries()) {
      const source = sourceOf({ ...own, endpoints: [{ sts: url }], assumeRole: { roleArn } });
      await expect(source.load(systemClock)).resolves.toEqual(temporary(at + 1));
    }
    expect(sts.asked[0]?.params).not.toHaveProperty("ExternalId");
  });

  test("is assumed with STS of the configured region, through the proxy", async () => {
    await using sts = await startSts(certificate, counting(later));
    await using proxy = await startForwardProxy(() => sts.host);
    const source = sourceOf(
      { ...own, region: "cn-beijing", assumeRole: { roleArn } },
      { HTTPS_PROXY: proxy.url },
    );
    await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
    expect(proxy.asked).toEqual(["CONNECT sts.cn-beijing.aliyuncs.com:443"]);
  });

  test("that STS refuses is an error with the code, the role and the source of its credentials, and no secret", async () => {
    await using sts = await startSts(certificate, () => ({
      status: 404,
      code: "EntityNotExist.Role",
      message: "The role not exists: renderer, asked by LTAIown with secret-own.",
    }));
    const source = sourceOf({ ...own, endpoints: [{ sts: sts.host }], assumeRole: { roleArn } });
    const message = await messageOf(source.load(systemClock));
    expect(message).toContain("EntityNotExist.Role");
    expect(message).toContain(source.description);
    expect(message).not.toMatch(/LTAIown|secret-own/);
  });
});

test("a role with an OIDC token: the documented request, and the file is read again for each renewal", async () => {
  const oidcTokenFile = path.join(folder, "oidc-token");
  writeFileSync(oidcTokenFile, "first-oidc-token");
  await using sts = await startSts(certificate, counting(soon));
  const oidcProviderArn = "acs:ram::1000000000000001:oidc-provider/ci";
  const source = sourceOf({
    // The role has precedence over the keys.
    ...own,
    endpoints: [{ sts: sts.host }],
    assumeRoleWithOidc: {
      roleArn,
      oidcProviderArn,
      oidcTokenFile,
      roleSessionName: "ci",
      sessionExpiration: 1_000,
    },
  });
  expect(source.description).toBe(`the role ${roleArn} (alicloud:assumeRoleWithOidc)`);
  await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
  expect(sts.asked[0]?.params).toEqual({
    Action: "AssumeRoleWithOIDC",
    Version: "2015-04-01",
    Format: "JSON",
    Timestamp: expect.any(String),
    RoleArn: roleArn,
    OIDCProviderArn: oidcProviderArn,
    OIDCToken: "first-oidc-token",
    RoleSessionName: "ci",
    DurationSeconds: "1000",
  });
  writeFileSync(oidcTokenFile, "second-oidc-token");
  await expect(source.load(systemClock)).resolves.toEqual(temporary(2));
  expect(sts.asked[1]?.params["OIDCToken"]).toBe("second-oidc-token");

  rmSync(oidcTokenFile);
  const lost = sourceOf({ assumeRoleWithOidc: { roleArn, oidcProviderArn, oidcTokenFile } });
  expect(await messageOf(lost.load(systemClock))).toMatch(/alicloud:assumeRoleWithOidc\).*ENOENT/);
});

test("a role with the OIDC token itself, which comes before a file", async () => {
  await using sts = await startSts(certificate, counting(later));
  const assumeRoleWithOidc = {
    roleArn,
    oidcProviderArn: "acs:ram::1000000000000001:oidc-provider/ci",
    oidcToken: "given-oidc-token",
  };
  const oidcTokenFile = path.join(folder, "oidc-token-of-file");
  writeFileSync(oidcTokenFile, "other-oidc-token");
  for (const given of [assumeRoleWithOidc, { ...assumeRoleWithOidc, oidcTokenFile }]) {
    await sourceOf({ endpoints: [{ sts: sts.host }], assumeRoleWithOidc: given }).load(systemClock);
    expect(sts.asked.at(-1)?.params).toMatchObject({
      Action: "AssumeRoleWithOIDC",
      OIDCToken: "given-oidc-token",
      RoleArn: roleArn,
    });
  }
});

describe("a role's missing fields come from the environment", () => {
  const role = {
    ALICLOUD_ASSUME_ROLE_ARN: "acs:ram::1:role/first",
    ALIBABA_CLOUD_ROLE_ARN: "acs:ram::1:role/second",
    ALICLOUD_ASSUME_ROLE_SESSION_NAME: "first",
    ALIBABA_CLOUD_ROLE_SESSION_NAME: "second",
    ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION: "1000",
  };
  const oidcTokenFile = path.join(folder, "oidc-token-of-environment");
  const oidc = {
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1:oidc-provider/ci",
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: oidcTokenFile,
    ALIBABA_CLOUD_OIDC_TOKEN: "token-of-environment",
  };

  /** What STS, also from the environment, is asked for. */
  async function askedFor(configuration: Record<string, unknown>, environment: Record<string, string>) {
    await using sts = await startSts(certificate, counting(later));
    const source = sourceOf(configuration, {
      ...environment,
      ALIBABA_CLOUD_ENDPOINT_STS: `https://${sts.host}`,
    });
    await source.load(systemClock);
    return { description: source.description, ...sts.asked[0]?.params };
  }

  test("if assumeRole is there, as in the Terraform provider, each by itself", async () => {
    expect(await askedFor({ ...own, assumeRole: {} }, role)).toMatchObject({
      RoleArn: "acs:ram::1:role/first",
      RoleSessionName: "first",
      DurationSeconds: "1000",
    });
    const given = { roleArn: "acs:ram::1:role/given", sessionExpiration: 2_000 };
    expect(await askedFor({ ...own, assumeRole: given }, role)).toMatchObject({
      RoleArn: "acs:ram::1:role/given",
      RoleSessionName: "first",
      DurationSeconds: "2000",
    });
    const { ALICLOUD_ASSUME_ROLE_ARN: _, ALICLOUD_ASSUME_ROLE_SESSION_NAME: __, ...second } = role;
    expect(await askedFor({ ...own, assumeRole: {} }, second)).toMatchObject({
      RoleArn: "acs:ram::1:role/second",
      RoleSessionName: "second",
    });
  });

  test("and if it is not there, no role is assumed", async () => {
    expect(await askedFor(own, role)).toEqual({ description: "alicloud:accessKey and alicloud:secretKey" });
  });

  test("and so do those of assumeRoleWithOidc", async () => {
    writeFileSync(oidcTokenFile, "token-of-file");
    const fields = {
      RoleArn: "acs:ram::1:role/second",
      RoleSessionName: "second",
      OIDCProviderArn: "acs:ram::1:oidc-provider/ci",
    };
    expect(await askedFor({ assumeRoleWithOidc: {} }, { ...role, ...oidc })).toMatchObject({
      ...fields,
      OIDCToken: "token-of-environment",
    });
    // Without the key they are a member of the default chain: a pipeline needs nothing else.
    expect(await askedFor({}, { ...role, ...oidc })).toMatchObject({
      ...fields,
      OIDCToken: "token-of-environment",
      description:
        "the role acs:ram::1:role/second (environment variables ALIBABA_CLOUD_ROLE_ARN, " +
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN)",
    });
    const { ALIBABA_CLOUD_OIDC_TOKEN: _, ...withFile } = oidc;
    expect(await askedFor({}, { ...role, ...withFile })).toMatchObject({
      ...fields,
      OIDCToken: "token-of-file",
    });
  });
});

describe("a credentials URI", () => {
  test("is requested once while its credentials last, also by many calls at once", async () => {
    await using uri = await startCredentialsUri(counting(later));
    const source = sourceOf({ credentialsUri: `http://${uri.host}/vault` });
    expect(uri.asked).toEqual([]);
    const all = await Promise.all(Array.from({ length: 20 }, () => source.load(systemClock)));
    expect(new Set(all.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(["STS.NT1"]));
    await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
    expect(uri.asked).toMatchObject([{ method: "GET", path: "/vault" }]);
  });

  test("is requested again shortly before its credentials expire", async () => {
    await using uri = await startCredentialsUri(counting(soon));
    const source = sourceOf({ credentialsUri: `http://${uri.host}/` });
    await expect(source.load(systemClock)).resolves.toEqual(temporary(1));
    await expect(source.load(systemClock)).resolves.toEqual(temporary(2));
  });

  test("that fails is requested again by the next call", async () => {
    let isDown = true;
    await using uri = await startCredentialsUri(() =>
      isDown ? { status: 503, page: "<h1>down</h1>" } : { key: temporary(7), expiresAt: later() },
    );
    const source = sourceOf({ credentialsUri: `http://${uri.host}/` });
    expect(await messageOf(source.load(systemClock))).toMatch(/the URI in alicloud:credentialsUri: HTTP 503/);
    isDown = false;
    await expect(source.load(systemClock)).resolves.toEqual(temporary(7));
  });

  test.each<[string, () => Answer]>([
    ["a page", () => ({ status: 200, page: "<html>secret-of-the-vault</html>" })],
    [
      "half of the credentials",
      () => ({ key: { ...temporary(1), accessKeySecret: "" }, expiresAt: later() }),
    ],
    ["an error", () => ({ status: 403, code: "Denied", message: "secret-of-the-vault" })],
  ])("that returns %s is an error without the answer", async (_, answer) => {
    await using uri = await startCredentialsUri(answer);
    const source = sourceOf({ credentialsUri: `http://${uri.host}/?key=secret-of-the-uri` });
    const message = await messageOf(source.load(systemClock));
    expect(message).toMatch(
      /There are no credentials from the URI in alicloud:credentialsUri: .+ Check that setting/,
    );
    expect(message).not.toMatch(/secret-|token-1|STS\.NT1/);
  });

  test("that cannot be connected to is an error that says so", async () => {
    expect(await messageOf(sourceOf({ credentialsUri: "http://127.0.0.1:1/" }).load(systemClock))).toContain(
      "ECONNREFUSED",
    );
  });
});

describe("an error of the vendor's library gives its code and status, and none of its text:", () => {
  test.each<[unknown, string]>([
    [
      new Error('httpStatus: 403, result: {"Code":"NoPermission","Message":"secret"}'),
      "NoPermission, HTTP 403",
    ],
    [new Error("httpStatus: 503, secret"), "HTTP 503"],
    [new Error('"Code": "NoPermission", secret'), "NoPermission"],
    [Object.assign(new Error("secret"), { code: "ECONNRESET" }), "ECONNRESET"],
    [Object.assign(new Error("secret"), { code: 5 }), "they cannot be read"],
    [new Error("ReadTimeout(secret)"), "the request timed out"],
    [{ message: 5 }, "they cannot be read"],
    [{}, "they cannot be read"],
  ])("%o", (cause, reason) => {
    expect(unavailable("a place", cause).message).toBe(
      `There are no credentials from a place: ${reason}. Check that setting.`,
    );
    const none = noneFound("Set some.", ["here"], [cause, cause]);
    expect(none.name).toBe("CredentialsError");
    expect(none.message).toBe(
      "No Alibaba Cloud credentials were found. Set some. Searched:\n  - here\n" +
        `  - ~/.alibabacloud/credentials: ${reason}\n  - the RAM role of this ECS instance: ${reason}`,
    );
  });
});

describe("a profile of the CLI", () => {
  /** A configuration file with these profiles. */
  const profileOf = (name: string, ...profiles: Record<string, unknown>[]) => {
    const file = path.join(folder, "config.json");
    writeFileSync(file, JSON.stringify({ current: "other", profiles }));
    return { profile: name, sharedCredentialsFile: file };
  };
  const key = { access_key_id: "LTAIprofile", access_key_secret: "secret-profile" };

  test("with a key, or with a temporary one", async () => {
    await expect(
      sourceOf(profileOf("work", { name: "work", mode: "AK", ...key })).load(systemClock),
    ).resolves.toMatchObject({ accessKeyId: "LTAIprofile", accessKeySecret: "secret-profile" });
    await expect(
      sourceOf(profileOf("sts", { name: "sts", mode: "StsToken", ...key, sts_token: "token-profile" })).load(
        systemClock,
      ),
    ).resolves.toEqual({
      accessKeyId: "LTAIprofile",
      accessKeySecret: "secret-profile",
      securityToken: "token-profile",
    });
  });

  test("with a role, assumed at the profile's endpoint", async () => {
    await using sts = await startSts(certificate, counting(later));
    const role = {
      ram_role_arn: roleArn,
      ram_session_name: "cli",
      expired_seconds: 900,
      sts_endpoint: sts.host,
    };
    const configured = profileOf("role", { name: "role", mode: "RamRoleArn", ...key, ...role });
    await expect(sourceOf(configured).load(systemClock)).resolves.toEqual(temporary(1));
    expect(sts.asked[0]?.params).toMatchObject({
      RoleArn: roleArn,
      RoleSessionName: "cli",
      DurationSeconds: "900",
      AccessKeyId: "LTAIprofile",
    });
  });

  test("with a role, assumed with STS of the profile's region", async () => {
    await using sts = await startSts(certificate, counting(later));
    await using proxy = await startForwardProxy(() => sts.host);
    const role = { ram_role_arn: roleArn, sts_region: "cn-beijing" };
    const configured = profileOf("role", { name: "role", mode: "RamRoleArn", ...key, ...role });
    const source = sourceOf({ ...configured, region: "eu-central-1" }, { HTTPS_PROXY: proxy.url });
    await source.load(systemClock);
    expect(proxy.asked).toEqual(["CONNECT sts.cn-beijing.aliyuncs.com:443"]);
  });
});

test("a role of the environment that lacks something is named with what it lacks", async () => {
  const [role, provider] = ["acs:ram::1:role/ci", "acs:ram::1:oidc-provider/ci"];
  const given = { ALIBABA_CLOUD_ROLE_ARN: role, ALIBABA_CLOUD_OIDC_PROVIDER_ARN: provider };
  expect(await messageOf(sourceOf({}, given).load(systemClock))).toContain(
    "a role with an OIDC token: ALIBABA_CLOUD_OIDC_TOKEN or ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set",
  );
  const needed = { ...given, ALIBABA_CLOUD_OIDC_TOKEN: "secret-token" };
  for (const missing of Object.keys(given)) {
    expect(await messageOf(sourceOf({}, { ...needed, [missing]: "" }).load(systemClock))).toContain(
      `a role with an OIDC token: ${missing} is not set`,
    );
  }
  expect(sourceOf({}, needed).description).toMatch(/^the role acs:ram::1:role\/ci \(environment variables /);
  const token = { ALIBABA_CLOUD_OIDC_TOKEN: "secret-token" };
  const message = await messageOf(sourceOf({}, token).load(systemClock));
  expect(message).toContain("ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_PROVIDER_ARN are not set");
  expect(message).not.toContain("secret-token");
});

describe("messages name the keys as the user sets them:", () => {
  const inPrograms =
    " The stack's `alicloud:*` counts only for what a TypeScript or JavaScript program declares, not for `pulumi import`.";
  const keysOfStack = (namespace: string) =>
    `Set them with \`pulumi config set --secret ${namespace}:accessKey …\` and ` +
    `\`pulumi config set --secret ${namespace}:secretKey …\`, or in the environment.`;
  const regionOfStack = (namespace: string) =>
    "regionId is required; give one (e.g. cn-hangzhou), or set a region for the whole stack: " +
    `pulumi config set ${namespace}:region cn-hangzhou (environment: ALICLOUD_REGION).`;

  test.each([
    {
      source: stackConfiguration("alicloud"),
      missingCredentials: keysOfStack("alicloud"),
      missingRegion: regionOfStack("alicloud"),
      searched: "stack configuration alicloud:accessKey and alicloud:secretKey",
      alsoSearched: "stack configuration alicloud:profile, alicloud:ecsRoleName and alicloud:credentialsUri",
      half: "(pulumi config set --secret alicloud:secretKey …, or the environment variable",
    },
    {
      source: pluginConfiguration("alicloud-hpc"),
      missingCredentials: keysOfStack("alicloud-hpc") + inPrograms,
      missingRegion: regionOfStack("alicloud-hpc") + inPrograms,
      searched: "stack configuration alicloud-hpc:accessKey and alicloud-hpc:secretKey",
      alsoSearched:
        "stack configuration alicloud-hpc:profile, alicloud-hpc:ecsRoleName and alicloud-hpc:credentialsUri",
      half: "(pulumi config set --secret alicloud-hpc:secretKey …, or the environment variable",
    },
    {
      source: explicitProvider("alicloud"),
      missingCredentials:
        "This is an explicit Provider, which does not read the stack's configuration. Give it `accessKey` and `secretKey` " +
        '(e.g. accessKey: new pulumi.Config("alicloud").requireSecret("accessKey")), a `profile` or other credentials, ' +
        "or set them in the environment.",
      missingRegion:
        "regionId is required; give one (e.g. cn-hangzhou), or give the Provider a `region`: an explicit Provider does not " +
        "read the stack's configuration (environment: ALICLOUD_REGION).",
      searched: "the Provider's accessKey and secretKey",
      alsoSearched: "the Provider's profile, ecsRoleName and credentialsUri",
      half: "(give the Provider `secretKey`, or the environment variable",
    },
  ])("$searched", async ({ source, missingCredentials, missingRegion, searched, alsoSearched, half }) => {
    expect(source.missingRegion).toBe(missingRegion);
    const nothing = readSettings(() => undefined, {}, source);
    const message = await messageOf(nothing.credentials.load(systemClock));
    expect(message).toContain(`No Alibaba Cloud credentials were found. ${missingCredentials} Searched:`);
    expect(message).toContain(`- ${searched}\n`);
    expect(message).toContain(`- ${alsoSearched}, and their environment variables\n`);
    const halfAKey = readSettings(
      (key) => (key === "alicloud:accessKey" ? "LTAIhalf" : undefined),
      {},
      source,
    );
    expect(halfAKey.problems[0]!.reason).toContain(half);
  });
});

// In a thread, as in `npm run test:mutation`, the vendor's library does not see another home folder.
test.runIf(isMainThread)(
  "without any setting the whole default chain is searched, also again after a failure",
  async () => {
    const source = sourceOf({});
    const message = await messageOf(source.load(systemClock));
    for (const place of [
      "alicloud:accessKey",
      "ALICLOUD_ACCESS_KEY",
      "ALIBABA_CLOUD_ROLE_ARN",
      "~/.aliyun/config.json",
      "~/.alibabacloud/credentials: ENOENT",
      "the RAM role of this ECS instance",
    ]) {
      expect(message).toContain(place);
    }
    mkdirSync(path.join(folder, ".alibabacloud"));
    writeFileSync(
      path.join(folder, ".alibabacloud", "credentials"),
      "[default]\ntype = access_key\naccess_key_id = LTAIchain\naccess_key_secret = secret-chain\n",
    );
    await expect(source.load(systemClock)).resolves.toMatchObject({ accessKeyId: "LTAIchain" });
  },
);
