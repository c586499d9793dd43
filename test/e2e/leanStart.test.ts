/** What is loaded when: the program's start must not pay for what only the provider's process needs. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { DynamicProvider, ProgramFolder } from "../rpc/dynamicProvider.ts";

let folder: ProgramFolder;
beforeAll(() => void (folder = new ProgramFolder()));
afterAll(() => folder.remove());

/** The packages of these files, this package's own files one by one, the SDK left out. */
function packagesOf(files: readonly string[]): string[] {
  const names = files.flatMap((file) => {
    const [, inside] = /.*[\\/]node_modules[\\/](.+)$/.exec(file) ?? [];
    if (inside === undefined) {
      return [];
    }
    const parts = inside.split(path.sep);
    if (parts[0] === "pulumi-alicloud-hpc") {
      return [parts.slice(2).join("/")];
    }
    return [parts.slice(0, parts[0]?.startsWith("@") ? 2 : 1).join("/")];
  });
  return [...new Set(names)].sort();
}

async function loadedBy(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["-e", `${program}; process.on("exit", () => console.log(JSON.stringify(Object.keys(require.cache))));`],
    { cwd: folder.path, env: folder.environment, maxBuffer: 16 * 1024 * 1024 },
  );
  return packagesOf(JSON.parse(stdout) as string[]);
}

const serviceSide = [
  "@alicloud/pop-core",
  "@alicloud/credentials",
  "fast-xml-parser",
  "httpx",
  "xml2js",
  "ecs/connect.js",
  "ecs/http/transport.js",
];

/** A program under the SDK's mocks, with these lines. */
const withMocks = (lines: string) => `
  const pulumi = require("@pulumi/pulumi");
  pulumi.runtime.setMocks({
    newResource: (args) => ({ id: args.name + "-id", state: args.inputs }),
    call: (args) => args.inputs,
  }).then(async () => {${lines}})`;

describe("a program", () => {
  test("that declares clusters loads what registers them, and nothing more", async () => {
    const [sdk, loaded] = await Promise.all([
      loadedBy(withMocks("")),
      loadedBy(
        withMocks(`
          const { HpcCluster, Provider } = require("pulumi-alicloud-hpc");
          const provider = new Provider("beijing", { region: "cn-beijing" });
          new HpcCluster("rendering", { name: "render-farm", clientToken: pulumi.output("token") });
          new HpcCluster("beijing", { name: "render-farm" }, { provider });
          new HpcCluster("adopted", { name: "render-farm", adopt: "hpc-2" });
          HpcCluster.get("seen", "hpc-1");`),
      ),
    ]);
    expect(loaded.filter((name) => !sdk.includes(name))).toEqual([
      "account/configKeys.js",
      "account/configurationSource.js",
      "account/nearestName.js",
      "cluster/clientToken.js",
      "index.js",
      "program/aliases.js",
      "program/claims.js",
      "program/clusterRegistration.js",
      "program/hpcCluster.js",
      "program/lookupForms.js",
      "program/lookups.js",
      "program/provider.js",
      "program/sdkInternals.js",
      "program/stackMemory.js",
      "program/tokenSalt.js",
      "program/violations.js",
      "resourceTypes.js",
    ]);
  });

  test("that looks a cluster up loads what talks to the service, unless mocks or the plugin answer", async () => {
    const lookUp = (entry: string) => `await require("${entry}").getHpcCluster({ id: "hpc-1" });`;
    const [alone, mocked, plugin] = await Promise.all([
      loadedBy('require("pulumi-alicloud-hpc").getHpcCluster({}).catch(() => undefined)'),
      loadedBy(withMocks(lookUp("pulumi-alicloud-hpc"))),
      loadedBy(withMocks(lookUp("pulumi-alicloud-hpc/plugin"))),
    ]);
    expect(alone).toEqual(expect.arrayContaining(["program/serviceLookups.js", "ecs/connect.js"]));
    expect([...mocked, ...plugin].filter((name) => serviceSide.includes(name))).toEqual([]);
    expect(plugin).toContain("program/pluginLookups.js");
  });
});

