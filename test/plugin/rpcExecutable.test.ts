/** The executable: how it is found and started, and what it says when it cannot start. */
import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { executable, pluginEnvironment, PluginProvider } from "../rpc/pluginProvider.ts";
import { FakeEngine } from "./fakeEngine.ts";

let folder: string;

beforeAll(() => void (folder = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-executable-")))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the executable to its end, with the address of an engine that is not there. */
function run(
  environment: NodeJS.ProcessEnv,
  file = executable,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    // A process that does not end must not outlive the tests.
    execFile(file, ["127.0.0.1:9"], { env: environment, timeout: 60_000 }, (error, stdout, stderr) =>
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

/** What npm links as the package's executable; on Windows it reads its first line. */
const { bin } = JSON.parse(readFileSync(path.join(path.dirname(executable), "package.json"), "utf8")) as {
  bin: Record<string, string>;
};
const npmExecutable = path.resolve(path.dirname(executable), bin["pulumi-resource-alicloud-hpc"] ?? "");

test("npm's link leads to a script of Node.js, which has a shim that works on Windows", () => {
  expect(readFileSync(npmExecutable, "utf8").split("\n")[0]).toBe("#!/usr/bin/env node");
});

test.each([
  ["the engine starts", executable],
  ["npm links", npmExecutable],
])(
  "what %s starts through symbolic links, and finds the engine's address behind flags",
  async (name, file) => {
    const [engine, ecs] = [await FakeEngine.start(), await startEmulator()];
    const links = path.join(folder, name);
    mkdirSync(path.join(links, "a folder"), { recursive: true });
    symlinkSync(file, path.join(links, "a folder", "absolute"));
    symlinkSync(path.join("a folder", "absolute"), path.join(links, "relative"));
    const plugin = await PluginProvider.start({
      file: path.join(links, "relative"),
      args: ["--logtostderr", "-v=3", "--tracing", "http://127.0.0.1:9", engine.address],
    });
    await plugin.configure({
      endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
      accessKey: ecs.accessKeyId,
      secretKey: ecs.accessKeySecret,
    });
    const { hpcClusterId } = ecs.store.add({ name: "twin", regionId: "cn-hangzhou" });
    await plugin.check({}, { name: "twin", regionId: "cn-hangzhou" });
    await plugin.cancel();
    expect(engine.logs).toMatchObject([{ message: expect.stringContaining(hpcClusterId) as string }]);
    await plugin.stop("SIGINT");
    expect(await plugin.ended).toBe(0);
    expect(plugin.output).toEqual({ stdout: `${plugin.port}\n`, stderr: "" });
    engine.kill();
    await ecs.stop();
  },
);

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

describe("the compile cache", () => {
  const planted = () => path.join(folder, "planted");
  let plugin: string;
  let home: string;

  /** Compiles foreign code in the place of the plugin's, and says in the cache that it is the plugin's. */
  beforeAll(async () => {
    const installed = path.dirname(executable);
    plugin = path.join(folder, "package", path.basename(executable));
    cpSync(executable, plugin, { recursive: true });
    cpSync(path.join(installed, "dist/plugin"), path.join(folder, "package/dist/plugin"), {
      recursive: true,
    });
    const server = path.join(folder, "package/dist/plugin/server.js");
    const own = readFileSync(server, "utf8");
    // As long as the plugin's, in characters and in bytes: V8 compares the length of the source, Node.js a checksum.
    const code = 'console.error("foreign code"); process.exit(); //';
    const foreign = code + own.slice(code.length).replaceAll("\n", " ");
    writeFileSync(server, foreign);
    await run({ ...pluginEnvironment(), NODE_COMPILE_CACHE: planted() }, plugin);
    writeFileSync(server, own);
    for (const [name, content] of filesIn(planted())) {
      const at = content.indexOf(checksumOf(foreign));
      if (at >= 0) {
        checksumOf(own).copy(content, at);
        writeFileSync(path.join(planted(), name), content);
      }
    }
    chmodSync(planted(), 0o777);
    // Only root can show it with another user.
    if (process.getuid?.() === 0) {
      chownSync(planted(), 65_534, 65_534);
    }
  });
  beforeEach(() => {
    home = mkdtempSync(path.join(folder, "home-"));
    mkdirSync(path.join(home, "tmp"));
  });

  function checksumOf(text: string): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(crc32(text));
    return bytes;
  }
  const filesIn = (below: string): [string, Buffer][] =>
    readdirSync(below, { withFileTypes: true, recursive: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .map((file) => [path.relative(below, file), readFileSync(file)]);
  const start = (environment: NodeJS.ProcessEnv = {}) =>
    run({ ...pluginEnvironment(), HOME: home, TMPDIR: path.join(home, "tmp"), ...environment }, plugin);

  test("that the user has chosen is used unchecked: what is planted there would run", async () => {
    expect((await start({ NODE_COMPILE_CACHE: planted() })).stderr).toBe("foreign code\n");
  });

  test.each([
    "tmp/node-compile-cache",
    ".pulumi/pulumi-alicloud-hpc",
    ".pulumi/pulumi-alicloud-hpc/compile-cache",
  ])("is not read from or written to a folder that others can change: %s", async (name) => {
    const place = path.join(home, name);
    mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
    renameSync(planted(), place);
    try {
      const before = filesIn(place);
      expect((await start()).stderr).not.toContain("foreign code");
      expect(filesIn(place)).toEqual(before);
    } finally {
      renameSync(place, planted());
    }
  });

  test("is in the user's Pulumi folder, where nobody else can read or change it", async () => {
    await start();
    const own = path.join(home, ".pulumi/pulumi-alicloud-hpc/compile-cache");
    expect(filesIn(own)).not.toEqual([]);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(readdirSync(path.join(home, "tmp"))).toEqual([]);
  });
});
