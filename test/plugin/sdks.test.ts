/**
 * Promise: the schema is one for the engine, the SDKs that `npm run build:sdks` makes of it can be used, and the programs in examples/
 * and docs/_index.md run with them and the executable, in an empty folder, without Node.js.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, type TestContext, vi } from "vitest";
import type { Emulator } from "../../emulator/emulator.ts";
import { examplesFolder } from "../e2e/exampleProgram.ts";
import { createBackend } from "../engine/backend.ts";
import { runCli } from "../engine/cli.ts";
import { ensureEngine, pinnedEngineVersion, repositoryRoot } from "../engine/engine.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { engineEnvironment, isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { test } from "../fault/localEcs.ts";
import {
  builtSdks,
  generatorModule,
  installWheel,
  isOnPath,
  pythonWithPulumi,
  runTool,
  yamlLanguageHost,
} from "./sdkTools.ts";
import { standalonePlugin } from "./standalonePlugin.ts";
import { typeErrors } from "./typeErrors.ts";

// The first run downloads and compiles Go modules.
vi.setConfig({ testTimeout: 60 * 60_000, hookTimeout: 60 * 60_000 });

type Skip = TestContext["skip"];

const schemaFile = path.join(repositoryRoot, "provider/plugin/schema.json");
const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as { version: string };

test("pulumi schema check accepts the schema, and refuses a broken one", async () => {
  const backend = createBackend();
  try {
    const options = { cwd: repositoryRoot, backend };
    expect(await runCli(["schema", "check", schemaFile], options)).toMatchObject({ exitCode: 0 });
    const broken = path.join(isolateEnvironment(), "broken.json");
    writeFileSync(broken, readFileSync(schemaFile, "utf8").replaceAll(":index:Region", ":index:Regoin#"));
    expect(await runCli(["schema", "check", broken], options)).toMatchObject({ exitCode: 1 });
  } finally {
    backend.dispose();
  }
});

test("the code generators are those of the pinned engine", () => {
  const required = pinnedEngineVersion(readFileSync(path.join(generatorModule, "go.mod"), "utf8"));
  expect(required).toBe(pinnedEngineVersion());
});

describe("generated SDKs", () => {
  let sdks = "";

  beforeAll(async () => {
    // Before the environment is isolated, as the caches are in the user's home folder.
    await ensureEngine();
    if (isOnPath("go")) {
      sdks = await builtSdks();
    }
  });

  /** The folder of a generated SDK; skips the test where there is no Go, or not the tool that the test needs. */
  function sdkFor(language: string, skip: Skip, tool = "go"): string {
    for (const needed of ["go", tool]) {
      if (!isOnPath(needed)) {
        skip(`${needed} is not on PATH`);
      }
    }
    return path.join(sdks, language);
  }

  /** An empty folder. */
  const newFolder = (): string => mkdtempSync(path.join(isolateEnvironment(), "sdk-"));

  test("TypeScript: a program type-checks, and one with a wrong argument does not", ({ skip }) => {
    const sdk = newFolder();
    cpSync(sdkFor("nodejs", skip), sdk, { recursive: true });
    // The repository's own SDK and compiler; the generated configuration is for an older one.
    symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(sdk, "node_modules"), "junction");
    const errorsOf = (program: string): string[] => {
      const file = path.join(sdk, "program.ts");
      writeFileSync(file, `import * as hpc from "./index";\n${program}`);
      return typeErrors(file);
    };
    const program = `
      const assumeRole = { roleArn: "acs:ram::1:role/renderer" };
      const provider = new hpc.Provider("beijing", { region: "cn-beijing", assumeRole, endpoints: [{ ecs: "x" }] });
      const cluster = new hpc.HpcCluster("rendering", { description: "Frames" }, { provider });
      const named = new hpc.HpcCluster("named", { name: cluster.name, adopt: "hpc-1", clientToken: "t" });
      export const ids = hpc.getHpcClustersOutput({ ids: [named.id] }).clusters.apply((all) => all[0]?.regionId);
      export const region = hpc.HpcCluster.get("shared", "hpc-1", { regionId: "cn-beijing" }).regionId;
      export const endpoint = hpc.getRegions().then(({ regions }) => regions[0]?.endpoint);
      export const id = hpc.getHpcCluster({ name: "render-farm" }).then((found) => found.id);`;
    expect(errorsOf(program)).toEqual([]);
    expect(errorsOf(program.replace("description:", "descriptoin:"))).toEqual([
      expect.stringContaining("'descriptoin' does not exist in type 'HpcClusterArgs'"),
    ]);
  });

  /** The interpreter, and the folder in which the wheel is installed. */
  async function pythonWithSdk(skip: Skip): Promise<{ python: string; installed: string }> {
    sdkFor("python", skip, "python3");
    const python = await pythonWithPulumi().catch((error: unknown) =>
      skip(`the packages of Python could not be installed: ${String(error)}`),
    );
    const installed = newFolder();
    await installWheel(sdks, python, installed);
    return { python, installed };
  }

  test("Python: a program that uses everything registers what it says", async ({ skip }) => {
    const { python, installed } = await pythonWithSdk(skip);
    const program = path.join(newFolder(), "program.py");
    writeFileSync(program, pythonProgram);
    expect(JSON.parse(await runTool(python, [program], undefined, { PYTHONPATH: installed }))).toEqual({
      type: "alicloud-hpc:index:HpcCluster",
      inputs: { name: "render-farm", regionId: "cn-beijing" },
      version: schema.version,
    });
  });

  test("the wheel says which plugin it needs", async ({ skip }) => {
    const { installed } = await pythonWithSdk(skip);
    const plugin = readFileSync(path.join(installed, "pulumi_alicloud_hpc/pulumi-plugin.json"), "utf8");
    expect(JSON.parse(plugin)).toMatchObject({
      resource: true,
      name: "alicloud-hpc",
      version: schema.version,
    });
  });

  describe("a project in an empty folder, with the executable and without Node.js", () => {
    /** Its environment. The plugin is installed in a Pulumi folder of its own. */
    async function environmentFor(ecs: Emulator, backend: { url: string }): Promise<Record<string, string>> {
      const plugin = await standalonePlugin();
      const home = newFolder();
      const env = { ...engineEnvironment(backend.url), ...ecs.environment, PULUMI_HOME: home, PATH: home };
      const archive = path.join(path.dirname(plugin.executable), plugin.archive);
      const args = ["plugin", "install", "resource", "alicloud-hpc", schema.version, "--file", archive];
      await runTool((await ensureEngine()).command.command, args, home, env);
      return env;
    }

    /** Runs the commands of a pipeline one after the other, and looks at the service before and after the last. */
    async function runPipeline(
      ecs: Emulator,
      folder: string,
      prepare: (env: Record<string, string>) => Promise<Record<string, string>>,
    ): Promise<void> {
      const backend = createBackend();
      try {
        const env = { ...(await environmentFor(ecs, backend)) };
        Object.assign(env, await prepare(env));
        const run = async (...args: string[]): Promise<string> => {
          const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder, backend, env });
          expect(exitCode, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
          return stdout;
        };
        await run("stack", "init", "dev");
        await run("install");
        expect(await run("preview", "--stack", "dev")).toContain("rendering");
        expect(ecs.store.clusters()).toEqual([]);
        await run("up", "--yes", "--skip-preview", "--stack", "dev");
        expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm", description: "Nightly frames" }]);
        const id = await run("stack", "output", "clusterId", "--stack", "dev");
        expect(id.trim()).toBe(ecs.store.clusters()[0]!.hpcClusterId);
        await run("destroy", "--yes", "--stack", "dev");
        expect(ecs.store.clusters()).toEqual([]);
      } finally {
        backend.dispose();
      }
    }

    /** A copy of an example. */
    function projectOf(language: string): string {
      const folder = newFolder();
      cpSync(path.join(examplesFolder, language), folder, { recursive: true });
      return folder;
    }

    test("YAML", async ({ ecs, skip }) => {
      sdkFor("go", skip);
      const host = await yamlLanguageHost().catch((error: unknown) =>
        skip(`the language host could not be built: ${String(error)}`),
      );
      await runPipeline(ecs, projectOf("yaml"), async () => ({ PATH: path.dirname(host) }));
    });

    test("Go", async ({ ecs, skip }) => {
      const folder = projectOf("go");
      const goMod = path.join(folder, "go.mod");
      const sdk = sdkFor("go", skip);
      writeFileSync(goMod, readFileSync(goMod, "utf8").replace("../../sdk/go", sdk));
      await runTool(
        "go",
        ["build", "-mod=mod", "-trimpath", "-buildvcs=false", "-o", "program", "."],
        folder,
      );
      await using host = await LanguageHost.start({
        run: { language: "go", command: [path.join(folder, "program")] },
      });
      await runPipeline(ecs, folder, async () => host.env);
    });

    test("Java", async ({ ecs, skip }) => {
      const sdk = sdkFor("java", skip, "mvn");
      const folder = projectOf("java");
      const classes = await compiledJava(folder, sdk).catch((error: unknown) =>
        skip(`Maven could not compile: ${String(error)}`),
      );
      await using host = await LanguageHost.start({
        run: { language: "java", command: ["java", "-cp", classes, "farm.App"] },
      });
      await runPipeline(ecs, folder, async () => host.env);
    });

    // Python's language host comes with the official release alone. The SDK is one too, for a program of the Automation API.
    test("Python", async ({ ecs, skip }) => {
      const { python, installed } = await pythonWithSdk(skip);
      const folder = projectOf("python");
      const runner = path.join(newFolder(), "runner.py");
      writeFileSync(runner, pythonRunner);
      const backend = createBackend();
      try {
        const { command } = (await ensureEngine()).command;
        const env = {
          ...(await environmentFor(ecs, backend)),
          PATH: path.dirname(command),
          PYTHONPATH: installed,
        };
        await runTool(python, [runner, "preview"], folder, env);
        expect(ecs.store.clusters()).toEqual([]);
        await runTool(python, [runner, "up"], folder, env);
        expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm", description: "Nightly frames" }]);
        await runTool(python, [runner, "destroy"], folder, env);
        expect(ecs.store.clusters()).toEqual([]);
      } finally {
        backend.dispose();
      }
    });
  });

  test(".NET: the sources are generated", ({ skip }) => {
    const source = readFileSync(path.join(sdkFor("dotnet", skip), "HpcCluster.cs"), "utf8");
    expect(source).toContain("namespace Pulumi.AlicloudHpc");
  });

  test(".NET: the sources and the example compile", async ({ skip }) => {
    const folder = newFolder();
    cpSync(sdkFor("dotnet", skip, "dotnet"), path.join(folder, "sdk/dotnet"), { recursive: true });
    const example = path.join(folder, "examples/csharp");
    cpSync(path.join(examplesFolder, "csharp"), example, { recursive: true });
    await runTool("dotnet", ["build", "--nologo", "--verbosity", "quiet"], example);
  });
});

