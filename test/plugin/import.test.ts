/** Promise: `pulumi import` takes over clusters that exist: the next preview is empty, and the printed code compiles. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc/plugin";
import { expect, vi } from "vitest";
import { changingCalls, clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import type { TestStack } from "../engine/stack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ImportedCluster, runImport } from "./importClusters.ts";
import { type ClusterArgs, createPluginStack, PluginCluster, providerArgs } from "./pluginCluster.ts";
import { compiledGenerator, generateProgram, isOnPath } from "./sdkTools.ts";
import { typeErrors } from "./typeErrors.ts";

vi.setConfig({ testTimeout: 300_000 });

const minutes = 60_000;

/** A program with these clusters, protected as they are after an import. */
const program = (clusters: ReadonlyMap<string, ClusterArgs>) => async () => {
  for (const [name, args] of clusters) {
    new PluginCluster(name, args, { protect: true });
  }
};

test("one cluster is imported by its id, then 101 from a file: protected, with every property, and the next preview is empty", async ({
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
  for (let index = 0; index < 101; index += 1) {
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
  expect(changingCalls(ecs)).toEqual([]);

  // An imported cluster is an ordinary one from then on.
  stack.setProgram(program(new Map([...wanted, ["rendering", { ...one, name: "farm-x" }]])));
  await stack.up();
  expect(changingCalls(ecs)).toHaveLength(1);
  expect(ecs.store.find(hpcClusterId)).toMatchObject({ name: "farm-x" });
});

// Of another account, and one that does not exist: rpc.test.ts.
test("an id that is not in the region of the provider is an error that names it", async ({ ecs }) => {
  const { hpcClusterId: id } = ecs.store.add({ name: "elsewhere", regionId: "cn-beijing" });
  await using stack = await createPluginStack(ecs, { program: program(new Map()) });
  const { exitCode, stdout } = await runImport(stack, [{ name: "rendering", id }]);
  expect(exitCode).not.toBe(0);
  expect(stdout).toContain(
    `There is no HPC cluster ${id} in cn-hangzhou: check the id, the region and the account.`,
  );
  expect(clustersInState(stack)).toEqual([]);
});

/** The compiler's errors in a program of a user who has installed this package. */
function errorsIn(stack: TestStack, program: string): string[] {
  const file = path.join(stack.workDir, "index.ts");
  writeFileSync(file, program);
  return typeErrors(file);
}

test(
  "in a stack with alicloud:*, as docs/plugin.md says: the printed code compiles as printed, and the next preview changes no cluster",
  { timeout: 60 * minutes },
  async ({ ecs, skip }) => {
    if (!isOnPath("go")) {
      skip("The code generators need Go");
    }
    const generator = await compiledGenerator();
    const options = {
      generate: (sources: Record<string, string>, loader: string) =>
        generateProgram(generator, sources, loader),
    };
    const wanted = Object.fromEntries(
      ["rendering", "second", "beside", "declared"].map((resource) => [
        resource,
        { name: `farm-${resource}`, description: `The "${resource}"\nof \${nobody}` },
      ]),
    );
    const clusters = Object.entries(wanted).map(([name, args]) => ({
      name,
      id: ecs.store.add(args).hpcClusterId,
    }));
    const [rendering, second, beside, declared] = clusters as [
      ImportedCluster,
      ImportedCluster,
      ImportedCluster,
      ImportedCluster,
    ];
    const declaring = (resources: readonly ImportedCluster[], toImport?: ImportedCluster) => async () => {
      const studio = new Provider("studio", providerArgs(ecs));
      for (const resource of resources) {
        new HpcCluster(resource.name, wanted[resource.name], {
          protect: true,
          ...(resource === beside ? { provider: studio } : {}),
          ...(resource === toImport ? { import: resource.id } : {}),
        });
      }
    };
    await using stack = await createEcsStack(ecs, { program: declaring([]) });

    // The engine's default provider does not see alicloud:*.
    const refused = await runImport(stack, [rendering]);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stdout).toMatch(
      /regionId is required.*set alicloud-hpc:region.*environment: ALICLOUD_REGION/,
    );
    expect(refused.stdout).toMatch(/The stack's `alicloud:\*` counts only .* not for `pulumi import`/);

    const { region, accessKey, secretKey } = providerArgs(ecs);
    const env = {
      ALICLOUD_REGION: region!,
      ALICLOUD_ACCESS_KEY: accessKey!,
      ALICLOUD_SECRET_KEY: secretKey!,
      ECS_ENDPOINT: ecs.endpoint,
    };
    const inEnvironment = await runImport(stack, [rendering, second], { ...options, env });
    expect(inEnvironment, inEnvironment.stdout + inEnvironment.stderr).toMatchObject({ exitCode: 0 });
    const code = codeIn(inEnvironment.stdout);
    expect(code).toContain('from "pulumi-alicloud-hpc/plugin"');
    expect(code.match(/new \S+\.HpcCluster\(/g)).toHaveLength(2);
    expect(code.match(/protect: true/g)).toHaveLength(2);
    // As printed there is no error: the compiler finds one planted here, and no other.
    expect(errorsIn(stack, code.replace("description:", "descriptoin:"))).toEqual([
      expect.stringContaining("descriptoin"),
    ]);
    stack.setProgram(declaring([rendering, second]));
    await stack.up();

    // With a provider of the program, which the printed code then needs.
    const urn = "urn:pulumi:test::hpc::pulumi:providers:alicloud-hpc::studio";
    const args = ["--provider", `studio=${urn}`];
    const explicit = await runImport(stack, [beside], { ...options, args });
    expect(explicit, explicit.stdout + explicit.stderr).toMatchObject({ exitCode: 0 });
    const imports = 'import { Provider } from "pulumi-alicloud-hpc/plugin";\n';
    const declaration = 'const studio = new Provider("studio", { region: "cn-hangzhou" });\n';
    const [, head = "", body = ""] = /^([^]*?)(const [^]*)$/.exec(codeIn(explicit.stdout)) ?? [];
    expect(errorsIn(stack, head + imports + declaration + body)).toEqual([]);

    // With the resource option, which takes the program's own provider.
    stack.setProgram(declaring(clusters, declared));
    await stack.up();
    stack.setProgram(declaring(clusters));
    await stack.up({ expectNoChanges: true });
    expect(changingCalls(ecs)).toEqual([]);
    expect(clustersInState(stack)).toHaveLength(clusters.length);
  },
);

/** The program that `pulumi import` has printed. */
function codeIn(printed: string): string {
  return printed.slice(printed.indexOf("import * as pulumi"));
}
