/**
 * Builds the SDKs of the plugin from its schema, for Python, Go, .NET and Java:
 *
 *     npm run build:sdks -- [--out <folder>]
 *
 * `--out` is by default `sdk/`, as Go's module has that folder in its path. It needs Go, and python3 for the wheel and the sdist in
 * `python/dist`. The sources for .NET and Java are only generated. TypeScript's SDK is the npm package; the generated one is for tests.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import {
  compiledGenerator,
  isOnPath,
  pulumiVersion,
  pythonWithPulumi,
  runTool,
} from "../test/plugin/sdkTools.ts";
import { root } from "./documents.ts";
import { packageSchema } from "./packageSchema.ts";

const { values } = parseArgs({ options: { out: { type: "string", default: path.join(root, "sdk") } } });
const out = path.resolve(values.out);

rmSync(out, { recursive: true, force: true });
await runTool(await compiledGenerator(), [path.join(root, "provider/plugin/schema.json"), out]);
await buildGo(path.join(out, "go"));
completeJava(path.join(out, "java"));
if (isOnPath("python3")) {
  await buildPython(path.join(out, "python"));
} else {
  console.warn("build:sdks: python3 is not on PATH, so there is no wheel");
}
console.log(out);

/** Completes the module, and compiles it. */
async function buildGo(folder: string): Promise<void> {
  const { importBasePath } = packageSchema().language["go"] as { importBasePath: string };
  writeFileSync(
    path.join(folder, "go.mod"),
    `module ${path.posix.dirname(importBasePath)}\n\ngo 1.25\n\n` +
      `require (\n\tgithub.com/blang/semver v3.5.1+incompatible\n\tgithub.com/pulumi/pulumi/sdk/v3 ${pulumiVersion()}\n)\n`,
  );
  // Adds what these modules require, and the sums.
  await runTool("go", ["build", "-mod=mod", "-trimpath", "-buildvcs=false", "./..."], folder);
}

/** Adds the resources that the generated Gradle build would make: without them a program of another build fails at its start. */
function completeJava(folder: string): void {
  const { name, version, pluginDownloadURL: server } = packageSchema();
  const resources = path.join(folder, "src/main/resources/com/pulumi", name);
  mkdirSync(resources, { recursive: true });
  writeFileSync(path.join(resources, "version.txt"), version);
  writeFileSync(
    path.join(resources, "plugin.json"),
    JSON.stringify({ resource: true, name, version, server }),
  );
}

/** The wheel and the sdist, by the build backend that the generated pyproject.toml names. */
async function buildPython(folder: string): Promise<void> {
  const build =
    "from setuptools.build_meta import build_sdist, build_wheel; build_sdist('dist'); build_wheel('dist')";
  await runTool(await pythonWithPulumi(), ["-c", build], folder);
}
