/** Keys from every source, and every kind of failure: no key appears in anything that is printed or stored. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { secret } from "@pulumi/pulumi";
import type { ProviderArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { hosts, pluginHost } from "../e2e/hosts.ts";
import { startEmulator, type AccessKey, type Emulator, type FaultRule } from "../../emulator/emulator.ts";
import { openRequestLog } from "../../emulator/requestLog.ts";
import { runCli } from "../engine/cli.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { TestStack, Transcript } from "../engine/stack.ts";

/** A key with characters that a URL encodes. */
const keyOf = (source: string) =>
  ({
    accessKeyId: `STS.N${source}KeyId+/0001`,
    accessKeySecret: `${source}Secret+/=&0002`,
    securityToken: `CAIS${source}Token+/=&%0003`,
  }) satisfies AccessKey;

const keys = {
  configuration: keyOf("Configuration"),
  provider: keyOf("Provider"),
  profile: keyOf("Profile"),
  environment: keyOf("Environment"),
};
const wrongSecret = `${keys.environment.accessKeySecret}wrong`;
const secrets = [...Object.values(keys).flatMap((key) => Object.values(key)), wrongSecret];

/** A value as it is, in a URL, in a string to sign, in JSON, in base64, and in base64 of a longer text. */
function formsOf(value: string): string[] {
  const url = encodeURIComponent(value);
  const inside = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${"x".repeat(shift)}${value}`).toString("base64");
    // The first and the last characters depend on what is before and after the value.
    return text.slice(shift === 0 ? 0 : 4, text.length - 4);
  });
  return [...new Set([value, url, encodeURIComponent(url), JSON.stringify(value).slice(1, -1), ...inside])];
}

function expectNoKeys(where: string, text: string): void {
  for (const form of secrets.flatMap(formsOf)) {
    const at = text.indexOf(form);
    const excerpt = text.slice(Math.max(0, at - 100), at + 100);
    expect(at, `${form} in ${where}: ${excerpt}`).toBe(-1);
  }
}

/** What a provider has logged. The engine prints a dynamic provider's; a plugin's only with --debug. */
function debugLogOf({ output, events }: Transcript): string {
  const messages = events.map(({ diagnosticEvent }) => diagnosticEvent?.message ?? "");
  return [...output.split("\n"), ...messages].filter((line) => /ALICLOUD-HPC |httpx:/.test(line)).join("\n");
}

/** Everything that can be read after an operation. */
async function expectNoKeysAnywhere(stack: TestStack, transcripts: readonly Transcript[]): Promise<void> {
  for (const transcript of transcripts) {
    expectNoKeys("the output", transcript.output);
    const { message = "", stack: trace = "" } = transcript as Partial<Error>;
    expectNoKeys("the error", `${message}\n${trace}`);
    // The SDK's debug messages contain the arguments of every resource, and so those of an explicit provider.
    const events = transcript.events.filter(
      ({ diagnosticEvent }) => String(diagnosticEvent?.severity) !== "debug",
    );
    expectNoKeys("the engine's events", JSON.stringify(events));
    expectNoKeys("the debug log", debugLogOf(transcript));
  }
  const cli = { cwd: stack.workDir, backend: stack.backend };
  const exported = await runCli(["stack", "export", "--stack", stack.stackName], cli);
  expect(exported.exitCode).toBe(0);
  expectNoKeys("the exported stack", exported.stdout);
  for (const entry of readdirSync(stack.backend.folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const file = path.join(entry.parentPath, entry.name);
      expectNoKeys(file, readFileSync(file, "utf8"));
    }
  }
  expectNoKeys("the service's records", JSON.stringify(ecs.requests));
  await closeLog();
  const log = readFileSync(requestLog, "utf8");
  expect(log).toContain("CreateHpcCluster");
  expectNoKeys("the service's request log", log);
}

let ecs: Emulator;
let requestLog: string;
let closeLog: () => Promise<void>;

beforeEach(async () => {
  requestLog = path.join(isolateEnvironment(), `requests-${Date.now()}-${Math.random()}.jsonl`);
  const log = await openRequestLog(requestLog);
  closeLog = log.close;
  ecs = await startEmulator({
    // The clusters show by their account which key they were created with.
    accounts: Object.values(keys).map((key, at) => ({ accountId: `123456789012345${at}`, keys: [key] })),
    onFinished: log.write,
  });
});
afterEach(() => ecs.stop());

const hidden = (value: string) => ({ value, secret: true });
const withoutKeys = { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined };
/** Adds the debug log of the package, and that of its HTTP library if the package does not turn it off. */
const debugging = { NODE_DEBUG: "alicloud-hpc", DEBUG: "httpx:*" };

const everything = Object.values(keys.environment).join("&");
const stringToSign = encodeURIComponent(
  `AccessKeyId=${encodeURIComponent(keys.environment.accessKeyId)}&` +
    `SecurityToken=${encodeURIComponent(keys.environment.securityToken)}`,
);

/** Failures of CreateHpcCluster, and what the output must contain. */
const failures: [FaultRule, RegExp][] = [
  [
    refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    /AccessKeyId\.NotFound/,
  ],
  [refusal(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."), /AccessKeyId\.Inactive/],
  [
    refusal(400, "SignatureDoesNotMatch", `server string to sign is:POST&%2F&${stringToSign}`),
    /SignatureDoesNotMatch/,
  ],
  [refusal(400, "Invalid.Parameter", `Invalid parameters: ${everything}`), /Invalid\.Parameter/],
  [refusal(403, "Forbidden.RAM", `User ${everything} not authorized`), /Forbidden\.RAM/],
  [
    { kind: "xmlError", status: 400, code: "MissingParameter", message: `Missing: ${everything}` },
    /MissingParameter/,
  ],
  [{ kind: "expiredToken" }, /InvalidSecurityToken\.Expired/],
  [{ kind: "clockSkew", ms: 3_600_000 }, /InvalidTimeStamp\.Expired/],
  [{ kind: "throttling" }, /Throttling\.User/],
  [{ kind: "reset" }, /ECONNRESET/],
  [{ kind: "noAnswer" }, /RequestTimeout/],
  [{ kind: "badGateway" }, /UnreadableAnswer: the answer is not the service's: "502/],
  [{ kind: "empty503" }, /UnreadableAnswer: the answer is empty/],
];

function refusal(status: number, code: string, message: string): FaultRule {
  return { kind: "error", status, code, message };
}

/** A server that answers with a page that contains the whole request. */
async function startEcho(): Promise<{ endpoint: string; close: () => void }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      // An error message contains the title of a page, if it is not too long.
      const title = body.split("&").find((pair) => pair.startsWith("AccessKeyId="));
      response.writeHead(400).end(`<html><title>${title}</title><body>${request.url} ${body}</body></html>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe.each(hosts)("$name", (host) => {
  const { HpcCluster, Provider } = host;

  test("keys of the configuration, of a provider and of a profile, in a life with a failure", async () => {
    const profiles = path.join(isolateEnvironment(), "cli-config.json");
    const profile = {
      name: "planted",
      mode: "StsToken",
      access_key_id: keys.profile.accessKeyId,
      access_key_secret: keys.profile.accessKeySecret,
      sts_token: keys.profile.securityToken,
      region_id: "cn-hangzhou",
    };
    writeFileSync(profiles, JSON.stringify({ current: "planted", profiles: [profile] }));
    const endpoints = [{ ecs: ecs.endpoint }];
    const { accessKeyId: accessKey, accessKeySecret, securityToken } = keys.provider;
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const args = { name: "render-farm" };
        new HpcCluster("configuration", args);
        const provider = new Provider("provider", {
          accessKey,
          secretKey: secret(accessKeySecret),
          securityToken,
          region: "cn-beijing",
          endpoints,
        });
        new HpcCluster("provider", args, { provider });
        const withProfile = new Provider("profile", {
          profile: "planted",
          sharedCredentialsFile: profiles,
          endpoints,
        });
        new HpcCluster("profile", args, { provider: withProfile });
      },
      config: {
        "alicloud:accessKey": hidden(keys.configuration.accessKeyId),
        "alicloud:secretKey": hidden(keys.configuration.accessKeySecret),
        "alicloud:securityToken": hidden(keys.configuration.securityToken),
      },
      env: debugging,
    });
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", times: 1 });
    const created = await stack.up();
    expect(new Set(ecs.calls("CreateHpcCluster").map(({ accountId }) => accountId)).size).toBe(3);
    expect(debugLogOf(created)).toMatch(
      /ALICLOUD-HPC \d+: CreateHpcCluster cn-\w+ attempt 1: Throttling\.User, HTTP 400, \d+ ms, request [\w-]+/,
    );
    const refreshed = await stack.refresh();
    for (const { accessKeyId } of Object.values(keys)) {
      ecs.accounts.setExpiry(accessKeyId, Date.now());
    }
    const expired = await failureOf(stack.destroy({ continueOnError: true }));
    expect(expired.output.match(/error: .*InvalidSecurityToken\.Expired/g)?.length).toBeGreaterThanOrEqual(3);
    await expectNoKeysAnywhere(stack, [created, refreshed, expired]);
  });

  test("a key of the environment, in every kind of failure", async () => {
    const { accessKeyId, accessKeySecret, securityToken } = keys.environment;
    const echo = await startEcho();
    try {
      const brokenProfiles = path.join(isolateEnvironment(), "broken.json");
      writeFileSync(brokenProfiles, `{"profiles":[{"name":"p","access_key_secret":"${accessKeySecret}"`);
      // Secrets as values of properties that do not exist.
      const pasted = {
        name: "render-farm",
        secretKey: accessKeySecret,
        accesskey: accessKeyId,
        clientTokn: securityToken,
      };
      await using stack = await createEcsStack(ecs, {
        program: async () => {
          new HpcCluster("pasted", pasted);
        },
        // Not from the configuration: the CLI itself masks the secrets that it finds there.
        config: {
          ...withoutKeys,
          "alicloud:maxRetryTimeout": "1",
          "alicloud:clientReadTimeout": "500",
          "alicloud:skipRegionValidation": "true",
        },
        env: {
          ...debugging,
          ALICLOUD_ACCESS_KEY: accessKeyId,
          ALICLOUD_SECRET_KEY: accessKeySecret,
          ALICLOUD_SECURITY_TOKEN: securityToken,
        },
      });
      const previews = [await failureOf(stack.preview())];
      expect(previews[0]?.output).toContain('"secretKey" is not a property');

      // Secrets as values of settings that need something else.
      const unusable = {
        assumeRole: secret(securityToken),
        endpoints: secret(securityToken),
        credentialsUri: accessKeySecret,
        profile: "p",
        sharedCredentialsFile: brokenProfiles,
      } as unknown as ProviderArgs;
      stack.setProgram(async () => {
        new HpcCluster(
          "rendering",
          { name: "render-farm" },
          { provider: new Provider("unusable", unusable) },
        );
      });
      previews.push(await failureOf(stack.preview()));
      for (const key of ["assumeRole", "endpoints", "profile"]) {
        expect(previews[1]?.output).toContain(`${host === pluginHost ? "alicloud-hpc" : "alicloud"}:${key} `);
      }

      stack.setProgram(async () => {
        const args = { name: "render-farm" };
        new HpcCluster("created", { ...args, regionId: ecs.regions.at(-1)! });
        for (const at of failures.keys()) {
          new HpcCluster(`failure-${at}`, { ...args, regionId: ecs.regions[at]! });
        }
        const settings = { skipRegionValidation: true, maxRetryTimeout: 1 };
        const toEcho = new Provider("echo", {
          ...settings,
          region: "eu-central-1",
          endpoints: [{ ecs: echo.endpoint }],
        });
        new HpcCluster("echo", args, { provider: toEcho });
        const wrong = new Provider("wrong", {
          ...settings,
          region: "us-east-1",
          accessKey: accessKeyId,
          secretKey: wrongSecret,
          securityToken,
          endpoints: [{ ecs: ecs.endpoint }],
        });
        new HpcCluster("wrong", args, { provider: wrong });
      });
      for (const [at, [rule]] of failures.entries()) {
        ecs.faults.add({ ...rule, action: "CreateHpcCluster", regionId: ecs.regions[at]! });
      }
      const up = await failureOf(stack.up({ continueOnError: true }));
      for (const [at, [, expected]] of failures.entries()) {
        const line = up.output
          .split("\n")
          .find((one) => one.includes(`error: CreateHpcCluster in ${ecs.regions[at]}: `));
        expect(line ?? up.output).toMatch(expected);
      }
      expect(up.output).toMatch(
        /eu-central-1: UnreadableAnswer: the answer is not the service's: "AccessKeyId=/,
      );
      expect(up.output).toContain("CreateHpcCluster in us-east-1: SignatureDoesNotMatch");
      await expectNoKeysAnywhere(stack, [...previews, up]);
    } finally {
      echo.close();
    }
  });
});
