import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ComponentResource, output, ProviderResource, runtime } from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import { readSettings } from "../../provider/account/settings.ts";
import { Provider, type ProviderArgs, configurationOfProvider } from "../../provider/program/provider.ts";
import { valueOf } from "./valueOf.ts";

/** What was registered: the provider's type and inputs. */
let registered: { type: string; inputs: Record<string, unknown> }[];
beforeEach(async () => {
  registered = [];
  await runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, inputs: inputs as Record<string, unknown> });
      return { id: name, state: {} };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
});

/** The configuration of a provider with these arguments, as its lookups see it. */
function configurationOf(args?: ProviderArgs): Promise<Record<string, string | undefined>> {
  const configuration = configurationOfProvider(new Provider("studio", args));
  if (configuration === undefined) {
    throw new Error("The provider has no configuration.");
  }
  return valueOf(configuration);
}

const everyArgument: Required<ProviderArgs> = {
  accessKey: "LTAIone",
  secretKey: "secret-one",
  securityToken: "token-one",
  region: "cn-beijing",
  profile: "",
  sharedCredentialsFile: "~/config.json",
  ecsRoleName: "instance-role",
  credentialsUri: "http://127.0.0.1/credentials",
  assumeRole: {
    roleArn: "acs:ram::1:role/renderer",
    policy: "{}",
    sessionName: "nightly",
    sessionExpiration: 900,
    externalId: "external",
  },
  assumeRoleWithOidc: {
    roleArn: "acs:ram::1:role/oidc",
    oidcProviderArn: "acs:ram::1:oidc-provider/ci",
    oidcTokenFile: "/token",
    roleSessionName: "ci",
    sessionExpiration: 1_200,
    policy: "{}",
  },
  endpoints: [{ ecs: "ecs.example.com" }, { sts: "sts.example.com" }],
  protocol: "HTTP",
  skipRegionValidation: true,
  clientReadTimeout: 1_000,
  clientConnectTimeout: 2_000,
  maxRetryTimeout: 3,
};

test("registers a provider of Pulumi's dynamic resources, with the keys of the stack configuration as texts", async () => {
  const provider = new Provider("studio", everyArgument);
  await valueOf(provider.urn);
  expect(registered.map(({ type }) => type)).toEqual(["pulumi:providers:pulumi-nodejs"]);
  const inputs = registered[0]?.inputs ?? {};
  // Beside the mark of an explicit provider.
  expect(
    Object.keys(inputs)
      .filter((key) => !key.startsWith("__"))
      .sort(),
  ).toEqual(
    Object.keys(everyArgument)
      .map((key) => `alicloud:${key}`)
      .sort(),
  );
});

test("every argument is read as the setting of the same name", async () => {
  const configuration = await configurationOf(everyArgument);
  const settings = readSettings((key) => configuration[key], {});
  expect(settings.problems).toEqual([]);
  expect(settings).toMatchObject({
    region: "cn-beijing",
    endpoint: { override: "ecs.example.com", protocol: "http" },
    skipRegionValidation: true,
    connectTimeoutMs: 2_000,
    readTimeoutMs: 1_000,
    maxRetryTimeoutMs: 3_000,
    credentials: { description: "the role acs:ram::1:role/oidc (alicloud:assumeRoleWithOidc)" },
  });
  const withoutOidc = await configurationOf({ ...everyArgument, assumeRoleWithOidc: undefined });
  expect(readSettings((key) => withoutOidc[key], {}).credentials.description).toBe(
    "the role acs:ram::1:role/renderer (alicloud:assumeRole), assumed with alicloud:accessKey and alicloud:secretKey",
  );
  const texts = Object.entries(everyArgument).map(([key, value]) => [
    `alicloud:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  expect(configuration).toMatchObject(Object.fromEntries(texts));
});

test("an argument that is undefined, also in an output, is left to the environment", async () => {
  expect(await configurationOf()).toEqual({});
  expect(await configurationOf({ region: undefined, profile: output(undefined) })).toEqual({});
  expect(await configurationOf({ skipRegionValidation: false, clientReadTimeout: 0 })).toEqual({
    "alicloud:skipRegionValidation": "false",
    "alicloud:clientReadTimeout": "0",
  });
});

test("a structured argument may contain outputs", async () => {
  const configuration = await configurationOf({
    assumeRole: { roleArn: output("acs:ram::1:role/renderer"), sessionExpiration: output(900) },
    endpoints: [output({ ecs: output("ecs.example.com") })],
  });
  expect(configuration).toEqual({
    "alicloud:assumeRole": '{"roleArn":"acs:ram::1:role/renderer","sessionExpiration":900}',
    "alicloud:endpoints": '[{"ecs":"ecs.example.com"}]',
  });
});

test.each([
  ["acessKey", "accessKey"],
  ["regionId", "region"],
  ["assumerole", "assumeRole"],
  ["credentialsURI", "credentialsUri"],
])("a misspelt argument, %s, is an error that names the real one, and not the value", (misspelt, real) => {
  const construct = () => new Provider("studio", { [misspelt]: "perhaps-a-secret" });
  expect(construct).toThrow(`Provider "studio": "${misspelt}" is not an argument; did you mean "${real}"?`);
  expect(registered).toEqual([]);
});

test("accepts the arguments of @pulumi/alicloud's provider", async () => {
  const declarations = readFileSync(
    createRequire(import.meta.url).resolve("@pulumi/alicloud/provider.d.ts"),
    "utf8",
  );
  const theirs = declarations.slice(declarations.indexOf("interface ProviderArgs"));
  const names = [...theirs.matchAll(/^ {4}(\w+)\?:/gm)].map((match) => match[1]!);
  expect(names).toEqual(expect.arrayContaining(["accountType", "region", "signVersion"]));
  expect(await configurationOf(Object.fromEntries(names.map((name) => [name, undefined])))).toEqual({});
});

test("the arguments are not changed", async () => {
  const args = Object.freeze({
    region: "cn-beijing",
    endpoints: Object.freeze([{ ecs: "ecs.example.com" }]) as { ecs: string }[],
  });
  await configurationOf(args);
  expect(args).toEqual({ region: "cn-beijing", endpoints: [{ ecs: "ecs.example.com" }] });
});

test("a provider of another kind has no configuration for lookups", () => {
  class Other extends ProviderResource {}
  expect(configurationOfProvider(new Other("pulumi-nodejs", "other", {}))).toBeUndefined();
});

test("a component passes the provider on to its clusters", () => {
  const provider = new Provider("studio", { region: "cn-beijing" });
  const parent = new ComponentResource("test:Site", "site", {}, { providers: [provider] });
  expect(parent.getProvider("pulumi-nodejs:dynamic/alicloud:HpcCluster")).toBe(provider);
});
