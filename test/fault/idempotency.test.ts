/** What could make two clusters of one, or one of two. The truth is what the service holds, and the state file. */
import { ComponentResource, type CustomResourceOptions } from "@pulumi/pulumi";
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { describe, expect, vi } from "vitest";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { type Emulator } from "../../emulator/emulator.ts";
import { runCli } from "../engine/cli.ts";
import { type Program, type TestStack, createBackend } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";
import { tokenKeyOf } from "./providerInstance.ts";

// Many operations each; one takes ten seconds where every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const args = { name: "render-farm", description: "Nightly frames" };

/** A program with one cluster. */
const one =
  (opts?: CustomResourceOptions, more?: Partial<HpcClusterArgs>): Program =>
  async () => ({ id: new HpcCluster("rendering", { ...args, ...more }, opts).id });
const none: Program = async () => ({});

/** The ids in the state, sorted; those in the service must be the same, each once. */
function agreedIds(ecs: Emulator, ...stacks: TestStack[]): string[] {
  const inState = stacks.flatMap(clustersInState).map(({ id }) => id ?? "none");
  expect(inState.toSorted()).toEqual(storedIds(ecs).toSorted());
  return inState.toSorted();
}

const salts = (stack: TestStack) => stack.state().resources("alicloud:ClientTokenSalt");
const urnOf = (stack: TestStack) => stack.state().resource("rendering").urn;

describe("one of two", () => {
  test("two clusters of the same name and values under different parents are two", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        // A URN has its parents' types, not their names.
        for (const site of ["North", "South"]) {
          const parent = new ComponentResource(`test:index:${site}`, "site");
          new HpcCluster("rendering", args, { parent });
        }
        new HpcCluster("rendering", args);
      },
    });
    await stack.up();
    expect(new Set(agreedIds(ecs, stack)).size).toBe(3);
    expect(new Set(sentTokens(ecs)).size).toBe(3);
    expect(salts(stack)).toHaveLength(1);
    // Of the salt and the URN that the engine gave: the program has to foretell it.
    const salt = salts(stack)[0]?.outputs?.["value"];
    for (const { urn, inputs } of clustersInState(stack)) {
      expect(inputs?.["__tokenKey"], urn).toBe(tokenKeyOf(salt as string, urn));
    }
    await stack.up({ expectNoChanges: true });
  });

  test("two siblings of different names and the same values are two", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("first", args);
        new HpcCluster("second", args);
      },
    });
    await stack.up();
    expect(new Set(agreedIds(ecs, stack)).size).toBe(2);
  });

  test("the same program and stack name on two backends makes two clusters", async ({ ecs }) => {
    await using here = await createEcsStack(ecs, { program: one() });
    await using there = await createEcsStack(ecs, { program: one() });
    await here.up();
    await there.up();
    expect(urnOf(here)).toBe(urnOf(there));
    expect(new Set(agreedIds(ecs, here, there)).size).toBe(2);
  });

  test("several stacks in one process at the same time have a salt and a cluster each", async ({ ecs }) => {
    const backend = createBackend();
    try {
      const stacks = await Promise.all(
        ["dev", "staging", "production"].map((stackName) =>
          createEcsStack(ecs, { program: one(), stackName, backend }),
        ),
      );
      await Promise.all(stacks.map((stack) => stack.up()));
      expect(new Set(agreedIds(ecs, ...stacks)).size).toBe(3);
      const values = stacks.flatMap(salts).map(({ outputs }) => outputs?.["value"]);
      expect(new Set(values).size).toBe(3);
      await Promise.all(stacks.map((stack) => stack.dispose()));
    } finally {
      backend.dispose();
    }
  });

  test("one clientToken for two resources of a region is an error at preview, for two regions none", async ({
    ecs,
  }) => {
    const clientToken = "mine";
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        for (const name of ["blue", "green"]) new HpcCluster(name, { ...args, clientToken });
      },
    });
    const { output } = await failureOf(stack.preview());
    expect(output).toContain('clientToken: "mine" is used by both "blue" and "green"');
    stack.setProgram(async () => {
      for (const regionId of ["cn-beijing", "cn-hangzhou"]) {
        new HpcCluster(regionId, { ...args, clientToken, regionId });
      }
    });
    await stack.up();
    expect(new Set(agreedIds(ecs, stack)).size).toBe(2);
  });

  test("a new cluster under the old name of one that was renamed with an alias is another cluster", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("blue", args);
      },
    });
    await stack.up();
    const [first] = agreedIds(ecs, stack);
    const green = () => new HpcCluster("green", args, { aliases: [{ name: "blue" }] });
    stack.setProgram(async () => {
      green();
    });
    await stack.up();
    stack.setProgram(async () => {
      green();
      new HpcCluster("blue", args);
    });
    await stack.up();
    expect(clustersInState(stack)).toHaveLength(2);
    expect(stack.state().resource("green").id).toBe(first);
    expect(new Set(agreedIds(ecs, stack)).size).toBe(2);
  });

  test("where the new one comes first, that is an error that says how to go on", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("blue", args);
      },
    });
    await stack.up();
    const [first] = agreedIds(ecs, stack);
    const green = (dependsOn: HpcCluster[]) =>
      new HpcCluster("green", args, { aliases: [{ name: "blue" }], dependsOn });
    stack.setProgram(async () => {
      green([]);
    });
    await stack.up();
    stack.setProgram(async () => {
      green([new HpcCluster("blue", args)]);
    });
    const { output } = await failureOf(stack.up());
    expect(output).toContain(
      `The HPC cluster ${first} of this resource has just been given to a new resource`,
    );
    expect(storedIds(ecs)).toEqual([first]);

    const cli = { cwd: stack.workDir, backend: stack.backend };
    const { urn } = stack.state().resource("blue");
    const removal = await runCli(["state", "delete", urn, "--yes", "--stack", stack.stackName], cli);
    expect(removal, removal.stderr).toMatchObject({ exitCode: 0 });
    stack.setProgram(async () => {
      green([]);
      new HpcCluster("blue", args);
    });
    await stack.up();
    expect(stack.state().resource("green").id).toBe(first);
    expect(new Set(agreedIds(ecs, stack)).size).toBe(2);
  });
});

