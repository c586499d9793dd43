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

/** The peer can run, or the reason why it cannot. */
export type Peer =
  | {
      /** Which version this is, and where it comes from. */
      what: string;
      pluginBytes: number;
    }
  | { missing: string };

const executable = "pulumi-resource-alicloud";
const downloadWithinMs = 10 * 60_000;

/**
 * Takes the plugin from PATH, from the Pulumi home of the user, or has the engine download it. Puts it where the engine looks
 * first: a plugin on PATH makes it print a warning.
 *
 * @param pulumiHome the engine's folder in the benchmark
 */
export async function preparePeer(pulumiHome: string): Promise<Peer> {
  const manifest = path.join(repositoryRoot, "node_modules/@pulumi/alicloud/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const folder = path.join(pulumiHome, "plugins", `resource-alicloud-v${version}`);
  const file = path.join(folder, executable);
  const found = findPlugin(version);
  if (found !== undefined) {
    mkdirSync(folder, { recursive: true });
    symlinkSync(found.file, file);
  } else if (!(await download(version, pulumiHome))) {
    // The engine's own error names addresses, and the note is published.
    return { missing: "its plugin is not on PATH, not in the Pulumi home, and cannot be downloaded" };
  }
  const { stdout } = await promisify(execFile)(file, ["-version"]);
  return {
    what: `@pulumi/alicloud ${version}, plugin ${stdout.trim()} ${found?.where ?? "downloaded by the engine"}`,
    pluginBytes: found === undefined ? sizeOf(folder) : statSync(file).size,
  };
}

function findPlugin(version: string): { file: string; where: string } | undefined {
  const home = process.env["PULUMI_HOME"] ?? path.join(process.env["HOME"] ?? "", ".pulumi");
  const places = [
    { folder: path.join(home, "plugins", `resource-alicloud-v${version}`), where: "from the Pulumi home" },
    ...(process.env["PATH"] ?? "").split(path.delimiter).map((folder) => ({ folder, where: "from PATH" })),
  ];
  const place = places.find(({ folder }) => existsSync(path.join(folder, executable)));
  return place && { file: realpathSync(path.join(place.folder, executable)), where: place.where };
}

/** Returns whether the engine could download it. */
async function download(version: string, pulumiHome: string): Promise<boolean> {
  const { command } = await ensureEngine();
  const args = ["plugin", "install", "resource", "alicloud", `v${version}`, "--non-interactive"];
  const env = {
    ...process.env,
    PATH: enginePath(),
    PULUMI_HOME: pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return await promisify(execFile)(command.command, args, { env, timeout: downloadWithinMs }).then(
    () => true,
    () => false,
  );
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map((name) => statSync(path.join(folder, String(name))))
    .reduce((total, entry) => total + (entry.isFile() ? entry.size : 0), 0);
}
