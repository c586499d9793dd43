/**
 * The Pulumi engine that the tests and the demo run on: one that is installed, one that this file put into the
 * user's cache folder earlier, the official release, or a build from the Go module proxy — whichever works first.
 */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { automation } from "@pulumi/pulumi";

/** Where an engine came from. */
export type EngineSource = "given" | "path" | "cache" | "download" | "build";

/** An engine that has answered `pulumi version`. */
export interface Engine {
  /** For `LocalWorkspaceOptions.pulumiCommand`. */
  command: automation.PulumiCommand;
  /** The folder whose `bin` holds the executable; empty when it is `pulumi` on PATH. */
  root: string;
  /** Without the `v`. */
  version: string;
  source: EngineSource;
}

/** One way of coming by an engine. */
export interface EngineWay {
  source: EngineSource;
  /** For people: what is being tried. */
  title: string;
  /** Undefined: nothing there, nothing worth telling. Throws with the reason when it should have worked. */
  find: (progress: (line: string) => void) => Promise<Omit<Engine, "source"> | undefined>;
}

/**
 * The oldest engine taken from PATH. 3.216 is also the oldest SDK in the package's peerDependencies, so that both
 * ends are releases the package claims to support; inline programs by themselves need 3.181 (`refresh --client`)
 * and 3.206 (engine events by gRPC instead of a polled file).
 */
export const minimumEngineVersion = "3.216.0";

/** Names an engine root folder to use instead of looking for one: globalSetup hands its find to the test processes. */
export const engineRootVariable = "PULUMI_ALICLOUD_HPC_ENGINE";

/** The root of the repository. */
export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const sdkFolder = path.join(repositoryRoot, "node_modules/@pulumi/pulumi");
const engineModule = path.join(repositoryRoot, "test/engine/pulumi");
const engineImportPath = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const executable = process.platform === "win32" ? "pulumi.exe" : "pulumi";

// Long enough for a slow proxy, short enough that a firewall that drops packets does not look like a hang.
const reachableWithinMs = 10_000;
const downloadWithinMs = 5 * 60_000;
const buildWithinMs = 60 * 60_000;
const reportEveryMs = 15_000;

// As the process started: isolateEnvironment() empties the home folder, and with it the caches of this file and of Go.
const environment = { ...process.env };
const home = homedir();

let found: Promise<Engine> | undefined;

/**
 * Finds, downloads or builds the engine; the first call in a process decides.
 *
 * @param options.progress is told what is being tried, and during a long build how far it is.
 */
export async function ensureEngine(options: { progress?: (line: string) => void } = {}): Promise<Engine> {
  found ??= chooseEngine(engineWays(), options.progress ?? (() => undefined));
  try {
    return await found;
  } catch (error) {
    found = undefined;
    throw error;
  }
}

/** Tries the ways in order. Exported for its test. */
export async function chooseEngine(
  ways: readonly EngineWay[],
  progress: (line: string) => void,
): Promise<Engine> {
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      const engine = await way.find(progress);
      if (engine === undefined) {
        continue;
      }
      const tooOld = tooOldReason(engine.version);
      if (tooOld !== undefined) {
        throw new Error(tooOld);
      }
      progress(`engine ${engine.version}: ${way.title}`);
      return { ...engine, source: way.source };
    } catch (error) {
      const reason = `${way.title}: ${error instanceof Error ? error.message : String(error)}`;
      reasons.push(reason);
      progress(reason);
    }
  }
  throw new Error(
    ["No Pulumi engine to run on. What was tried:", ...reasons.map((reason) => `  - ${reason}`)].join("\n") +
      `\nInstall the Pulumi CLI ${minimumEngineVersion} or later, or Go, or set ${engineRootVariable} to a folder that has bin/pulumi.`,
  );
}

/** Why an engine of this version will not do; undefined when it will. */
export function tooOldReason(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  const [minMajor = 0, minMinor = 0, minPatch = 0] = minimumEngineVersion.split(".").map(Number);
  const difference = major - minMajor || minor - minMinor || patch - minPatch;
  return difference < 0 ? `version ${version} is older than ${minimumEngineVersion}` : undefined;
}

/**
 * PATH for an engine: this Node.js first, because the dynamic provider's plugin is a script that runs the first `node` on
 * PATH, and last the folder of that script in the npm package @pulumi/pulumi, for an engine that comes without it.
 *
 * Package managers install `pulumi` as a symlink. The engine resolves it, expects the plugin there, and warns when PATH
 * has another one first: so the folder to which the symlink leads comes before the others.
 */
export function enginePath(inherited = process.env["PATH"] ?? ""): string {
  const engine = inherited
    .split(path.delimiter)
    .map((folder) => path.join(folder, executable))
    .find((file) => existsSync(file));
  const engineFolder = engine === undefined ? [] : [path.dirname(realpathSync(engine))];
  return [path.dirname(process.execPath), ...engineFolder, inherited, sdkFolder].join(path.delimiter);
}

