/**
 * The tools that make SDKs of the schema, and those that check them. What they take from the registries stays in the user's cache
 * folder, beside the engine.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import {
  engineCacheFolder,
  pinnedEngineVersion,
  putIntoCache,
  repositoryRoot,
  run,
} from "../engine/engine.ts";

/** The Go program that calls the code generators, and its module. */
export const generatorModule = path.join(repositoryRoot, "test/plugin/sdkgen");

/** The version of Pulumi's SDKs that the generated ones are built with: the generator's, with its `v`. */
export function pulumiVersion(): string {
  return pinnedEngineVersion(readFileSync(path.join(generatorModule, "go.mod"), "utf8"));
}

/** What the generated Python package needs; the SDK is that of the pinned engine. */
const pulumiForPython = [
  `pulumi==${pulumiVersion().slice(1)}`,
  "parver==0.5",
  "semver==3.0.4",
  "setuptools==80.9.0",
];

/** The ECS SDK of the vendor. */
const ecsForPython = ["alibabacloud_ecs20140526==7.11.8"];

const withinMs = 30 * 60_000;

/** Whether a program is on PATH. */
export function isOnPath(program: string): boolean {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .some((folder) => folder !== "" && existsSync(path.join(folder, program + suffix)));
}

/** Runs a program to its end; rejects with the end of its standard error. */
export async function runTool(
  command: string,
  args: string[],
  cwd?: string,
  env?: Record<string, string>,
): Promise<string> {
  return await run(command, args, {
    withinMs,
    progress: (line) => process.stderr.write(`[SDKs] ${line}\n`),
    report: () => `${path.basename(command)} ${args[0] ?? ""}`,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
}

/** Compiles the generator, once for each version of its sources, and returns its path. Needs Go. */
export async function compiledGenerator(): Promise<string> {
  return await compiled("sdkgen", ".");
}

/** Builds the SDKs as `npm run build:sdks` does, once for each version of the schema, and returns their folder. Needs Go. */
export async function builtSdks(): Promise<string> {
  const sources = ["provider/plugin/schema.json", "scripts/buildSdks.ts"].map((file) =>
    readFileSync(path.join(repositoryRoot, file), "utf8"),
  );
  const goMod = await cached(
    `sdks-${hashOf([...sources, await compiledGenerator()])}`,
    "go/go.mod",
    async (staging) => {
      await runTool(process.execPath, [path.join(repositoryRoot, "scripts/buildSdks.ts"), "--out", staging]);
    },
  );
  return path.dirname(path.dirname(goMod));
}

/** Compiles Pulumi's language host of YAML, which official releases contain, and returns its path. Needs Go. */
export async function yamlLanguageHost(): Promise<string> {
  const name = "pulumi-language-yaml";
  return await compiled(name, `github.com/pulumi/pulumi-yaml/cmd/${name}`);
}

/** Compiles a package of the generator's module, once for each version of its sources. */
async function compiled(name: string, importPath: string): Promise<string> {
  const sources = readdirSync(generatorModule).sort();
  const hash = hashOf(sources.map((file) => readFileSync(path.join(generatorModule, file), "utf8")));
  return await cached(`${name}-${hash}`, name, async (staging) => {
    await runTool("go", [
      ...["build", "-C", generatorModule, "-mod=readonly", "-trimpath", "-buildvcs=false"],
      ...["-ldflags", "-s -w", "-o", path.join(staging, name), importPath],
    ]);
  });
}

/**
 * Turns a program of the engine's own language (PCL) into one of TypeScript, as the language host of the official release does.
 *
 * @param sources the program's files
 * @param loader the address of the engine's loader of schemas
 */
export async function generateProgram(
  generator: string,
  sources: Readonly<Record<string, string>>,
  loader: string,
): Promise<string> {
  const child = spawn(generator, ["--program", loader], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(sources));
  return await text(child.stdout);
}

/** The interpreter of a virtual environment with what the generated Python SDK needs. Needs python3. */
export async function pythonWithPulumi(): Promise<string> {
  return await pythonWith(pulumiForPython);
}

/**
 * Installs the wheel of the SDK into a folder.
 *
 * @param sdks what `builtSdks` returns
 */
export async function installWheel(sdks: string, python: string, folder: string): Promise<void> {
  const wheels = path.join(sdks, "python/dist");
  const wheel = readdirSync(wheels).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) {
    throw new Error(`${wheels} has no wheel.`);
  }
  await runTool(python, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"],
    ...["--target", folder, path.join(wheels, wheel)],
  ]);
}

/** The interpreter of a virtual environment with the vendor's ECS SDK. Needs python3. */
export async function pythonWithEcs(): Promise<string> {
  return await pythonWith(ecsForPython);
}

/** Makes a virtual environment with these packages, once. */
async function pythonWith(packages: readonly string[]): Promise<string> {
  return await cached(`python-${hashOf(packages)}`, "bin/python", async (staging) => {
    await runTool("python3", ["-m", "venv", staging]);
    await runTool(path.join(staging, "bin/python"), [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages],
    ]);
  });
}

/** The path of a file in the cache, in a folder that is filled first if it is not there. */
async function cached(
  folder: string,
  file: string,
  fill: (staging: string) => Promise<void>,
): Promise<string> {
  const root = path.join(path.dirname(engineCacheFolder()), "sdks", folder);
  const found = path.join(root, file);
  if (existsSync(found)) {
    return found;
  }
  await putIntoCache(root, fill, async (filled) => {
    if (!existsSync(path.join(filled, file))) {
      throw new Error(`${folder} has no ${file}.`);
    }
    return true;
  });
  return found;
}

function hashOf(texts: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([process.platform, process.arch, ...texts]))
    .digest("hex")
    .slice(0, 16);
}
