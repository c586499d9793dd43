/**
 * Promise: the plugin is one executable that needs no Node.js, and the engine installs it from its archive as any other plugin.
 * Of a broken archive nothing is installed.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test as base, vi } from "vitest";
import { selfSignedCertificate } from "../e2e/account/selfSignedCertificate.ts";
import { clusterOps } from "../e2e/ecsStack.ts";
import { createBackend } from "../engine/backend.ts";
import { type CliResult, runCli } from "../engine/cli.ts";
import { ensureEngine, repositoryRoot } from "../engine/engine.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { createPluginStack, PluginCluster } from "./pluginCluster.ts";
import {
  type ArchiveServer,
  serveArchives,
  type StandalonePlugin,
  standalonePlugin,
} from "./standalonePlugin.ts";

// A build of the executable takes half a minute where every core is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const runFile = promisify(execFile);
const { version } = JSON.parse(readFileSync(path.join(repositoryRoot, "package.json"), "utf8")) as {
  version: string;
};

let plugin: StandalonePlugin;
/** A folder without `node`, the whole PATH of what runs here. */
let noNode: string;

beforeAll(async () => {
  // Before the environment is isolated, as the engine's cache is in the user's home folder.
  await ensureEngine();
  noNode = path.join(isolateEnvironment(), "no-node");
  mkdirSync(noNode);
  plugin = await standalonePlugin();
});

const newHome = (): string => mkdtempSync(path.join(isolateEnvironment(), "pulumi-home-"));

/** Runs `pulumi` with a Pulumi folder of its own and without Node.js. */
async function pulumi(home: string, args: string[], env: Record<string, string> = {}): Promise<CliResult> {
  const backend = createBackend();
  try {
    return await runCli(args, { cwd: noNode, backend, env: { PATH: noNode, PULUMI_HOME: home, ...env } });
  } finally {
    backend.dispose();
  }
}

async function install(
  home: string,
  server: ArchiveServer,
  options: { checksum?: string; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const checksum = options.checksum === undefined ? [] : ["--checksum", options.checksum];
  const args = [
    "plugin",
    "install",
    "resource",
    "alicloud-hpc",
    version,
    "--server",
    server.url,
    ...checksum,
  ];
  return await pulumi(home, args, options.env);
}

/** The plugins that the engine finds in a Pulumi folder. */
async function installed(home: string): Promise<{ name: string; version: string }[]> {
  const { stdout } = await pulumi(home, ["plugin", "ls", "--json"]);
  return JSON.parse(stdout) as { name: string; version: string }[];
}

let installation: Promise<string> | undefined;

/** A Pulumi folder in which the plugin is installed, the same one for all tests. */
function homeWithPlugin(): Promise<string> {
  installation ??= installIn(newHome());
  return installation;
}

async function installIn(home: string): Promise<string> {
  await using server = await serveArchives({ [plugin.archive]: plugin.content });
  const { exitCode, stderr } = await install(home, server);
  expect(exitCode, stderr).toBe(0);
  expect(server.requests).toEqual([`/${plugin.archive}`]);
  return home;
}

base(
  "the executable says its version without Node.js on PATH, and its archive has the sum that it says",
  async () => {
    const { stdout, stderr } = await runFile(plugin.executable, ["--version"], { env: { PATH: noNode } });
    expect({ stdout, stderr }).toEqual({ stdout: `${version}\n`, stderr: "" });
    expect(plugin.archive).toMatch(
      new RegExp(
        `^pulumi-resource-alicloud-hpc-v${version}-(linux|darwin|windows)-(amd64|arm64)\\.tar\\.gz$`,
      ),
    );
    expect(createHash("sha256").update(plugin.content).digest("hex")).toBe(plugin.sha256);
  },
);

describe("pulumi plugin install", () => {
  base("installs what a server offers; its schema is the package's", async () => {
    const home = await homeWithPlugin();
    expect(await installed(home)).toMatchObject([{ name: "alicloud-hpc", version }]);
    const schema = await pulumi(home, ["package", "get-schema", "alicloud-hpc"]);
    expect(schema, schema.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(schema.stdout)).toMatchObject({ name: "alicloud-hpc", version });
  });

  base("of a truncated archive is an error, and leaves no plugin", async () => {
    const home = newHome();
    const half = plugin.content.subarray(0, plugin.content.length / 2);
    await using broken = await serveArchives({ [plugin.archive]: half });
    expect(await install(home, broken)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /error: installing .*pulumi-resource-alicloud-hpc: unexpected EOF/,
      ) as string,
    });
    expect(await installed(home)).toEqual([]);
  });

  describe("--checksum", () => {
    const wrong = "0".repeat(64);

    base.runIf(process.platform === "linux")(
      "over HTTP/2 installs the right archive and no other",
      async () => {
        const certificate = selfSignedCertificate();
        const file = path.join(isolateEnvironment(), "certificate.pem");
        writeFileSync(file, certificate.cert);
        // Only on Linux the engine takes certificates from there.
        const env = { SSL_CERT_FILE: file };
        await using server = await serveArchives({ [plugin.archive]: plugin.content }, certificate);
        const home = newHome();
        expect(await install(home, server, { checksum: wrong, env })).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining(
            `invalid checksum, expected ${wrong}, actual ${plugin.sha256}`,
          ) as string,
        });
        expect(await install(home, server, { checksum: plugin.sha256, env })).toMatchObject({ exitCode: 0 });
        expect(await installed(home)).toMatchObject([{ name: "alicloud-hpc", version }]);
      },
    );

    // Go's client returns the end of an HTTP/1.1 body together with its last bytes, which the engine then leaves out of the sum.
    base("over HTTP/1.1 refuses even the right archive, with the pinned engine", async () => {
      await using server = await serveArchives({ [plugin.archive]: plugin.content });
      expect(await install(newHome(), server, { checksum: plugin.sha256 })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`invalid checksum, expected ${plugin.sha256}`) as string,
      });
    });
  });
});

describe("an installed plugin, without Node.js on PATH and without plugins in Pulumi.yaml", () => {
  test("carries a stack from up to destroy", async ({ ecs }) => {
    const env = { PATH: noNode, PULUMI_HOME: await homeWithPlugin() };
    const declare = (description: string) => async () => ({
      id: new PluginCluster("rendering", { name: "render-farm", description }).id,
    });
    await using stack = await createPluginStack(ecs, { program: declare("Nightly"), env });
    writeFileSync(path.join(stack.workDir, "Pulumi.yaml"), "name: hpc\nruntime: nodejs\n");
    const { outputs } = await stack.up();
    expect(storedIds(ecs)).toEqual([outputs["id"]?.value]);
    stack.setProgram(declare("Daily"));
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
    expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm", description: "Daily" }]);
    await stack.destroy({ refresh: true });
    expect(ecs.store.clusters()).toEqual([]);
  });
});