/** The pinned version, with its `v`, from the Go module's requirements. */
export function pinnedEngineVersion(goMod = readFileSync(path.join(engineModule, "go.mod"), "utf8")): string {
  const version = /github\.com\/pulumi\/pulumi\/pkg\/v3 (v\S+)/.exec(goMod)?.[1];
  if (version === undefined) {
    throw new Error("test/engine/pulumi/go.mod does not require the engine");
  }
  return version;
}

/** `<the user's cache folder>/pulumi-alicloud-hpc/engine`. */
export function engineCacheFolder(
  env: NodeJS.ProcessEnv = environment,
  platform = process.platform,
  homeFolder = home,
): string {
  const cache =
    env["XDG_CACHE_HOME"] ||
    (platform === "darwin"
      ? path.join(homeFolder, "Library/Caches")
      : platform === "win32"
        ? env["LOCALAPPDATA"] || path.join(homeFolder, "AppData/Local")
        : path.join(homeFolder, ".cache"));
  return path.join(cache, "pulumi-alicloud-hpc/engine");
}

function engineWays(): EngineWay[] {
  const pinned = pinnedEngineVersion();
  const cached = path.join(engineCacheFolder(), pinned.slice(1));
  const given = process.env[engineRootVariable];
  return [
    {
      source: "given",
      title: `${engineRootVariable}=${given ?? ""}`,
      find: async () => (given === undefined || given === "" ? undefined : await engineAt(given)),
    },
    { source: "path", title: "pulumi on PATH", find: engineOnPath },
    { source: "cache", title: cached, find: () => engineInCache(cached) },
    {
      source: "download",
      title: `official release ${pinned}`,
      find: (progress) =>
        putIntoCache(cached, (staging) => downloadInto(staging, pinned, progress), engineAt),
    },
    {
      source: "build",
      title: `go build of ${pinned}`,
      find: (progress) => putIntoCache(cached, (staging) => buildInto(staging, pinned, progress), engineAt),
    },
  ];
}

async function engineOnPath(): Promise<Omit<Engine, "source">> {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  if (!folders.some((folder) => existsSync(path.join(folder, executable)))) {
    throw new Error("not there");
  }
  const command = await automation.PulumiCommand.get();
  return { command, root: "", version: versionOf(command) };
}

async function engineAt(root: string): Promise<Omit<Engine, "source">> {
  const command = await automation.PulumiCommand.get({ root });
  return { command, root, version: versionOf(command) };
}

function versionOf(command: automation.PulumiCommand): string {
  if (command.version === null) {
    throw new Error(`${command.command} does not tell its version`);
  }
  return command.version.version;
}

/** The engine that an earlier run left in the cache. Exported for its test. */
export async function engineInCache(root: string): Promise<Omit<Engine, "source"> | undefined> {
  return existsSync(path.join(root, "bin", executable)) ? await engineAt(root) : undefined;
}

/**
 * Fills a folder beside `root`, checks what is in it, and renames the folder to `root`: whoever reads the
 * cache meanwhile sees all of it or nothing, and of two processes that do this at once either result will do.
 * Exported for its test.
 */
