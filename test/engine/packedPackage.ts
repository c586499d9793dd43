/**
 * Puts the package, built and packed as for publishing, into this repository's own node_modules: the tests run what users get,
 * and a provider process finds it there.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const runFile = promisify(execFile);

/** What `installPackedPackage` did. */
export interface PackedPackage {
  /** The installed copy. */
  folder: string;
  /** False when the copy that was there had been made from the same sources. */
  installed: boolean;
}

/**
 * Builds, packs and installs the package, unless nothing that goes into it has changed since the last time.
 *
 * @param options.root the repository; this one unless a test says otherwise.
 * @param options.progress is told of each step.
 */
export async function installPackedPackage(
  options: { root?: string; progress?: (line: string) => void } = {},
): Promise<PackedPackage> {
  const root = options.root ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
  const progress = options.progress ?? (() => undefined);
  const { name } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { name: string };
  const modules = path.join(root, "node_modules");
  const folder = path.join(modules, name);
  // Beside the package, not inside: the copy must be exactly what npm would install.
  const marker = path.join(modules, `.${name}.packed`);
  const hash = hashOfSources(root);
  if (
    existsSync(path.join(folder, "package.json")) &&
    existsSync(marker) &&
    readFileSync(marker, "utf8") === hash
  ) {
    return { folder, installed: false };
  }

  const scratch = mkdtempSync(path.join(tmpdir(), `${name}-pack-`));
  // Inside node_modules, so that the last step is a rename within one file system.
  const staging = mkdtempSync(path.join(modules, `.${name}.partial-`));
  try {
    progress("npm run build");
    await runNpm(["run", "build"], root);
    progress("npm pack");
    await runNpm(["pack", "--ignore-scripts", "--pack-destination", scratch], root);
    const tarball = readdirSync(scratch).find((file) => file.endsWith(".tgz"));
    if (tarball === undefined) {
      throw new Error(`npm pack left no tarball in ${scratch}`);
    }
    mkdirSync(path.join(staging, "new"));
    await runFile("tar", ["-xzf", path.join(scratch, tarball), "-C", path.join(staging, "new")]);

    rmSync(marker, { force: true });
    if (existsSync(folder)) {
      renameSync(folder, path.join(staging, "old"));
    }
    renameSync(path.join(staging, "new", "package"), folder);
    writeFileSync(marker, hash);
    progress(`installed ${folder}`);
    return { folder, installed: true };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  }
}

function hashOfSources(root: string): string {
  const sources = ["provider", "emulator", "template"]
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
  const hash = createHash("sha256");
  const tools = [
    ...["package.json", "tsconfig.json", "scripts/pruneDeclarations.ts", "scripts/bundlePlugin.ts"],
    ...["pulumi-resource-", "pulumi-resource-alicloud-hpc"],
  ];
  for (const file of [...tools.filter((tool) => existsSync(path.join(root, tool))), ...sources]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** The npm that runs us, where one does: it need not be on PATH, and on Windows `npm` is not an executable. */
async function runNpm(args: string[], root: string): Promise<void> {
  const npmScript = process.env["npm_execpath"];
  const throughNode = npmScript !== undefined && /npm-cli\.[cm]?js$/.test(npmScript);
  const command = throughNode ? process.execPath : process.platform === "win32" ? "npm.cmd" : "npm";
  try {
    await runFile(command, throughNode ? [npmScript, ...args] : args, {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
      shell: !throughNode && process.platform === "win32",
    });
  } catch (error) {
    // The compiler writes its complaints to standard output, which execFile leaves out of the message.
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ${args.join(" ")} failed\n${stdout}${stderr}`.trimEnd(), { cause: error });
  }
}
