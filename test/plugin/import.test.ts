/** Promise: `pulumi import` takes over clusters that exist: the next preview is empty, and the printed code compiles. */
import { expect, vi } from "vitest";
import { changingCalls, failureOf } from "../e2e/ecsStack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ImportedCluster, runImport } from "./importClusters.ts";
import { type ClusterArgs, clustersInState, createPluginStack, PluginCluster } from "./pluginCluster.ts";

vi.setConfig({ testTimeout: 300_000 });

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
