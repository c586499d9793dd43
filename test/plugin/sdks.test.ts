/** Promise: the schema is one for the engine, and the SDKs that its code generators make of it can be used. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, type TestContext, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { createBackend } from "../engine/backend.ts";
import { runCli } from "../engine/cli.ts";
import { ensureEngine, pinnedEngineVersion, repositoryRoot } from "../engine/engine.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { createStack } from "../engine/stack.ts";
import { pluginConfiguration } from "./pluginCluster.ts";
import { compiledGenerator, generatorModule, isOnPath, pythonWithPulumi, runTool } from "./sdkTools.ts";
import { typeErrors } from "./typeErrors.ts";

const schemaFile = path.join(repositoryRoot, "provider/plugin/schema.json");

const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as { version: string };

/** The first run downloads and compiles Go modules. */
const minutes = 60_000;

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

describe("generated SDKs", { timeout: 60 * minutes }, () => {
  let sdks = "";

  beforeAll(async () => {
    if (isOnPath("go")) {
      sdks = path.join(isolateEnvironment(), "sdks");
      await runTool(await compiledGenerator(), [schemaFile, sdks]);
    }
  }, 60 * minutes);

  /** The folder of a generated SDK; skips the test where there is no Go, or not the tool that the test needs. */
  function sdkFor(language: string, context: TestContext, tool = "go"): string {
    for (const needed of ["go", tool]) {
      if (!isOnPath(needed)) {
        context.skip(`${needed} is not on PATH`);
      }
    }
    return path.join(sdks, language);
  }

  test("TypeScript: a program type-checks, and one with a wrong argument does not", (context) => {
    const sdk = sdkFor("nodejs", context);
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

  /** The interpreter, and the folder in which the generated package is installed. */
  async function pythonWithSdk(
    context: TestContext,
  ): Promise<{ python: string; sdk: string; installed: string }> {
    const sdk = sdkFor("python", context, "python3");
    const python = await pythonWithPulumi().catch((error: unknown) =>
      context.skip(`the packages of Python could not be installed: ${String(error)}`),
    );
    const installed = path.join(sdk, "installed");
    if (!existsSync(installed)) {
      await runTool(python, [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"],
        ...["--no-build-isolation", "--target", installed, sdk],
      ]);
    }
    return { python, sdk, installed };
  }

  test("Python: a program runs on the real engine, from up to destroy", async (context) => {
    const { python, installed } = await pythonWithSdk(context);
    const ecs = await startEmulator();
    // An inline program: Python's SDK is its own language host. The stack has the settings of a Python user.
    await using stack = await createStack({
      program: () => Promise.reject(new Error("The program is the Python one.")),
      config: pluginConfiguration(ecs),
    });
    const program = path.join(stack.workDir, "program.py");
    writeFileSync(program, pythonLife(installed));
    const { command } = (await ensureEngine()).command;
    const { PATH, ...others } = stack.automation.workspace.envVars;
    const variables = { ...others, PATH: [path.dirname(command), PATH].join(path.delimiter) };
    try {
      await runTool(python, [program], stack.workDir, { ...variables, OPERATION: "up" });
      expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm", regionId: "cn-hangzhou" }]);
      expect(stack.state().resource("rendering")).toMatchObject({
        id: ecs.store.clusters()[0]!.hpcClusterId,
        type: "alicloud-hpc:index:HpcCluster",
      });
      await runTool(python, [program], stack.workDir, { ...variables, OPERATION: "destroy" });
      expect(ecs.store.clusters()).toEqual([]);
    } finally {
      await ecs.stop();
    }
  });

  test("Python: a program that uses everything registers what it says", async (context) => {
    const { python, sdk, installed } = await pythonWithSdk(context);
    const program = path.join(sdk, "program.py");
    writeFileSync(program, pythonProgram(installed));
    expect(JSON.parse(await runTool(python, [program]))).toEqual({
      type: "alicloud-hpc:index:HpcCluster",
      inputs: { name: "render-farm", regionId: "cn-beijing" },
      version: schema.version,
    });
  });

  test("Go: the packages compile", async (context) => {
    const sdk = sdkFor("go", context);
    // The generator's module requires all that the SDK needs, in the versions of the engine.
    const goMod = readFileSync(path.join(generatorModule, "go.mod"), "utf8");
    writeFileSync(
      path.join(sdk, "go.mod"),
      goMod.replace(/^module .*$/m, "module pulumi-alicloud-hpc/sdk/go"),
    );
    writeFileSync(path.join(sdk, "go.sum"), readFileSync(path.join(generatorModule, "go.sum")));
    const program = path.join(sdk, "program");
    mkdirSync(program);
    writeFileSync(path.join(program, "main.go"), goProgram);
    await runTool("go", ["build", "-mod=mod", "-trimpath", "-buildvcs=false", "./..."], sdk);
  });

  test(".NET: the sources are generated", (context) => {
    const source = readFileSync(path.join(sdkFor("dotnet", context), "HpcCluster.cs"), "utf8");
    expect(source).toContain("namespace Pulumi.AlicloudHpc");
  });

  test(".NET: the sources compile", async (context) => {
    const sdk = sdkFor("dotnet", context, "dotnet");
    await runTool("dotnet", ["build", "--nologo", "--verbosity", "quiet"], sdk);
  });
});

const pythonLife = (installed: string): string => `
import os, sys
sys.path.insert(0, ${JSON.stringify(installed)})
from pulumi import automation as auto, export
import pulumi_alicloud_hpc as hpc

def program():
    cluster = hpc.HpcCluster("rendering", name="render-farm", description="Nightly frames")
    export("id", cluster.id)

stack = auto.select_stack(
    stack_name="test", project_name="hpc", program=program, opts=auto.LocalWorkspaceOptions(work_dir=os.getcwd())
)
getattr(stack, os.environ["OPERATION"])(on_output=print)
`;

const pythonProgram = (installed: string): string => `
import json, sys
sys.path.insert(0, ${JSON.stringify(installed)})
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

const goProgram = `package main

import (
	"pulumi-alicloud-hpc/sdk/go/alicloudhpc"
	_ "pulumi-alicloud-hpc/sdk/go/alicloudhpc/config"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cluster, err := alicloudhpc.NewHpcCluster(ctx, "rendering", &alicloudhpc.HpcClusterArgs{
			Name: pulumi.String("render-farm"),
		})
		if err != nil {
			return err
		}
		found, err := alicloudhpc.GetHpcClusters(ctx, &alicloudhpc.GetHpcClustersArgs{Ids: []string{"hpc-1"}})
		if err != nil {
			return err
		}
		ctx.Export("id", cluster.ID())
		ctx.Export("count", pulumi.Int(len(found.Clusters)))
		return nil
	})
}
`;