/** Compiles the program together with the sources of the SDK, and returns the class path. */
async function compiledJava(folder: string, sdk: string): Promise<string> {
  for (const kind of readdirSync(path.join(sdk, "src/main"))) {
    cpSync(path.join(sdk, "src/main", kind), path.join(folder, "src/main", kind), { recursive: true });
  }
  const classPath = path.join(folder, "class-path");
  await runTool(
    "mvn",
    ["-q", "-B", "compile", "dependency:build-classpath", `-Dmdep.outputFile=${classPath}`],
    folder,
  );
  return [path.join(folder, "target/classes"), readFileSync(classPath, "utf8").trim()].join(path.delimiter);
}

/** As Pulumi's language host of Python runs a project: its __main__.py, from the project's folder. */
const pythonRunner = `
import os, runpy, sys
from pulumi import automation as auto

sys.path.insert(0, os.getcwd())
stack = auto.create_or_select_stack(
    stack_name="dev",
    project_name="hpc-python",
    program=lambda: runpy.run_path("__main__.py", run_name="__main__") and None,
    opts=auto.LocalWorkspaceOptions(work_dir=os.getcwd()),
)
getattr(stack, sys.argv[1])(on_output=print)
`;

const pythonProgram = `
import json
import pulumi
from pulumi_alicloud_hpc import _utilities

seen = []
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        if args.typ.startswith("alicloud-hpc:"):
            seen.append({"type": args.typ, "inputs": args.inputs})
        return [args.name + "_id", args.inputs]
    def call(self, args):
        return {"clusters": [], "regions": []}

pulumi.runtime.set_mocks(Mocks())
import pulumi_alicloud_hpc as hpc

@pulumi.runtime.test
def program():
    provider = hpc.Provider("beijing", region="cn-beijing", assume_role=hpc.AssumeRoleArgs(role_arn="acs:ram::1:role/r"))
    cluster = hpc.HpcCluster("rendering", name="render-farm", region_id="cn-beijing", opts=pulumi.ResourceOptions(provider=provider))
    hpc.get_hpc_clusters_output(ids=[cluster.id])
    hpc.get_regions_output()
    hpc.get_hpc_cluster_output(name="render-farm")
    return cluster.name

program()
print(json.dumps({**seen[0], "version": _utilities.get_version()}))
`;
