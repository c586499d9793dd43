/**
 * Which resource has which cluster, where that depends on the engine: its URNs, its order, its state after a crash. The service
 * and the state file have the last word. With the plugin: plugin/providerIds.test.ts; every stop: core/crashPoints.test.ts.
 */
import { ComponentResource, type Resource } from "@pulumi/pulumi";
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import { describe, expect, vi } from "vitest";
import { clientTokenOf, tokenKeyOf, tokenSeriesOf } from "../../provider/cluster/clientToken.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { dynamicHost } from "../e2e/hosts.ts";
import type { Emulator } from "../../emulator/emulator.ts";
import { runCli } from "../engine/cli.ts";
import { createBackend, type Program, type TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";

// Many operations each. An operation takes ten seconds if every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const args = { name: "render-farm", description: "Nightly frames" };

/** The ids in the states, sorted; the service has the same, each once. */
function agreedIds(ecs: Emulator, ...stacks: TestStack[]): string[] {
  const inState = stacks
    .flatMap(clustersInState)
    .map(({ id }) => id ?? "none")
    .toSorted();
  expect(inState).toEqual(storedIds(ecs).toSorted());
  return inState;
}

const urnOf = (stack: TestStack) => stack.state().resource("rendering").urn;
const idOf = (stack: TestStack, name: string) => stack.state().resource(name).id;

const { HpcCluster, type } = dynamicHost;
/** A program with one cluster. */
const one =
  (more?: Partial<HpcClusterArgs>): Program =>
  async () => ({ id: new HpcCluster("rendering", { ...args, ...more }).id });

const salts = (stack: TestStack): string[] =>
  stack
    .state()
    .resources("alicloud:ClientTokenSalt")
    .map(({ outputs }) => outputs?.["value"] as string);

describe("clusters with the same values", () => {
  test("are one for each resource, under any parent, and stay with a resource that is renamed", async ({
    ecs,
  }) => {
    const clientToken = "explicit";
    const declareOthers = (): void => {
      // A URN has the types of the parents, not their names.
      for (const site of ["North", "South"]) {
        const parent = new ComponentResource(`test:index:${site}`, "site");
        new HpcCluster("rendering", args, { parent });
      }
      for (const regionId of ["cn-beijing", "cn-hangzhou"]) {
        new HpcCluster(regionId, { ...args, clientToken, regionId });
      }
    };
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        declareOthers();
        new HpcCluster("first", args);
        new HpcCluster("second", args);
      },
    });
    await stack.up();
    const ids = agreedIds(ecs, stack);
    expect(ids).toHaveLength(6);
    expect(salts(stack)).toHaveLength(1);
    for (const { urn, inputs } of clustersInState(stack).filter(
      (cluster) => !cluster.inputs?.["clientToken"],
    )) {
      // The program has to predict the URN that the engine gives.
      const series = tokenSeriesOf(tokenKeyOf(salts(stack)[0]!, urn), {
        Name: args.name,
        RegionId: String(inputs?.["regionId"]),
        Description: args.description,
      });
      expect(sentTokens(ecs), urn).toContain(clientTokenOf(series, 0));
    }

    const [first, second] = [idOf(stack, "first"), idOf(stack, "second")];
    const declareRenamed = (dependsOn: Resource[] = []): Resource[] => {
      const parent = new ComponentResource("test:index:Site", "site");
      return [
        new HpcCluster("renamed", args, { aliases: [{ name: "first" }] }),
        new HpcCluster("moved", args, {
          parent,
          aliases: [{ name: "second", parent: undefined }],
          dependsOn,
        }),
      ];
    };
    stack.setProgram(async () => {
      declareOthers();
      declareRenamed();
    });
    const { steps } = await stack.up();
    expect(new Set(Object.values(clusterOps({ steps })).flat())).toEqual(new Set(["same"]));
    expect(agreedIds(ecs, stack)).toEqual(ids);
    expect(idOf(stack, "renamed")).toBe(first);
    expect(idOf(stack, "moved")).toBe(second);

    // A new resource with a name that a renamed one had. The engine creates it before it shows the provider the renamed one.
    stack.setProgram(async () => {
      declareOthers();
      declareRenamed([new HpcCluster("second", args)]);
    });
    const before = storedIds(ecs);
    const failure = await failureOf(stack.up());
    expect(failure.output).toContain(
      `The HPC cluster ${second} of this resource has just been given to the resource "second" as well`,
    );
    expect(storedIds(ecs)).toEqual(before);
    const cli = { cwd: stack.workDir, backend: stack.backend };
    const { urn } = stack.state().resource("second");
    const removal = await runCli(["state", "delete", urn, "--yes", "--stack", stack.stackName], cli);
    expect(removal, removal.stderr).toMatchObject({ exitCode: 0 });
    // As the error message advises. Declared later is not enough: a resource with a parent registers later than one without.
    stack.setProgram(async () => {
      declareOthers();
      const dependsOn = declareRenamed();
      new HpcCluster("first", args, { dependsOn });
      new HpcCluster("second", args, { dependsOn });
    });
    await stack.up();
    expect(agreedIds(ecs, stack)).toHaveLength(ids.length + 2);
    expect(idOf(stack, "renamed")).toBe(first);
    expect(idOf(stack, "moved")).toBe(second);
  });

  test("are one for each stack and each backend, also if one process runs the stacks at the same time", async ({
    ecs,
  }) => {
    const backend = createBackend();
    try {
      const stacks = await Promise.all([
        ...["test", "staging"].map((stackName) =>
          createEcsStack(ecs, { program: one(), stackName, backend }),
        ),
        createEcsStack(ecs, { program: one(), stackName: "test" }),
      ]);
      await Promise.all(stacks.map((stack) => stack.up()));
      expect(urnOf(stacks[2]!)).toBe(urnOf(stacks[0]));
      expect(agreedIds(ecs, ...stacks)).toHaveLength(3);
      expect(new Set(stacks.flatMap(salts)).size).toBe(3);
      await Promise.all(stacks.map((stack) => stack.dispose()));
    } finally {
      backend.dispose();
    }
  });
});

describe("one cluster stays one", () => {
  test("if the first `up` has only the cluster as its target, and so no salt", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up({ target: [`urn:pulumi:test::hpc::${type}::rendering`] });
    const ids = agreedIds(ecs, stack);
    expect(ids).toHaveLength(1);
    expect(salts(stack)).toEqual([]);
    expect(clustersInState(stack)[0]?.inputs).not.toHaveProperty("__tokenKey");

    expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
    expect(agreedIds(ecs, stack)).toEqual(ids);
    expect(salts(stack)).toHaveLength(1);
    expect(clustersInState(stack)[0]?.inputs?.["__tokenKey"]).toMatch(/^[\w-]{22}$/);
  });

  // A forced replacement leaves the engine's state as a deletion does: kill.test.ts.
  test("if the engine is killed between the deletion and the creation of a replacement", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    stack.setProgram(one({ regionId: "cn-beijing" }));
    const atCreate = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const changing = stack.start("up");
    await atCreate.reached;
    changing.kill("engine");
    atCreate.drop();
    // The provider outlives the engine for a moment, and may repeat the call.
    await expect(changing.result).rejects.toThrow();
    expect(clustersInState(stack)).toMatchObject([{ pendingReplacement: true }]);
    await stack.cancel();
    await stack.up();
    expect(agreedIds(ecs, stack)).toHaveLength(1);
    expect(ecs.store.clusters()).toMatchObject([{ regionId: "cn-beijing" }]);
    // Each of the two creations had a token of its own.
    expect(new Set(sentTokens(ecs)).size).toBe(2);
  });
});
