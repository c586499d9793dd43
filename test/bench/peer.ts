/** Finds the plugin of @pulumi/alicloud, the resource provider that people use today. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ensureEngine, enginePath, repositoryRoot } from "../engine/engine.ts";
import type { Place } from "./place.ts";

/** What a contestant needs is there, or the reason why it is not. */
export type Prepared =
  | {
      /** For the tables: which version this is, and where it comes from. */
      what?: string;
      /** The size of a plugin that the engine downloads. */
      pluginBytes?: number;
    }
  | { missing: string };

const executable = "pulumi-resource-alicloud";
const downloadWithinMs = 10 * 60_000;

/** The engine's name for the folder of this plugin. */
function pluginFolder(version: string): string {
  return `resource-alicloud-v${version}`;
}

/**
 * Takes the plugin from PATH, from the Pulumi home of the user, or has the engine download it. Puts it where the engine looks
 * first: a plugin on PATH makes it print a warning.
 */
export async function preparePeer(
  { pulumiHome }: Place,
  progress: (line: string) => void,
): Promise<Prepared> {
  const manifest = path.join(repositoryRoot, "node_modules/@pulumi/alicloud/package.json");
  if (!existsSync(manifest)) {
    return { missing: "the package @pulumi/alicloud is not installed" };
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const target = path.join(pulumiHome, "plugins", pluginFolder(version));
  const found = await findPlugin(version);
  if (found === undefined) {
    progress(`asking the engine for the plugin alicloud ${version}`);
    const problem = await download(version, pulumiHome);
    if (problem !== undefined) {
      return { missing: `no ${executable} on PATH, and the engine cannot download it: ${problem}` };
    }
  } else {
    mkdirSync(target, { recursive: true });
    symlinkSync(found.file, path.join(target, executable));
  }
  const file = path.join(target, executable);
  return {
    what: `@pulumi/alicloud ${version}, plugin ${await versionOf(file)} ${found?.where ?? "downloaded by the engine"}`,
    pluginBytes: sizeOf(found === undefined ? target : file),
  };
}

async function findPlugin(version: string): Promise<{ file: string; where: string } | undefined> {
  const home = process.env["PULUMI_HOME"] ?? path.join(process.env["HOME"] ?? "", ".pulumi");
  const installed = path.join(home, "plugins", pluginFolder(version), executable);
  if (existsSync(installed)) {
    return { file: realpathSync(installed), where: "from the Pulumi home" };
  }
  const onPath = (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, executable))
    .find((file) => existsSync(file));
  return onPath === undefined ? undefined : { file: realpathSync(onPath), where: "from PATH" };
}

/** Returns why it failed. */
async function download(version: string, pulumiHome: string): Promise<string | undefined> {
  const engine = await ensureEngine();
  try {
    await promisify(execFile)(
      engine.command.command,
      ["plugin", "install", "resource", "alicloud", `v${version}`, "--non-interactive"],
      {
        env: {
          ...process.env,
          PATH: enginePath(),
          PULUMI_HOME: pulumiHome,
          PULUMI_SKIP_UPDATE_CHECK: "true",
        },
        timeout: downloadWithinMs,
      },
    );
    return undefined;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    const lines = stderr.split("\n").filter((line) => line.trim() !== "");
    // The engine names the cause in the warnings before its last line.
    const cause = lines.findLast((line) => line.startsWith("warning: ")) ?? lines.at(-1) ?? message;
    // The results are published, so they name no address.
    return cause.replace(/^warning: /, "").replace(/:? Get "?https?:.*$/s, "");
  }
}

async function versionOf(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(file, ["-version"]);
  return stdout.trim() || "of an unknown version";
}

function sizeOf(fileOrFolder: string): number {
  const { size } = statSync(fileOrFolder);
  if (!statSync(fileOrFolder).isDirectory()) {
    return size;
  }
  return readdirSync(fileOrFolder)
    .map((name) => sizeOf(path.join(fileOrFolder, name)))
    .reduce((total, bytes) => total + bytes, 0);
}