describe("two of one", () => {
  test("a rename with aliases keeps the cluster and makes nothing, also under another parent", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    const [id] = agreedIds(ecs, stack);

    stack.setProgram(async () => {
      new HpcCluster("farm", args, { aliases: [{ name: "rendering" }] });
    });
    expect(clusterOps(await stack.up())).toEqual({ farm: ["same"] });
    stack.setProgram(async () => {
      const parent = new ComponentResource("test:index:Site", "north");
      const aliases = [{ name: "farm", parent: undefined }];
      new HpcCluster("farm", args, { parent, aliases });
    });
    expect(clusterOps(await stack.up())).toEqual({ farm: ["same"] });
    expect(agreedIds(ecs, stack)).toEqual([id]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  });

  test("a lost answer to the create leaves one cluster", async ({ ecs }) => {
    const lost = ecs.faults.add({
      kind: "reset",
      action: "CreateHpcCluster",
      when: "afterCommit",
      calls: { from: 1, to: 3 },
    });
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    expect(lost.injected).toBe(3);
    expect(agreedIds(ecs, stack)).toHaveLength(1);
    expect(new Set(sentTokens(ecs)).size).toBe(1);
    await stack.up({ expectNoChanges: true });
  });

  test("a first up of the cluster alone, then of all: no change shown, and the key is stored", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    const urn = `urn:pulumi:test::hpc::pulumi-nodejs:dynamic/alicloud:HpcCluster::rendering`;
    await stack.up({ target: [urn] });
    const [id] = agreedIds(ecs, stack);
    expect(id).toMatch(/^hpc-/);
    expect(salts(stack)).toEqual([]);
    expect(clustersInState(stack)[0]?.inputs).not.toHaveProperty("__tokenKey");

    expect(clusterOps(await stack.preview())).toEqual({ rendering: ["same"] });
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
    expect(agreedIds(ecs, stack)).toEqual([id]);
    expect(salts(stack)).toHaveLength(1);
    expect(clustersInState(stack)[0]?.inputs?.["__tokenKey"]).toMatch(/^[\w-]{22}$/);
    await stack.up({ expectNoChanges: true });
  });

  test("killed between delete and create of a replacement: the next up makes one", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    const [old] = agreedIds(ecs, stack);
    const hold = ecs.hold({ action: "DeleteHpcCluster", when: "afterCommit" });
    const replacing = stack.start("up", { replace: [urnOf(stack)] });
    await hold.reached;
    replacing.kill("engine");
    hold.drop();
    await expect(replacing.result).rejects.toThrow();
    expect(storedIds(ecs)).toEqual([]);

    await stack.cancel();
    // The engine goes on warning about the operation that was under way; it does not stop for it.
    await stack.up();
    // The engine has forgotten that it was replacing: a refresh finds out that the cluster is gone.
    await stack.refresh({ clearPendingCreates: true });
    await stack.up();
    const ids = agreedIds(ecs, stack);
    expect(ids).toHaveLength(1);
    expect(ids).not.toContain(old);
    await stack.up({ expectNoChanges: true });
  });

  test("killed between delete and create of a replacement by a change: the next up makes one", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    stack.setProgram(one({}, { regionId: "cn-beijing" }));
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const replacing = stack.start("up");
    await hold.reached;
    replacing.kill("engine");
    hold.drop();
    await expect(replacing.result).rejects.toThrow();
    expect(storedIds(ecs)).toEqual([]);

    await stack.cancel();
    await stack.up();
    expect(agreedIds(ecs, stack)).toHaveLength(1);
    expect(ecs.store.clusters()).toMatchObject([{ regionId: "cn-beijing" }]);
  });
});

