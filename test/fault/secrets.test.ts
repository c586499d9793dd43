/** Keys planted in every way in, looked for in everything that comes out, for every kind of failure. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo } from "node:net";
import { createServer } from "node:http";
import path from "node:path";
import { secret } from "@pulumi/pulumi";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type EcsStackOptions, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { type AccessKey, type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { openRequestLog } from "../../emulator/requestLog.ts";
import { runCli } from "../engine/cli.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { Program, TestStack, Transcript } from "../engine/stack.ts";

vi.setConfig({ testTimeout: 300_000 });

/** Characters that are written otherwise in a URL. */
const key = {
  accessKeyId: "STS.NPlantedKeyId+/0001",
  accessKeySecret: "PlantedSecret+/=&0002",
  securityToken: "CAISPlantedToken+/=&%0003",
} satisfies AccessKey;

/** A value as it is, in a URL, in a string to sign, in JSON, in base64 and in base64 of a longer text. */
function formsOf(value: string): string[] {
  const url = encodeURIComponent(value);
  const inside = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${"x".repeat(shift)}${value}`).toString("base64");
    // What comes before and after decides the first and the last characters.
    return text.slice(shift === 0 ? 0 : 4, text.length - 4);
  });
  return [value, url, encodeURIComponent(url), JSON.stringify(value).slice(1, -1), ...inside];
}

function expectNoKeys(where: string, text: string, keys: readonly string[] = Object.values(key)): void {
  for (const value of keys) {
    for (const form of new Set(formsOf(value))) {
      expect(text.includes(form), `${form} in ${where}: ${excerpt(text, form)}`).toBe(false);
    }
  }
}

function excerpt(text: string, form: string): string {
  const at = text.indexOf(form);
  return at < 0 ? "" : text.slice(Math.max(0, at - 100), at + 100);
}

let ecs: Emulator;
let requestLog: string;
let closeLog: () => Promise<void>;

beforeEach(async () => {
  requestLog = path.join(isolateEnvironment(), `requests-${Date.now()}-${Math.random()}.jsonl`);
  const log = await openRequestLog(requestLog);
  closeLog = log.close;
  ecs = await startEmulator({
    accounts: [{ accountId: "1234567890123456", keys: [key] }],
    onFinished: log.write,
  });
});
afterEach(async () => {
  await ecs.close();
});

const hide = (value: string) => ({ value, secret: true });
const program: Program = async () => ({ id: new HpcCluster("rendering", { name: "render-farm" }).id });
/** So that the debug log is in what the engine prints. */
const debugging = { NODE_DEBUG: "alicloud-hpc" };
const withoutKeys = { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined };

/** Everything that can be looked at once an operation is over. */
async function expectNoKeysAnywhere(
  stack: TestStack,
  transcripts: readonly Transcript[],
  keys?: readonly string[],
): Promise<void> {
  for (const transcript of transcripts) {
    expectNoKeys("what was printed", transcript.output, keys);
    const { message = "", stack: trace = "" } = transcript as Partial<Error>;
    expectNoKeys("the error", `${message}\n${trace}`, keys);
    // Less the SDK's debug messages (`pulumi up --debug`), which contain the arguments of every resource, and so of an
    // explicit provider, as they are.
    const events = transcript.events.filter(
      ({ diagnosticEvent }) => String(diagnosticEvent?.severity) !== "debug",
    );
    expectNoKeys("the engine's events", JSON.stringify(events), keys);
  }
  expectNoKeys("the state", stack.stateText(), keys);
  const cli = { cwd: stack.workDir, backend: stack.backend };
  const exported = await runCli(["stack", "export", "--stack", stack.stackName], cli);
  expect(exported.exitCode).toBe(0);
  expectNoKeys("the exported stack", exported.stdout, keys);
  for (const entry of readdirSync(stack.backend.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    expectNoKeys(file, readFileSync(file, "utf8"), keys);
  }
  expectNoKeys("the service's records", JSON.stringify(ecs.requests), keys);
}

async function expectNoKeysInLog(): Promise<void> {
  await closeLog();
  const text = readFileSync(requestLog, "utf8");
  expect(text).toContain("CreateHpcCluster");
  expectNoKeys("the service's request log", text);
}

/** Each way in, as the options of a stack that uses it. */
const ways: Record<string, () => EcsStackOptions> = {
  "stack configuration": () => ({
    program,
    config: {
      "alicloud:accessKey": hide(key.accessKeyId),
      "alicloud:secretKey": hide(key.accessKeySecret),
      "alicloud:securityToken": hide(key.securityToken),
    },
  }),
  environment: () => ({
    program,
    config: withoutKeys,
    env: {
      ALICLOUD_ACCESS_KEY: key.accessKeyId,
      ALICLOUD_SECRET_KEY: key.accessKeySecret,
      ALICLOUD_SECURITY_TOKEN: key.securityToken,
    },
  }),
  "explicit provider": () => ({
    program: async () => {
      const { accessKeyId: accessKey, accessKeySecret: secretKey, securityToken } = key;
      const endpoints = [{ ecs: ecs.endpoint }];
      const provider = new Provider("second", {
        accessKey,
        secretKey: secret(secretKey),
        securityToken,
        region: "cn-beijing",
        endpoints,
      });
      return { id: new HpcCluster("rendering", { name: "render-farm" }, { provider }).id };
    },
    config: withoutKeys,
  }),
  "profile file": () => {
    const file = path.join(isolateEnvironment(), "cli-config.json");
    const profile = {
      name: "planted",
      mode: "StsToken",
      access_key_id: key.accessKeyId,
      access_key_secret: key.accessKeySecret,
      sts_token: key.securityToken,
      region_id: "cn-hangzhou",
    };
    writeFileSync(file, JSON.stringify({ current: "planted", profiles: [profile] }));
    return {
      program,
      config: { ...withoutKeys, "alicloud:profile": "planted", "alicloud:sharedCredentialsFile": file },
    };
  },
};

describe.each(Object.keys(ways))("keys from %s", (way) => {
  test("stay out of everything, in a life with a failure", async () => {
    const options = ways[way]!();
    await using stack = await createEcsStack(ecs, { ...options, env: { ...options.env, ...debugging } });
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", times: 1 });
    const transcripts: Transcript[] = [await stack.up()];
    expect(ecs.store.clusters()).toHaveLength(1);
    expect(transcripts[0]?.output).toMatch(
      /ALICLOUD-HPC \d+: CreateHpcCluster cn-\w+ attempt 1: Throttling\.User, HTTP 400, \d+ ms, request [\w-]+/,
    );
    transcripts.push(await stack.refresh());
    ecs.accounts.setExpiry(key.accessKeyId, Date.now());
    const expired = await failureOf(stack.destroy());
    expect(expired.output).toContain("InvalidSecurityToken.Expired");
    transcripts.push(expired);
    await expectNoKeysAnywhere(stack, transcripts);
    await expectNoKeysInLog();
  });
});

test("no kind of failure shows them", async () => {
  // Not from the configuration: the CLI itself masks the secrets that it finds there.
  const options = ways["environment"]!();
  await using stack = await createEcsStack(ecs, {
    ...options,
    config: { ...options.config, "alicloud:maxRetryTimeout": "1", "alicloud:clientReadTimeout": "500" },
    env: { ...options.env, ...debugging },
  });
  const everything = Object.values(key).join("&");
  const echo =
    `Specified signature is not matched with our calculation. server string to sign is:POST&%2F&` +
    encodeURIComponent(
      `AccessKeyId=${encodeURIComponent(key.accessKeyId)}&SecurityToken=${encodeURIComponent(key.securityToken)}`,
    );
  const failures: [string, () => () => void, RegExp][] = [
    [
      "unknown key",
      () => (ecs.accounts.removeKey(key.accessKeyId), () => void ecs.accounts.addKey(ecs.accountId, key)),
      /InvalidAccessKeyId\.NotFound/,
    ],
    [
      "inactive key",
      () => (
        ecs.accounts.setActive(key.accessKeyId, false),
        () => ecs.accounts.setActive(key.accessKeyId, true)
      ),
      /InvalidAccessKeyId\.Inactive/,
    ],
    ["expired token", () => fault({ kind: "expiredToken" }), /InvalidSecurityToken\.Expired/],
    ["wrong clock", () => fault({ kind: "clockSkew", ms: 3_600_000 }), /InvalidTimeStamp\.Expired/],
    ["throttled", () => fault({ kind: "throttling" }), /Throttling\.User/],
    ["reset", () => fault({ kind: "reset" }), /ECONNRESET/],
    ["no answer", () => fault({ kind: "noAnswer" }), /RequestTimeout/],
    ["HTML answer", () => fault({ kind: "badGateway" }), /UnreadableAnswer/],
    ["empty answer", () => fault({ kind: "empty503" }), /UnreadableAnswer/],
    [
      "string to sign",
      () => fault({ kind: "error", status: 400, code: "SignatureDoesNotMatch", message: echo }),
      /SignatureDoesNotMatch/,
    ],
    [
      "keys in a message",
      () =>
        fault({
          kind: "error",
          status: 400,
          code: "Invalid.Parameter",
          message: `Invalid parameters: ${everything}`,
        }),
      /Invalid\.Parameter/,
    ],
    [
      "keys in XML",
      () =>
        fault({
          kind: "xmlError",
          status: 400,
          code: "Invalid.Parameter",
          message: `Invalid parameters: ${everything}`,
        }),
      /Invalid\.Parameter/,
    ],
    [
      "forbidden",
      () =>
        fault({
          kind: "error",
          status: 403,
          code: "Forbidden.RAM",
          message: `User ${everything} not authorized`,
        }),
      /Forbidden\.RAM/,
    ],
  ];
  function fault(rule: Parameters<Emulator["faults"]["add"]>[0]): () => void {
    const active = ecs.faults.add(rule);
    return () => active.remove();
  }
  const transcripts: Transcript[] = [];
  for (const [name, begin, expected] of failures) {
    const end = begin();
    const failure = await failureOf(stack.up());
    end();
    expect(failure.output, name).toMatch(expected);
    transcripts.push(failure);
  }
  stack.setEnv({ ALICLOUD_SECRET_KEY: `${key.accessKeySecret}wrong` });
  const wrong = await failureOf(stack.up());
  expect(wrong.output).toContain("SignatureDoesNotMatch");
  await expectNoKeysAnywhere(
    stack,
    [...transcripts, wrong],
    [...Object.values(key), `${key.accessKeySecret}wrong`],
  );
});

test("a server that sends the whole request back does not get it shown", async () => {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      // The title is what the error quotes of a page, if it is not too long.
      const title = body.split("&").find((pair) => pair.startsWith("AccessKeyId="));
      response.writeHead(400).end(`<html><title>${title}</title><body>${request.url} ${body}</body></html>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    // Not from the configuration: the CLI itself masks the secrets that it finds there.
    const options = ways["environment"]!();
    const ecsEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using stack = await createEcsStack(ecs, {
      ...options,
      config: {
        ...options.config,
        "alicloud:endpoints": JSON.stringify([{ ecs: ecsEndpoint }]),
        "alicloud:maxRetryTimeout": "1",
      },
      env: { ...options.env, ...debugging },
    });
    const failure = await failureOf(stack.up());
    expect(failure.output).toMatch(/UnreadableAnswer: the answer is not the service's: "AccessKeyId=/);
    await expectNoKeysAnywhere(stack, [failure]);
  } finally {
    server.close();
  }
});