describe("the provider's process", () => {
  let ecs: Emulator;
  let provider: DynamicProvider | undefined;
  beforeEach(async () => void (ecs = await startEmulator()));
  afterEach(async () => {
    await provider?.stop();
    await ecs.stop();
  });

  /** Starts one that writes down what it has loaded. */
  async function start(
    name: string,
    configuration: Record<string, string>,
    environment: Record<string, string> = {},
  ): Promise<{ started: DynamicProvider; loaded: () => string[] }> {
    const hook = path.join(folder.path, `${name}.cjs`);
    const list = path.join(folder.path, `${name}.json`);
    writeFileSync(
      hook,
      // Renamed into place, so that a reader never finds half of it.
      `const { renameSync, writeFileSync } = require("node:fs");
       const write = () => {
         writeFileSync(${JSON.stringify(`${list}.part`)}, JSON.stringify(Object.keys(require.cache)));
         renameSync(${JSON.stringify(`${list}.part`)}, ${JSON.stringify(list)});
       };
       setInterval(write, 50).unref();
       process.on("SIGTERM", () => { write(); process.exit(); });`,
    );
    const started = await DynamicProvider.start(folder, await folder.providerText(), {
      ...environment,
      NODE_OPTIONS: `--require ${JSON.stringify(hook)}`,
    });
    provider = started;
    await started.configure({
      "alicloud:region": "cn-hangzhou",
      "alicloud:endpoints": JSON.stringify([{ ecs: ecs.endpoint }]),
      "alicloud:maxRetryTimeout": "1",
      ...configuration,
    });
    return {
      started,
      loaded: () => packagesOf(existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as string[]) : []),
    };
  }

  /** Makes a cluster, successfully or not. */
  async function create(from: DynamicProvider): Promise<void> {
    const { inputs } = await from.check({}, { __tokenKey: "key", name: "render-farm" });
    await from.create(inputs).catch(() => undefined);
  }

  const rarelyNeeded = ["@alicloud/credentials", "fast-xml-parser", "fastest-levenshtein", "xml2js"];

  test("loads for access keys of the configuration or of the environment only what signs and sends a call", async () => {
    const keys = { accessKey: ecs.accessKeyId, secretKey: ecs.accessKeySecret };
    const configured = await start("configuration", {
      "alicloud:accessKey": keys.accessKey,
      "alicloud:secretKey": keys.secretKey,
    });
    await create(configured.started);
    await configured.started.stop();
    expect(configured.loaded()).toContain("@alicloud/pop-core");
    expect(configured.loaded().filter((name) => rarelyNeeded.includes(name))).toEqual([]);

    const inherited = await start(
      "environment",
      {},
      { ALICLOUD_ACCESS_KEY: keys.accessKey, ALICLOUD_SECRET_KEY: keys.secretKey },
    );
    await create(inherited.started);
    await inherited.started.stop();
    expect(inherited.loaded()).toContain("@alicloud/pop-core");
    expect(inherited.loaded().filter((name) => rarelyNeeded.includes(name))).toEqual([]);
    expect(ecs.calls("CreateHpcCluster").map(({ status }) => status)).toEqual([200, 200]);
  });

  test("loads nothing that talks to the service for a preview that calls nothing and fails on a rule", async () => {
    const { started, loaded } = await start("rule", { "alicloud:skipRegionValidation": "true" });
    const { failures } = await started.check({}, { __tokenKey: "key", name: "x" });
    await started.stop();
    expect(failures).toHaveLength(1);
    expect(loaded()).toContain("cluster/check.js");
    expect(loaded().filter((name) => [...serviceSide, ...rarelyNeeded].includes(name))).toEqual([]);
  });

  // Also what shows that the tests above would see them.
  test("loads @alicloud/credentials where the default chain is needed, and levenshtein where a name is wrong", async () => {
    // So that the chain does not wait for an ECS instance's metadata.
    const { started, loaded } = await start("chain", {}, { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true" });
    await create(started);
    await started.check({}, { __tokenKey: "key", nam: "render-farm" });
    await started.stop();
    expect(loaded()).toEqual(expect.arrayContaining(["@alicloud/credentials", "fastest-levenshtein"]));
  });
});
