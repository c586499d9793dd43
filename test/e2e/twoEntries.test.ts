/**
 * A cluster belongs to one entry of a state, where that depends on the real engine: its order, its previews, its processes. Every
 * program and order, on both hosts: fault/core/heldClusters.test.ts; every stop: fault/core/crashPoints.test.ts.
 */
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import type { CustomResource, CustomResourceOptions } from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import type { TestStack } from "../engine/stack.ts";
import { clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";
import { dynamicHost, type Host, pluginHost } from "./hosts.ts";

let ecs: Emulator;
beforeEach(async () => {
  ecs = await startEmulator();
});
afterEach(() => ecs.stop());

/** The names and ids in the state. */
const held = (stack: TestStack) =>
  clustersInState(stack).map(({ urn, id }) => [urn.slice(urn.lastIndexOf("::") + 2), id]);
const live = () => ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
const urnOf = (name: string) => `urn:pulumi:test::hpc::${dynamicHost.type}::${name}`;

type Declaration = [name: string, args: HpcClusterArgs, opts?: CustomResourceOptions];
const program =
  ({ HpcCluster }: Host, ...declarations: Declaration[]) =>
  async () => {
    for (const [name, args, opts] of declarations) {
      new HpcCluster(name, args, opts);
    }
  };

test("a clientToken that moves to another resource and host keeps its cluster, with a warning", async () => {
  const args = { name: "farm", clientToken: "mine" };
  await using stack = await createEcsStack(ecs, { program: program(dynamicHost, ["old", args]) });
  await stack.up();
  const before = live();
  // The provider processes of both hosts tell each other what they hold.
  stack.setProgram(program(pluginHost, ["new", args]));
  const { output } = await stack.up();
  expect(live()).toEqual(before);
  expect(held(stack)).toEqual([["new", before[0]]]);
  expect(output).toMatch(/warning: .*hpc-\w+ is kept.*the resource "new" holds it/);
});

// With the plugin, after two imports: plugin/providerIds.test.ts.
test("two entries with one cluster are an error at preview that names both and the way out; the old one goes without the cluster", async () => {
  const args = { name: "farm", clientToken: "mine" };
  await using stack = await createEcsStack(ecs, { program: program(dynamicHost, ["old", args]) });
  await stack.up();
  stack.setProgram(program(dynamicHost, ["new", args]));
  // As a run that did not reach the deletion of the old entry.
  await stack.up({ target: [urnOf("new")] });
  const before = live();
  expect(before).toHaveLength(1);
  stack.setProgram(program(dynamicHost, ["old", { name: "farm" }], ["new", { name: "farm" }]));
  const { output } = await failureOf(stack.preview());
  expect(output).toMatch(
    /hpc-\w+ belongs to both (the resource )?"(old|new)" and (the resource )?"(old|new)"/,
  );
  expect(output).toContain(`pulumi state delete '${urnOf("old")}'`);
  expect(output).toContain(`pulumi state delete '${urnOf("new")}'`);
  stack.setProgram(program(dynamicHost, ["new", args]));
  await stack.up();
  expect(live()).toEqual(before);
  expect(held(stack)).toEqual([["new", before[0]]]);
});

test("a new resource with the old name of a renamed one that depends on it gets a cluster of its own", async () => {
  const { HpcCluster } = dynamicHost;
  await using stack = await createEcsStack(ecs, {
    program: program(dynamicHost, ["main", { name: "prod" }]),
  });
  await stack.up();
  stack.setProgram(program(dynamicHost, ["blue", { name: "prod-blue" }, { aliases: [{ name: "main" }] }]));
  await stack.up();
  stack.setProgram(async () => {
    const main = new HpcCluster("main", { name: "prod" });
    new HpcCluster("blue", { name: "prod-blue" }, { dependsOn: [main] });
  });
  await stack.up();
  const ids = held(stack).map(([, id]) => id);
  expect(new Set(ids).size).toBe(2);
  expect(live().sort()).toEqual(ids.sort());
});

test("adopting the cluster of a resource that depends on the new one is refused at preview", async () => {
  const { HpcCluster } = dynamicHost;
  await using stack = await createEcsStack(ecs, {
    program: program(dynamicHost, ["holder", { name: "farm" }]),
  });
  await stack.up();
  const [id] = live();
  stack.setProgram(async () => {
    const adopter: CustomResource = new HpcCluster("adopter", { name: "farm", adopt: id! });
    new HpcCluster("holder", { name: "farm" }, { dependsOn: [adopter] });
  });
  const { output } = await failureOf(stack.preview());
  expect(output).toContain(id);
  expect(output).toMatch(/"(holder|adopter)" and "(holder|adopter)"/);
});

test("a cluster that an interrupted run left is named at the resource by preview and up, and none that the stack has", async () => {
  const { type } = pluginHost;
  // The engine checks the new one first.
  const sibling: Declaration = ["sibling", { name: "farm", description: "build 1" }];
  await using stack = await createEcsStack(ecs, { program: program(pluginHost, sibling) });
  await stack.up();
  const left = ecs.store.add({ name: "farm", description: "build 1" });
  stack.setProgram(program(pluginHost, ["farm", { name: "farm", description: "build 2" }], sibling));
  for (const run of [() => stack.preview(), () => stack.up()]) {
    const { events } = await run();
    const warnings = events.flatMap(({ diagnosticEvent }) =>
      diagnosticEvent?.severity === "warning" ? [diagnosticEvent] : [],
    );
    expect(warnings).toMatchObject([
      {
        urn: `urn:pulumi:test::hpc::${type}::farm`,
        message: expect.stringMatching(new RegExp(`"farm": ${left.hpcClusterId}. .*look whose it is`)),
      },
    ]);
  }
});