export async function putIntoCache<Found>(
  root: string,
  fill: (staging: string) => Promise<void>,
  check: (root: string) => Promise<Found>,
): Promise<Found> {
  mkdirSync(path.dirname(root), { recursive: true });
  removeAbandoned(root);
  const staging = mkdtempSync(`${root}.partial-${process.pid}-`);
  try {
    await fill(staging);
    await check(staging);
    try {
      renameSync(staging, root);
    } catch (error) {
      if (!isFileSystemError(error, "ENOTEMPTY", "EEXIST", "EPERM")) {
        throw error;
      }
      const theirs = await check(root).catch(() => undefined);
      if (theirs !== undefined) {
        return theirs;
      }
      // What is there does not run (another architecture's, say), or this would not have been called.
      rmSync(root, { recursive: true });
      renameSync(staging, root);
    }
    return await check(root);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Folders of processes that were killed half-way. */
function removeAbandoned(root: string): void {
  const prefix = `${path.basename(root)}.partial-`;
  for (const name of readdirSync(path.dirname(root))) {
    if (!name.startsWith(prefix)) {
      continue;
    }
    const owner = Number.parseInt(name.slice(prefix.length), 10);
    if (!isAlive(owner)) {
      rmSync(path.join(path.dirname(root), name), { recursive: true, force: true });
    }
  }
}

/** Whether there is a process with this id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isFileSystemError(error, "ESRCH");
  }
}

async function downloadInto(
  staging: string,
  version: string,
  progress: (line: string) => void,
): Promise<void> {
  progress(`asking get.pulumi.com for release ${version}`);
  // The installer waits two minutes for an answer; this knows in ten seconds.
  try {
    const answer = await fetch("https://get.pulumi.com/install.sh", {
      method: "HEAD",
      signal: AbortSignal.timeout(reachableWithinMs),
    });
    if (!answer.ok) {
      throw new Error(`HTTP ${answer.status}`);
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`get.pulumi.com: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  // A process of its own, because PulumiCommand.install has no deadline.
  const install =
    'const [root, version] = process.argv.slice(1); require("@pulumi/pulumi/automation").PulumiCommand.install({ root, version })' +
    ".catch((error) => { console.error(error.message); process.exitCode = 1; });";
  await run(
    process.execPath,
    ["--input-type=commonjs", "-e", install, "--", staging, version.replace(/^v/, "")],
    {
      withinMs: downloadWithinMs,
      report: () => `downloading release ${version}`,
      progress,
    },
  );
}

async function buildInto(staging: string, version: string, progress: (line: string) => void): Promise<void> {
  const inModule = ["-C", engineModule];
  const bin = path.join(staging, "bin");
  progress("building from the Go module proxy: a few minutes, once");
  let downloads = 0;
  const listed = await run("go", ["list", ...inModule, "-mod=readonly", "-deps", engineImportPath], {
    withinMs: buildWithinMs,
    onErrorLine: (line) => (downloads += line.startsWith("go: downloading ") ? 1 : 0),
    report: () => `${downloads} Go modules downloaded`,
    progress,
  });
  const packages = listed.split("\n").filter(Boolean).length;
  let compiled = 0;
  const setVersion = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  await run(
    "go",
    // -v prints each package as it is compiled. -buildvcs: git may refuse a checkout that another user owns.
    ["build", ...inModule, "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"].concat([
      ...["-ldflags", `-s -w ${setVersion}`],
      ...["-o", path.join(bin, executable), engineImportPath],
    ]),
    {
      withinMs: buildWithinMs,
      onErrorLine: () => (compiled += 1),
      report: () => (compiled < packages ? `compiled ${compiled} of ${packages} packages` : "linking"),
      progress,
    },
  );
  // As in the official release: found anywhere else on PATH, the plugin costs a warning in every operation's output.
  // Which SDK's copy does not matter, for it looks up the program's own SDK.
  for (const plugin of ["pulumi-resource-pulumi-nodejs", "pulumi-resource-pulumi-nodejs.cmd"]) {
    copyFileSync(path.join(sdkFolder, plugin), path.join(bin, plugin));
  }
}

/** How a program is run. */
export interface RunOptions {
  withinMs: number;
  progress: (line: string) => void;
  /** Called every fifteen seconds: how far it is. */
  report: () => string;
  /** Default: the root of the repository. */
  cwd?: string;
  /** Beside the environment that this process had at its start. */
  env?: Record<string, string>;
  onErrorLine?: (line: string) => void;
}

/**
 * Runs a program to its end, with the environment that this process had at its start, and returns its standard output; the
 * error carries the end of standard error.
 */
export function run(command: string, args: string[], options: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    // A group of its own, so that the deadline ends the children too: the installer runs curl and tar.
    const child = spawn(command, args, {
      cwd: options.cwd ?? repositoryRoot,
      env: { ...environment, CGO_ENABLED: "0", ...options.env },
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stop = (): void => {
      if (child.pid === undefined) {
        return;
      }
      if (process.platform === "win32") {
        child.kill();
      } else {
        process.kill(-child.pid, "SIGKILL");
      }
    };
    let output = "";
    let unfinishedLine = "";
    const errorLines: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (unfinishedLine + chunk).split("\n");
      unfinishedLine = lines.pop() ?? "";
      errorLines.push(...lines);
      for (const line of lines) {
        options.onErrorLine?.(line);
      }
    });
    let timedOut = false;
    const deadline = setTimeout(() => {
      timedOut = true;
      stop();
    }, options.withinMs);
    const reports = setInterval(() => {
      options.progress(`${options.report()} (${Math.round((Date.now() - started) / 1000)} s)`);
    }, reportEveryMs);
    process.once("exit", stop);
    const ended = (): void => {
      clearTimeout(deadline);
      clearInterval(reports);
      process.off("exit", stop);
    };
    child.once("error", (error) => {
      ended();
      reject(isFileSystemError(error, "ENOENT") ? new Error(`${command} is not on PATH`) : error);
    });
    child.once("close", (code) => {
      ended();
      if (code === 0) {
        return resolve(output);
      }
      const last = [...errorLines, unfinishedLine].filter((line) => line.trim() !== "").slice(-3);
      const how = timedOut ? `not done after ${options.withinMs / 60_000} minutes` : `exit code ${code}`;
      reject(new Error([`${path.basename(command)} ${args[0]}: ${how}`, ...last].join("; ")));
    });
  });
}

function isFileSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
