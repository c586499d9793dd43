/** The executable: how it is found and started, and what it says when it cannot start. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { executable, pluginEnvironment, PluginProvider } from "../rpc/pluginProvider.ts";
import { FakeEngine } from "./fakeEngine.ts";

let folder: string;

beforeAll(() => void (folder = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-executable-")))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the executable to its end, with the address of an engine that is not there. */
function run(environment: NodeJS.ProcessEnv): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    // A process that does not end must not outlive the tests.
    execFile(executable, ["127.0.0.1:9"], { env: environment, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    ),
  );
}

/** A folder with a `node` of its own. */
function folderWithNode(name: string, script: string): string {
  const bin = path.join(folder, name);
  mkdirSync(bin);
  writeFileSync(path.join(bin, "node"), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(bin, "node"), 0o755);
  return bin;
}

test("starts through symbolic links, also relative ones, and finds the engine's address behind flags", async () => {
  const [engine, ecs] = [await FakeEngine.start(), await startEmulator()];
  mkdirSync(path.join(folder, "a folder"));
  symlinkSync(executable, path.join(folder, "a folder", "absolute"));
  symlinkSync(path.join("a folder", "absolute"), path.join(folder, "relative"));
  const plugin = await PluginProvider.start({
    file: path.join(folder, "relative"),
    args: ["--logtostderr", "-v=3", "--tracing", "http://127.0.0.1:9", engine.address],
  });
  await plugin.configure({
    endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
    accessKey: ecs.accessKeyId,
    secretKey: ecs.accessKeySecret,
  });
  const { hpcClusterId } = ecs.store.add({ name: "twin", regionId: "cn-hangzhou" });
  await plugin.check({}, { name: "twin", regionId: "cn-hangzhou" });
  expect(engine.logs).toMatchObject([{ message: expect.stringContaining(hpcClusterId) as string }]);
  await plugin.stop("SIGINT");
  expect(await plugin.ended).toBe(0);
  expect(plugin.output).toEqual({ stdout: `${plugin.port}\n`, stderr: "" });
  engine.kill();
  await ecs.stop();
});

test("whose engine is gone before it has started ends", async () => {
  expect((await run(pluginEnvironment())).code).toBe(1);
});

test("without Node.js on PATH says what is missing", async () => {
  const empty = path.join(folder, "empty");
  mkdirSync(empty);
  expect(await run({ PATH: empty })).toEqual({
    code: 1,
    stdout: "",
    stderr: "pulumi-resource-alicloud-hpc needs Node.js 22 or later: put node on PATH.\n",
  });
});

test("with a Node.js that is too old says which one it is", async () => {
  const preload = path.join(folder, "old.cjs");
  writeFileSync(
    preload,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
     Object.defineProperty(process, "version", { value: "v20.19.0" });`,
  );
  const bin = folderWithNode("old", `exec '${process.execPath}' --require '${preload}' "$@"`);
  const { PATH = "" } = pluginEnvironment();
  expect(await run({ PATH: `${bin}${path.delimiter}${PATH}` })).toEqual({
    code: 1,
    stdout: "",
    stderr:
      `pulumi-resource-alicloud-hpc needs Node.js 22 or later, but ${process.execPath} is v20.19.0. ` +
      "Put a newer one first on PATH.\n",
  });
});