describe("the old for the new", () => {
  test("destroy, then up: exactly one new cluster", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    const [old] = agreedIds(ecs, stack);
    await stack.destroy();
    expect(agreedIds(ecs, stack)).toEqual([]);
    await stack.up();
    const ids = agreedIds(ecs, stack);
    expect(ids).toHaveLength(1);
    expect(ids).not.toContain(old);
  });

  test("forced replace, twice in a row: each time the old one is gone and one is new", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    const seen = agreedIds(ecs, stack);
    for (const _time of ["first", "second"]) {
      const replaced = await stack.up({ replace: [urnOf(stack)] });
      expect(clusterOps(replaced)).toEqual({
        rendering: ["delete-replaced", "replace", "create-replacement"],
      });
      const [id, ...others] = agreedIds(ecs, stack);
      expect(others).toEqual([]);
      expect(seen).not.toContain(id);
      seen.push(id!);
    }
    await stack.up({ expectNoChanges: true });
  });

  test("forced replace with deleteBeforeReplace: false: the cluster survives, and the state has it once", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: one({ deleteBeforeReplace: false }) });
    await stack.up();
    const ids = agreedIds(ecs, stack);
    const replaced = await stack.up({ replace: [urnOf(stack)] });
    expect(clusterOps(replaced)).toEqual({ rendering: ["create-replacement", "replace", "delete-replaced"] });
    expect(replaced.output).toContain(`HPC cluster ${ids[0]} is kept`);
    expect(agreedIds(ecs, stack)).toEqual(ids);
    expect(ecs.calls("DeleteHpcCluster")).toEqual([]);
    await stack.up({ expectNoChanges: true });

    // Left as it is, it really is replaced.
    stack.setProgram(one());
    await stack.up({ replace: [urnOf(stack)] });
    const [id, ...others] = agreedIds(ecs, stack);
    expect(others).toEqual([]);
    expect(ids).not.toContain(id);
  });
});

