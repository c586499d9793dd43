/** The ways of a cluster into a stack and out of it, with the commands of docs/moving.md, and what protects it on the way. */
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import { describe, expect, vi } from "vitest";
import { commandsOf, shell } from "../e2e/documentedCommands.ts";
import { changingCalls, clustersInState, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { dynamicHost, pluginHost } from "../e2e/hosts.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import type { TestStack } from "../engine/stack.ts";
import { test } from "../fault/localEcs.ts";
import { clusterType, createPluginStack, PluginCluster } from "../plugin/pluginCluster.ts";

// Many operations each.
vi.setConfig({ testTimeout: 300_000 });

const documented = commandsOf("moving.md");
const args = { name: "farm", description: "Nightly frames" };
const held = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);

// What the program does of it is the same on both hosts; plugin/pluginLife.test.ts and e2e/account/adopt.test.ts have the plugin's part.
describe(dynamicHost.name, () => {
  const { HpcCluster, type } = dynamicHost;
  const urnIn = (stackName: string) => `urn:pulumi:${stackName}::hpc::${type}::rendering`;
  /** A stack always has another cluster too, and so a provider and a salt. */
  const program = (rendering?: HpcClusterArgs, opts?: CustomResourceOptions) => async () => {
    new HpcCluster("other", { name: "other" });
    if (rendering !== undefined) {
      new HpcCluster("rendering", rendering, opts);
    }
  };

  test("adopted, protected while the program says so, moved to another stack, and let go twice", async ({
    ecs,
  }) => {
    const { hpcClusterId: id } = ecs.store.add(args);
    await using stack = await createEcsStack(ecs, { program: program({ ...args, adopt: id }) });
    const { backend } = stack;
    await using target = await createEcsStack(ecs, { program: program(), stackName: "target", backend });
    await target.up();

    // In, and protected.
    const adoption = await stack.up();
    expect(adoption.output).not.toContain("does not protect");
    const before = changingCalls(ecs);
    expect(before.map(({ action, params }) => [action, params["Name"]])).toEqual([
      ["CreateHpcCluster", "other"],
      ["CreateHpcCluster", "other"],
    ]);
    expect(held(stack)).toContain(id);
    stack.setProgram(program());
    expect((await failureOf(stack.up())).output).toContain("protected");
    // The protection goes with `adopt`, which preview says.
    stack.setProgram(program(args));
    const warning = new RegExp(`warning: adopt has been removed from the program.*${id}.*protect: true`);
    expect((await stack.preview()).output).toMatch(warning);
    expect((await stack.up()).output).toMatch(warning);

    // To another stack.
    const places = { source: "test", destination: "target", urn: urnIn("test") };
    await shell(stack, documented("pulumi state move --source", places));
    stack.setProgram(program());
    target.setProgram(program(args));
    await stack.up({ expectNoChanges: true });
    await target.up({ expectNoChanges: true });
    expect(held(target)).toContain(id);

    // Out.
    await shell(target, documented("pulumi state delete '", { urn: urnIn("target") }));
    expect(held(target)).not.toContain(id);

    // In again, and out by an option.
    target.setProgram(program({ ...args, adopt: id }, { protect: false, retainOnDelete: true }));
    await target.up();
    expect(held(target)).toContain(id);
    target.setProgram(program());
    await target.up();
    expect(held(target)).not.toContain(id);

    expect(changingCalls(ecs)).toEqual(before);
    expect(ecs.store.find(id)).toMatchObject(args);
  });
});

test(`${pluginHost.name}: imported, and adopted in a language where adopt does not protect`, async ({
  ecs,
}) => {
  const [imported, adopted] = ["one", "two"].map((name) => ecs.store.add({ name }).hpcClusterId);
  await using stack = await createPluginStack(ecs, { program: async () => {} });
  await using languageHost = await LanguageHost.start();
  await shell(stack, documented(`pulumi import ${clusterType} rendering`, { id: imported! }), {
    ...languageHost.env,
    ...ecs.environment,
    PULUMI_OPTION_YES: "true",
  });
  expect(clustersInState(stack)).toMatchObject([{ id: imported, protect: true }]);
  stack.setProgram(async () => {
    new PluginCluster("rendering", { name: "one" }, { protect: true });
    new PluginCluster("other", { name: "two", adopt: adopted! });
  });
  const { output } = await stack.up();
  expect(output).toMatch(
    new RegExp(`warning: adopt does not protect the HPC cluster ${adopted}.*protect: true`),
  );
  expect(held(stack).toSorted()).toEqual([imported, adopted].toSorted());
  expect(changingCalls(ecs)).toEqual([]);
});
