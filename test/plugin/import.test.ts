/** Promise: `pulumi import` takes over clusters that exist: the next preview is empty, and the printed code compiles. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, vi } from "vitest";
import { changingCalls, failureOf } from "../e2e/ecsStack.ts";
import { repositoryRoot } from "../engine/engine.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ImportedCluster, runImport } from "./importClusters.ts";
import { type ClusterArgs, clustersInState, createPluginStack, PluginCluster } from "./pluginCluster.ts";
import { compiledGenerator, generateProgram, isOnPath, runTool } from "./sdkTools.ts";
import { typeErrors } from "./typeErrors.ts";

vi.setConfig({ testTimeout: 300_000 });

const minutes = 60_000;

/** A program with these clusters, protected as they are after an import. */
const program = (clusters: ReadonlyMap<string, ClusterArgs>) => async () => {
  for (const [name, args] of clusters) {
    new PluginCluster(name, args, { protect: true });
  }
};

test("one cluster is imported by its id, then 200 from a file: protected, with every property, and the next preview is empty", async ({
  ecs,
}) => {
  const one = { name: "render-farm", description: "Nightly frames" };
  const { hpcClusterId } = ecs.store.add(one);
  await using stack = await createPluginStack(ecs, { program: program(new Map()) });
  const single = await runImport(stack, [{ name: "rendering", id: hpcClusterId }]);
  expect(single, single.stdout + single.stderr).toMatchObject({ exitCode: 0 });
  expect(clustersInState(stack)).toMatchObject([
    {
      id: hpcClusterId,
      protect: true,
      inputs: { ...one, regionId: "cn-hangzhou" },
      outputs: { ...one, regionId: "cn-hangzhou", __accountId: ecs.accountId },
    },
  ]);

  const wanted = new Map<string, ClusterArgs>([["rendering", one]]);
  const imported: ImportedCluster[] = [];
  for (let index = 0; index < 200; index += 1) {
    const args = { name: `farm-${index}`, ...(index % 2 === 0 ? {} : { description: `Number ${index}` }) };
    imported.push({ name: `cluster-${index}`, id: ecs.store.add(args).hpcClusterId });
    wanted.set(`cluster-${index}`, args);
  }
  const many = await runImport(stack, imported);
  expect(many, many.stdout + many.stderr).toMatchObject({ exitCode: 0 });
  expect(
    clustersInState(stack)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(storedIds(ecs).toSorted());
  expect(clustersInState(stack).every(({ protect }) => protect)).toBe(true);

  stack.setProgram(program(wanted));
  await stack.preview({ expectNoChanges: true });
  await stack.up({ expectNoChanges: true });
  expect(changingCalls(ecs)).toEqual([]);

  // An imported cluster is an ordinary one from then on.
  stack.setProgram(program(new Map([...wanted, ["rendering", { ...one, name: "farm-x" }]])));
  await stack.up();
  expect(ecs.store.find(hpcClusterId)).toMatchObject({ name: "farm-x" });
  expect((await failureOf(stack.destroy())).output).toContain("protected");
});

test("an id that does not exist, or not in the region or account of the provider, is an error that names it", async ({
  ecs,
}) => {
  ecs.accounts.add({ accountId: "1000000000000002" });
  const elsewhere = ecs.store.add({ name: "elsewhere", regionId: "cn-beijing" }).hpcClusterId;
  const others = ecs.store.add({ name: "others", accountId: "1000000000000002" }).hpcClusterId;
  await using stack = await createPluginStack(ecs, { program: program(new Map()) });
  for (const id of ["hpc-doesnotexist0000", elsewhere, others, "not an id"]) {
    const { exitCode, stdout } = await runImport(stack, [{ name: "rendering", id }]);
    expect(exitCode, id).not.toBe(0);
    expect(stdout).toContain(
      `There is no HPC cluster ${id} in cn-hangzhou: check the id, the region and the account.`,
    );
  }
  expect(clustersInState(stack)).toEqual([]);
});

test(
  "the printed code compiles with the generated SDK, and with this package",
  { timeout: 60 * minutes },
  async ({ ecs, skip }) => {
    if (!isOnPath("go")) {
      skip("The code generators need Go");
    }
    const generator = await compiledGenerator();
    const clusters = ["render-farm", "farm-2"].map((name) => {
      const description = `The "${name}"\nof \${nobody}`;
      return { name, id: ecs.store.add({ name, description }).hpcClusterId };
    });
    await using stack = await createPluginStack(ecs, { program: program(new Map()) });
    const { exitCode, stdout, stderr } = await runImport(stack, clusters, (sources, loader) =>
      generateProgram(generator, sources, loader),
    );
    expect(exitCode, stdout + stderr).toBe(0);
    const code = stdout.slice(stdout.indexOf("import * as pulumi"));
    expect(code.match(/new \S+\.HpcCluster\(/g)).toHaveLength(2);
    expect(code.match(/protect: true/g)).toHaveLength(2);

    const folder = path.join(stack.workDir, "imported");
    await runTool(generator, [path.join(repositoryRoot, "provider/plugin/schema.json"), folder]);
    const modules = path.join(folder, "node_modules");
    mkdirSync(modules);
    for (const name of ["@pulumi", "@types", "typescript", "pulumi-alicloud-hpc"]) {
      symlinkSync(path.join(repositoryRoot, "node_modules", name), path.join(modules, name), "junction");
    }
    const sdk = "pulumi-alicloud-hpc-sdk";
    writeFileSync(path.join(folder, "package.json"), "{}");
    symlinkSync(path.join(folder, "nodejs"), path.join(modules, sdk), "junction");
    const errorsOf = (text: string): string[] => {
      const file = path.join(folder, "index.ts");
      writeFileSync(file, text);
      return typeErrors(file);
    };
    expect(code).toContain(`"${sdk}"`);
    expect(errorsOf(code)).toEqual([]);
    expect(errorsOf(code.replace(sdk, "pulumi-alicloud-hpc/plugin"))).toEqual([]);
    expect(errorsOf(code.replace("description:", "descriptoin:"))).toHaveLength(1);
  },
);