// The ten seconds of grace, and so at the same time.
describe.concurrent("gone or late", () => {
  test("removed from the program, then added again: the service replays the deleted one, and one new is made", async ({
    ecs,
    expect,
  }) => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("other", { name: "other-farm" });
        await one()();
      },
    });
    await stack.up();
    const before = clustersInState(stack).map(({ id }) => id);
    stack.setProgram(async () => {
      new HpcCluster("other", { name: "other-farm" });
    });
    await stack.up();
    stack.setProgram(async () => {
      new HpcCluster("other", { name: "other-farm" });
      await one()();
    });
    await stack.up();
    const ids = clustersInState(stack).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(ids.toSorted()).toEqual(storedIds(ecs).toSorted());
    expect(ids.filter((id) => before.includes(id))).toEqual([stack.state().resource("other").id]);
    const tokens = sentTokens(ecs);
    expect(tokens).toHaveLength(4);
    // The first generation again, then the second.
    expect(new Set(tokens).size).toBe(3);

    // A replacement in which delete comes first need not try the first two again.
    const already = sentTokens(ecs).length;
    await stack.up({ replace: [urnOf(stack)] });
    expect(sentTokens(ecs)).toHaveLength(already + 1);
    expect(
      clustersInState(stack)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(storedIds(ecs).toSorted());
  });

  test("deleted outside, refresh, up: one new cluster", async ({ ecs, expect }) => {
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    const [old] = storedIds(ecs);
    ecs.store.remove(old!);
    await stack.refresh();
    expect(clustersInState(stack)).toEqual([]);
    await stack.up();
    expect(storedIds(ecs)).toHaveLength(1);
    expect(storedIds(ecs)).not.toContain(old);
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(storedIds(ecs));
  });

  test("an explicit clientToken replayed after deletion is an error that says so", async ({
    ecs,
    expect,
  }) => {
    const program = one({}, { clientToken: "of-the-user" });
    await using stack = await createEcsStack(ecs, { program });
    await stack.up();
    const [id] = storedIds(ecs);
    expect(salts(stack)).toEqual([]);
    expect(sentTokens(ecs)).toEqual(["of-the-user"]);
    await stack.up({ expectNoChanges: true });

    stack.setProgram(none);
    await stack.up();
    stack.setProgram(program);
    const { output } = await failureOf(stack.up());
    expect(output).toContain(`answered with ${id}, which this clientToken made before, and`);
    expect(output).toMatch(/deleted since.*Give clientToken a new value, or remove it/s);
    expect(storedIds(ecs)).toEqual([]);
    expect(clustersInState(stack)).toEqual([]);

    stack.setProgram(one({}, { clientToken: "another" }));
    await stack.up();
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(storedIds(ecs));
    expect(storedIds(ecs)).toHaveLength(1);
  });

  test("a cluster that shows after three seconds is one cluster", async ({ ecs, expect }) => {
    ecs.faults.add({ kind: "lateVisible", ms: 3_000, action: "CreateHpcCluster" });
    await using stack = await createEcsStack(ecs, { program: one() });
    await stack.up();
    expect(storedIds(ecs)).toHaveLength(1);
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(storedIds(ecs));
    expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  });

  test("one that shows only after the grace: its id is in the state, and the next up goes on with it", async ({
    ecs,
    expect,
  }) => {
    const late = ecs.faults.add({ kind: "lateVisible", describes: 1_000, action: "CreateHpcCluster" });
    await using stack = await createEcsStack(ecs, { program: one() });
    const { output } = await failureOf(stack.up());
    const [id, ...others] = storedIds(ecs);
    expect(others).toEqual([]);
    expect(output).toContain(`HPC cluster ${id} has been created`);
    expect(clustersInState(stack)).toMatchObject([{ id, initErrors: [expect.stringContaining(id!)] }]);

    late.remove();
    // It shows from now on: the same cluster, put where it can be seen.
    const { name, description } = ecs.store.find(id!)!;
    ecs.store.remove(id!);
    ecs.store.add({ hpcClusterId: id!, name, description });
    await stack.up();
    expect(storedIds(ecs)).toEqual([id]);
    expect(clustersInState(stack)).toMatchObject([{ id }]);
    expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
    await stack.up({ expectNoChanges: true });
  });
});
