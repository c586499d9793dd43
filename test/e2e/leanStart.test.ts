/** What is loaded when: the program's start must not pay for what only the provider's process needs. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
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
  "ecs/connect.js",
  "ecs/http/transport.js",
  "ecs/credentials/credentialSource.js",
];

describe("a program", () => {
  test("that declares clusters loads nothing that talks to the service", async () => {
    const loaded = await loadedBy(`
      const pulumi = require("@pulumi/pulumi");
      const { HpcCluster, Provider } = require("pulumi-alicloud-hpc");
      pulumi.runtime.setMocks({
        newResource: (args) => ({ id: args.name + "-id", state: args.inputs }),
        call: (args) => args.inputs,
      }).then(() => {
        const provider = new Provider("beijing", { region: "cn-beijing" });
        new HpcCluster("rendering", { name: "render-farm" });
        new HpcCluster("beijing", { name: "render-farm" }, { provider });
        HpcCluster.get("seen", "hpc-1");
      })`);
    expect(loaded).toContain("program/hpcCluster.js");
    expect(loaded.filter((name) => serviceSide.includes(name))).toEqual([]);
  });

  test("that only loads the package loads no more of the SDK than the SDK itself", async () => {
    const [alone, both] = await Promise.all([
      loadedBy('require("@pulumi/pulumi")'),
      loadedBy('require("@pulumi/pulumi"); require("pulumi-alicloud-hpc")'),
    ]);
    const own = /\.js$/;
    const added = both.filter((name) => !alone.includes(name) && !own.test(name));
    // Small and without dependencies: the suggestion of a region.
    expect(added.filter((name) => name !== "fastest-levenshtein")).toEqual([]);
  });
});

describe("the provider's process", () => {
  let ecs: Emulator;
  let provider: DynamicProvider | undefined;
  beforeEach(async () => void (ecs = await startEmulator()));
  afterEach(async () => {
    await provider?.stop();
    await ecs.close();
  });

  /** Starts one that writes down what it has loaded, and makes a cluster with it, successfully or not. */
  async function loadedByCreate(
    name: string,
    configuration: Record<string, string>,
    environment: Record<string, string> = {},
  ): Promise<() => string[]> {
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
       setInterval(write, 50).unref();`,
    );
    provider = await DynamicProvider.start(folder, await folder.providerText(), {
      ...environment,
      NODE_OPTIONS: `--require ${JSON.stringify(hook)}`,
    });
    await provider.configure({
      "alicloud:region": "cn-hangzhou",
      "alicloud:endpoints": JSON.stringify([{ ecs: ecs.endpoint }]),
      "alicloud:maxRetryTimeout": "1",
      ...configuration,
    });
    const { inputs } = await provider.check({}, { __tokenKey: "key", name: "render-farm" });
    await provider.create(inputs).catch(() => undefined);
    return () => packagesOf(existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as string[]) : []);
  }

  test("loads @alicloud/credentials neither for access keys of the configuration nor of the environment", async () => {
    const keys = { accessKey: ecs.accessKeyId, secretKey: ecs.accessKeySecret };
    const fromConfiguration = await loadedByCreate("configuration", {
      "alicloud:accessKey": keys.accessKey,
      "alicloud:secretKey": keys.secretKey,
    });
    await vi.waitFor(() => expect(fromConfiguration()).toContain("@alicloud/pop-core"), 10_000);
    expect(fromConfiguration()).not.toContain("@alicloud/credentials");
    expect(fromConfiguration()).not.toContain("fast-xml-parser");
    await provider?.stop();

    const fromEnvironment = await loadedByCreate(
      "environment",
      {},
      { ALICLOUD_ACCESS_KEY: keys.accessKey, ALICLOUD_SECRET_KEY: keys.secretKey },
    );
    await vi.waitFor(() => expect(fromEnvironment()).toContain("@alicloud/pop-core"), 10_000);
    expect(fromEnvironment()).not.toContain("@alicloud/credentials");
    expect(ecs.calls("CreateHpcCluster").map(({ status }) => status)).toEqual([200, 200]);
  });

  // Also what shows that the tests above would see it.
  test("loads @alicloud/credentials where the default chain is needed", async () => {
    const loaded = await loadedByCreate(
      "chain",
      {},
      // So that the chain does not wait for an ECS instance's metadata.
      { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true" },
    );
    await vi.waitFor(() => expect(loaded()).toContain("@alicloud/credentials"), 10_000);
  });
});
