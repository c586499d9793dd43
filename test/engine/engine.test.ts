/** Promise: the tests find the Pulumi engine, or download or build it once. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { automation } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import {
  type EngineWay,
  chooseEngine,
  engineCacheFolder,
  engineInCache,
  enginePath,
  ensureEngine,
  minimumEngineVersion,
  pinnedEngineVersion,
  putIntoCache,
  tooOldReason,
} from "./engine.ts";
import { isolateEnvironment } from "./isolatedEnvironment.ts";

const command = { command: "pulumi", version: null } as unknown as automation.PulumiCommand;

describe("the order of the ways", () => {
  const tried: string[] = [];
  beforeEach(() => void (tried.length = 0));

  const way = (source: EngineWay["source"], outcome: string | Error | undefined): EngineWay => ({
    source,
    title: `the ${source} way`,
    find: async () => {
      tried.push(source);
      if (outcome instanceof Error) {
        throw outcome;
      }
      return outcome === undefined ? undefined : { command, root: `/${source}`, version: outcome };
    },
  });

  test("uses the first way that works, and tries no other", async () => {
    const engine = await chooseEngine(
      [way("path", "3.259.0"), way("cache", "3.259.0"), way("build", "3.259.0")],
      () => undefined,
    );
    expect(engine).toMatchObject({ source: "path", root: "/path", version: "3.259.0" });
    expect(tried).toEqual(["path"]);
  });

  test("an engine on PATH that is too old is passed over, and the progress says so", async () => {
    const lines: string[] = [];
    const engine = await chooseEngine([way("path", "3.100.0"), way("cache", "3.259.0")], (line) =>
      lines.push(line),
    );
    expect(engine.source).toBe("cache");
    expect(lines).toEqual([
      `the path way: version 3.100.0 is older than ${minimumEngineVersion}`,
      "engine 3.259.0: the cache way",
    ]);
  });

  test("when none works, one error has every reason, and an empty cache is no reason", async () => {
    const choice = chooseEngine(
      [
        way("path", new Error("not there")),
        way("cache", undefined),
        way("download", new Error("get.pulumi.com: getaddrinfo ENOTFOUND")),
        way("build", new Error("go is not on PATH")),
      ],
      () => undefined,
    );
    await expect(choice).rejects.toThrow(
      [
        "No Pulumi engine to run on. What was tried:",
        "  - the path way: not there",
        "  - the download way: get.pulumi.com: getaddrinfo ENOTFOUND",
        "  - the build way: go is not on PATH",
      ].join("\n"),
    );
    expect(tried).toEqual(["path", "cache", "download", "build"]);
  });
});

test.each([
  ["3.215.9", false],
  ["3.216.0", true],
  ["3.216.0-alpha.1", true],
  ["3.259.0+dirty", true],
  ["4.0.0", true],
  ["2.999.0", false],
])("version %s will do: %s", (version, willDo) => {
  expect(tooOldReason(version) === undefined).toBe(willDo);
});

test("the pinned version is the one that go.mod requires", () => {
  expect(pinnedEngineVersion("require (\n\tgithub.com/pulumi/pulumi/pkg/v3 v3.1.2 // indirect\n)")).toBe(
    "v3.1.2",
  );
  expect(tooOldReason(pinnedEngineVersion().slice(1))).toBeUndefined();
  expect(() => pinnedEngineVersion("module m")).toThrow("does not require the engine");
});

test.each<[string, NodeJS.ProcessEnv, NodeJS.Platform, string]>([
  ["XDG_CACHE_HOME wins everywhere", { XDG_CACHE_HOME: "/x" }, "darwin", "/x"],
  ["Linux", {}, "linux", "/home/me/.cache"],
  ["macOS", {}, "darwin", "/home/me/Library/Caches"],
  ["Windows", { LOCALAPPDATA: "/local" }, "win32", "/local"],
])("cache folder: %s", (_title, env, platform, folder) => {
  expect(engineCacheFolder(env, platform, "/home/me")).toBe(path.join(folder, "pulumi-alicloud-hpc/engine"));
});

test("where pulumi on PATH is a symlink, the plugin beside the real file comes before the SDK's", () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "engine-path-")));
  try {
    for (const name of ["installed", "linked"]) {
      mkdirSync(path.join(folder, name));
    }
    const [installed, linked] = [path.join(folder, "installed"), path.join(folder, "linked")];
    const executable = process.platform === "win32" ? "pulumi.exe" : "pulumi";
    writeFileSync(path.join(installed, executable), "");
    symlinkSync(path.join(installed, executable), path.join(linked, executable));
    const folders = enginePath(linked).split(path.delimiter);
    expect(folders.slice(0, 3)).toEqual([path.dirname(process.execPath), installed, linked]);
    expect(folders.at(-1)).toMatch(/@pulumi.pulumi$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("the cache", () => {
  let folder: string;
  let root: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "engine-cache-"));
    root = path.join(folder, "engine", "3.259.0");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fillWith = (text: string) => async (staging: string) => {
    mkdirSync(path.join(staging, "bin"));
    writeFileSync(path.join(staging, "bin", "pulumi"), text);
  };
  const check = async (at: string) => {
    if (!existsSync(path.join(at, "bin", "pulumi"))) {
      throw new Error("no engine there");
    }
    return { command, root: at, version: "3.259.0" };
  };
  const inCache = () => readdirSync(path.join(folder, "engine"));

  test("an engine appears only under its final name", async () => {
    expect(await putIntoCache(root, fillWith("engine"), check)).toMatchObject({ root });
    expect(inCache()).toEqual(["3.259.0"]);
  });

  test("nothing remains of a way that failed", async () => {
    const failing = putIntoCache(
      root,
      async (staging) => {
        await fillWith("half an eng")(staging);
        throw new Error("connection reset");
      },
      check,
    );
    await expect(failing).rejects.toThrow("connection reset");
    expect(inCache()).toEqual([]);
  });

  test("nothing remains of an engine that does not run", async () => {
    await expect(putIntoCache(root, async () => undefined, check)).rejects.toThrow("no engine there");
    expect(inCache()).toEqual([]);
  });

  test("two at once: both get an engine, one is kept", async () => {
    const both = await Promise.all([
      putIntoCache(root, fillWith("first"), check),
      putIntoCache(root, fillWith("second"), check),
    ]);
    expect(both.map((engine) => engine.root)).toEqual([root, root]);
    expect(inCache()).toEqual(["3.259.0"]);
  });

  test("an engine there that does not run is replaced", async () => {
    mkdirSync(path.join(root, "lib"), { recursive: true });
    await putIntoCache(root, fillWith("engine"), check);
    expect(readdirSync(root)).toEqual(["bin"]);
  });

  test("removes the folder of a killed process, and keeps that of a running one", async () => {
    // Process 2^22 cannot be: it is Linux's upper bound. The parent lives as long as this test does.
    for (const pid of [2 ** 22, process.ppid]) {
      mkdirSync(path.join(folder, "engine", `3.259.0.partial-${pid}-abc`), { recursive: true });
    }
    await putIntoCache(root, fillWith("engine"), check);
    expect(inCache().sort()).toEqual(["3.259.0", `3.259.0.partial-${process.ppid}-abc`]);
  });

  test("an empty cache is no error", async () => {
    expect(await engineInCache(root)).toBeUndefined();
  });
});

test("an isolated environment does not hide the user's cache folder", () => {
  const before = engineCacheFolder();
  const home = process.env["HOME"];
  isolateEnvironment();
  expect(process.env["HOME"]).not.toBe(home);
  expect(engineCacheFolder()).toBe(before);
});

test("the engine that globalSetup found is the one that tests get", async () => {
  const engine = await ensureEngine();
  expect(engine).toMatchObject({ version: inject("engine").version, root: inject("engine").root });
  expect(await ensureEngine()).toBe(engine);
});