test("a secret pasted into a misspelt property is not shown, in a preview and in an up", async () => {
  const pasted = {
    name: "render-farm",
    secretKey: key.accessKeySecret,
    accesskey: key.accessKeyId,
    clientTokn: key.securityToken,
  };
  const options = ways["environment"]!();
  await using stack = await createEcsStack(ecs, {
    ...options,
    program: async () => {
      new HpcCluster("rendering", pasted);
    },
    env: { ...options.env, ...debugging },
  });
  const transcripts = [await failureOf(stack.preview()), await failureOf(stack.up())];
  for (const { output } of transcripts) expect(output).toContain('"secretKey" is not a property');
  await expectNoKeysAnywhere(stack, transcripts);
});

test("settings that cannot be used are not shown with their values", async () => {
  const options = ways["environment"]!();
  const file = path.join(isolateEnvironment(), "broken.json");
  writeFileSync(file, `{"profiles":[{"name":"p","access_key_secret":"${key.accessKeySecret}"`);
  await using stack = await createEcsStack(ecs, {
    ...options,
    config: {
      ...withoutKeys,
      "alicloud:assumeRole": hide(key.securityToken),
      "alicloud:endpoints": hide(key.securityToken),
      "alicloud:profile": "p",
      "alicloud:sharedCredentialsFile": file,
    },
    env: {
      ALICLOUD_SECRET_KEY: key.accessKeySecret,
      ALICLOUD_CREDENTIALS_URI: key.securityToken,
      ...debugging,
    },
  });
  const failure = await failureOf(stack.up());
  expect(failure.output).toContain("alicloud:accessKey is missing");
  await expectNoKeysAnywhere(stack, [failure]);
});
