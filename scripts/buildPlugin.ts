/**
 * Builds the plugin as one executable that needs no Node.js beside it, and packs it as `pulumi plugin install` expects:
 *
 *     npm run build:plugin -- [<os>-<arch>] [--package <folder>] [--out <folder>] [--gzip-level <0 to 9>]
 *
 * It is built from the package's bundle and the Node.js that runs this script, so it runs only on the platform of that Node.js: naming another
 * one is an error. `--package` is the folder of the built package (default: this repository), `--out` the folder for the results
 * (default: `executable/`).
 */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { createGzip } from "node:zlib";
import { root } from "./documents.ts";

const runFile = promisify(execFile);

const NAME = "pulumi-resource-alicloud-hpc";

/** The platforms of releases: Node.js's name, and Pulumi's. */
const platforms: Readonly<Record<string, string>> = {
  "linux-x64": "linux-amd64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "darwin-amd64",
  "darwin-arm64": "darwin-arm64",
  "win32-x64": "windows-amd64",
  "win32-arm64": "windows-arm64",
};

/** The marker in the Node.js binary that postject looks for (see Node.js's documentation of single executable applications). */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      package: { type: "string", default: root },
      out: { type: "string", default: path.join(root, "executable") },
      "gzip-level": { type: "string", default: "9" },
    },
  });
  const level = values["gzip-level"];
  if (!/^[0-9]$/.test(level)) {
    throw new Error(`--gzip-level ${level}: give a digit from 0 to 9`);
  }
  await buildPlugin(platformOf(positionals), values.package, values.out, Number(level));
} catch (error) {
  console.error(`build:plugin: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function platformOf(names: readonly string[]): string {
  const all = Object.values(platforms).join(", ");
  const here = platforms[`${process.platform}-${process.arch}`];
  const [name = here, ...more] = names;
  if (name === undefined) {
    throw new Error(`there is no plugin for ${process.platform}-${process.arch}; there is one for ${all}`);
  }
  if (more.length > 0 || !Object.values(platforms).includes(name)) {
    throw new Error(`${names.join(" ")} is not a platform of the plugin: name one of ${all}`);
  }
  if (name !== here) {
    throw new Error(
      `the plugin for ${name} can only be built on ${name}, but this machine is ${String(here)}`,
    );
  }
  return name;
}

async function buildPlugin(
  platform: string,
  builtPackage: string,
  out: string,
  level: number,
): Promise<void> {
  const bundle = path.join(builtPackage, "dist/plugin");
  if (!existsSync(path.join(bundle, "server.js"))) {
    throw new Error(`${bundle} has no server.js: run npm run build first`);
  }
  const { version } = JSON.parse(readFileSync(path.join(bundle, "schema.json"), "utf8")) as {
    version: string;
  };
  mkdirSync(out, { recursive: true });
  const staging = mkdtempSync(path.join(out, ".partial-"));
  try {
    const executable = process.platform === "win32" ? `${NAME}.exe` : NAME;
    await writeExecutable(bundle, staging, executable);
    const { stdout } = await runFile(path.join(staging, executable), ["--version"], { env: {} });
    if (stdout.trim() !== version) {
      throw new Error(`the executable of version ${version} says that its version is ${stdout.trim()}`);
    }
    const archive = `${NAME}-v${version}-${platform}.tar.gz`;
    const licences = copyLicences(builtPackage, staging);
    await pack(staging, [executable, ...licences], path.join(staging, archive), level);
    const sum = createHash("sha256");
    await pipeline(createReadStream(path.join(staging, archive)), sum);
    writeFileSync(path.join(staging, `${archive}.sha256`), `${sum.digest("hex")}  ${archive}\n`);
    for (const file of [executable, archive, `${archive}.sha256`]) {
      renameSync(path.join(staging, file), path.join(out, file));
      const size = statSync(path.join(out, file)).size;
      console.log(`${path.join(out, file)}  ${(size / 1e6).toFixed(1)} MB`);
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Node.js's single executable application: a copy of this Node.js with the bundle and its assets inside. */
async function writeExecutable(bundle: string, folder: string, name: string): Promise<void> {
  const file = path.join(folder, name);
  const main = path.join(folder, "main.cjs");
  const serve = "module.exports.serve(process.argv.slice(2));\n";
  writeFileSync(main, `${readFileSync(path.join(bundle, "server.js"), "utf8")}\n${serve}`);
  const settings = path.join(folder, "sea.json");
  const blob = path.join(folder, "sea.blob");
  writeFileSync(
    settings,
    JSON.stringify({
      main,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Valid only for the Node.js and the platform that make it, which are those of the executable.
      useCodeCache: true,
      assets: { "schema.json": path.join(bundle, "schema.json") },
    }),
  );
  await runFile(process.execPath, ["--experimental-sea-config", settings]);
  copyFileSync(process.execPath, file);
  if (process.platform === "darwin") {
    // The signature does not match the file once it has been changed.
    await runFile("codesign", ["--remove-signature", file]);
  }
  // Before the injection: `strip` would remove the injected data.
  await strip(file);
  const machO = process.platform === "darwin" ? ["--macho-segment-name", "NODE_SEA"] : [];
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  await runFile(process.execPath, [postject, file, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE, ...machO]);
  if (process.platform === "darwin") {
    await runFile("codesign", ["--sign", "-", file]);
  }
}

async function strip(file: string): Promise<void> {
  if (process.platform === "win32") {
    // On Windows the symbols are in a separate file.
    return;
  }
  try {
    await runFile("strip", process.platform === "darwin" ? ["-x", file] : [file]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw error;
    }
    console.error(
      "build:plugin: strip is not on PATH, so the executable keeps Node.js's symbols, about 18 MB",
    );
  }
}

/** Copies the licences of everything in the executable, and returns their file names. */
function copyLicences(builtPackage: string, folder: string): string[] {
  const nodeFolder = path.dirname(process.execPath);
  const ofNode = [nodeFolder, path.dirname(nodeFolder)].map((each) => path.join(each, "LICENSE"));
  const found = ofNode.find((file) => existsSync(file));
  if (found === undefined) {
    console.error(
      `build:plugin: there is no LICENSE beside ${process.execPath}: do not publish this archive, because it lacks the licence of Node.js. ` +
        "Node.js from nodejs.org has one.",
    );
  }
  const licences = {
    LICENSE: path.join(root, "LICENSE"),
    "THIRD_PARTY_LICENSES.txt": path.join(builtPackage, "dist/plugin/THIRD_PARTY_LICENSES.txt"),
    ...(found === undefined ? {} : { "NODE_LICENSE.txt": found }),
  };
  for (const [name, file] of Object.entries(licences)) {
    copyFileSync(file, path.join(folder, name));
  }
  return Object.keys(licences);
}

/** A tar.gz with these files at its top, which is where the engine looks for the executable. */
async function pack(folder: string, files: readonly string[], archive: string, level: number): Promise<void> {
  const tar = spawn("tar", ["-cf", "-", ...files], {
    cwd: folder,
    // Without this, macOS's tar adds files with extended attributes.
    env: { ...process.env, COPYFILE_DISABLE: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(tar, "close");
  await pipeline(tar.stdout, createGzip({ level }), createWriteStream(archive));
  const [code] = (await ended) as [number | null];
  if (code !== 0) {
    throw new Error(`tar failed with exit code ${String(code)}`);
  }
}
