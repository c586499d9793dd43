/**
 * Promises: adopt takes over an existing cluster without a change, only where the program describes it as it is, and only
 * for one resource; afterwards it is an ordinary cluster.
 */
import { type HpcClusterArgs, getHpcClusterOutput } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type StoredCluster, startEmulator } from "../../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, createEcsStack, failureOf } from "../ecsStack.ts";
import { dynamicHost, pluginHost } from "../hosts.ts";
import { errorsIn } from "./diagnostics.ts";

const archive = "1000000000000002";
let ecs: Emulator;
/** Made by hand, and to be taken over. */
let existing: StoredCluster;
beforeEach(async () => {
  ecs = await startEmulator({ accounts: [{ accountId: "1000000000000001" }, { accountId: archive }] });
  existing = ecs.store.add({ name: "render-farm", description: "By hand" });
});
afterEach(() => ecs.stop());

/** Not protected, so that the cluster can be deleted at the end; twoEntries.test.ts tests the protection. */
const unprotected = { protect: false };
const asItIs = (): HpcClusterArgs => ({
  name: "render-farm",
  description: "By hand",
  adopt: existing.hpcClusterId,
});
const callsOf = (action: string) => changingCalls(ecs).filter((call) => call.action === action);

describe(dynamicHost.name, () => {
  const { HpcCluster } = dynamicHost;
  const program =
    (args: HpcClusterArgs, resource = "rendering") =>
    async () => {
      const cluster = new HpcCluster(resource, args, unprotected);
      return { id: cluster.id, requestId: cluster.requestId };
    };

  test("one resource adopts the cluster without creating one; afterwards it is an ordinary cluster, with and without adopt", async () => {
    const { hpcClusterId } = existing;
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("rendering", asItIs(), unprotected);
        new HpcCluster("nightly", asItIs(), unprotected);
      },
    });
    const { output } = await failureOf(stack.up());
    expect(output).toContain(
      `the HPC cluster ${hpcClusterId} cannot belong to both "rendering" and "nightly"`,
    );
    expect(output).not.toMatch(/^\s+at .*\.js/m);
    expect(ecs.store.clusters()).toEqual([existing]);

    // The next run starts anew.
    stack.setProgram(program(asItIs()));
    const { outputs } = await stack.up();
    expect(outputs["id"]?.value).toBe(hpcClusterId);
    expect(outputs["requestId"]?.value).toBeUndefined();
    expect(changingCalls(ecs)).toEqual([]);
    expect(clustersInState(stack)).toMatchObject([
      { id: hpcClusterId, outputs: { hpcClusterId, name: "render-farm", description: "By hand" } },
    ]);
    expect(ecs.store.clusters()).toEqual([existing]);

    // Another program is an update now, and no reason against adopting.
    const changed = { name: "render-farm", description: "By Pulumi" };
    stack.setProgram(program({ ...changed, adopt: "hpc-0000000000000000" }));
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
    expect(ecs.store.clusters()).toEqual([{ ...existing, description: "By Pulumi" }]);

    stack.setProgram(program(changed));
    await stack.up({ expectNoChanges: true });

    // Renamed without an alias, the resource adopts again what the old name would delete.
    stack.setProgram(program({ ...changed, adopt: hpcClusterId }, "renamed"));
    expect((await stack.up()).output).toMatch(/warning: .* is kept.*"renamed" holds it/);
    expect(ecs.store.clusters()).toEqual([{ ...existing, description: "By Pulumi" }]);
    expect(clustersInState(stack)).toMatchObject([{ id: hpcClusterId }]);

    await stack.destroy();
    expect(ecs.store.clusters()).toEqual([]);
    expect(callsOf("CreateHpcCluster")).toEqual([]);
    expect(callsOf("DeleteHpcCluster")).toHaveLength(1);
  });

  // Other differences: test/unit/lifecycle.test.ts.
  test("preview and up fail property by property where the program differs, and change nothing", async () => {
    const { hpcClusterId: elsewhere } = ecs.store.add({
      name: "render-farm",
      description: "By hand",
      regionId: "cn-beijing",
    });
    const before = ecs.store.clusters();
    const id = existing.hpcClusterId;
    await using stack = await createEcsStack(ecs, {
      program: program({ ...asItIs(), name: "farm", description: "by hand" }),
    });
    expect(errorsIn(await failureOf(stack.preview()))).toEqual(
      [
        new RegExp(`property name .*adopted cluster ${id}, "render-farm", but is "farm"`),
        new RegExp(`property description .*adopted cluster ${id}, "By hand", but is "by hand"`),
      ].map((message) => ({ resource: "rendering", message: expect.stringMatching(message) })),
    );
    stack.setProgram(program({ ...asItIs(), adopt: elsewhere }));
    expect((await failureOf(stack.up())).output).toMatch(
      new RegExp(`property adopt .*no HPC cluster ${elsewhere} in cn-hangzhou`),
    );
    expect(clustersInState(stack)).toEqual([]);
    expect(ecs.store.clusters()).toEqual(before);
    expect(changingCalls(ecs)).toEqual([]);
  });
});

describe(pluginHost.name, () => {
  const { HpcCluster, Provider } = pluginHost;

  test("the id, and what it is compared with, may be unknown in the first preview", async () => {
    const ids: Record<string, string> = { "cn-hangzhou": existing.hpcClusterId };
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const first = new HpcCluster("first", { name: "first" });
        const cluster = new HpcCluster("rendering", {
          name: "render-farm",
          description: first.id.apply(() => "By hand"),
          adopt: first.regionId
            .apply((regionId) => ids[regionId] ?? "")
            .apply((id) => first.id.apply(() => id)),
        });
        const farms = getHpcClusterOutput({ name: "found-by-name" });
        new HpcCluster("found", { name: farms.name, description: "Found", adopt: farms.id });
        return { id: cluster.id };
      },
    });
    const found = ecs.store.add({ name: "found-by-name", description: "Found" });
    expect(clusterOps(await stack.preview())).toEqual({
      first: ["create"],
      rendering: ["create"],
      found: ["create"],
    });
    expect((await stack.up()).outputs["id"]?.value).toBe(existing.hpcClusterId);
    expect(stack.state().resource("found").id).toBe(found.hpcClusterId);
    expect(callsOf("CreateHpcCluster")).toMatchObject([{ params: { Name: "first" } }]);
  });

  test("a cluster of another account is adopted with that account's provider, and not without", async () => {
    const theirs = ecs.store.add({ name: "archive", accountId: archive, regionId: "eu-west-1" });
    const key = ecs.accounts.addKey(archive);
    const args = { name: "archive", adopt: theirs.hpcClusterId };
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("archive", { ...args, regionId: "eu-west-1" });
      },
    });
    expect(errorsIn(await failureOf(stack.preview()))).toMatchObject([
      { message: expect.stringContaining(`no HPC cluster ${theirs.hpcClusterId} in eu-west-1`) },
    ]);
    stack.setProgram(async () => {
      const provider = new Provider("archive-account", {
        region: "eu-west-1",
        accessKey: key.accessKeyId,
        secretKey: key.accessKeySecret,
        endpoints: [{ ecs: ecs.endpoint }],
      });
      new HpcCluster("archive", args, { provider, ...unprotected });
    });
    await stack.up();
    expect(clustersInState(stack)).toMatchObject([{ id: theirs.hpcClusterId }]);
    expect(changingCalls(ecs)).toEqual([]);
    await stack.destroy();
    expect(ecs.store.clusters()).toEqual([existing]);
  });

  test("a replacement of an adopted cluster, forced or by another region, makes an ordinary one", async () => {
    const adopted = ["forced", "still", "no-longer"].map((name) => {
      const { hpcClusterId } = ecs.store.add({ name });
      return { name, adopt: hpcClusterId };
    });
    const declare = (all: Record<string, HpcClusterArgs>) => async () => {
      for (const [name, args] of Object.entries(all)) {
        new HpcCluster(name, args, unprotected);
      }
    };
    const [forced, still, noLonger] = adopted as [HpcClusterArgs, HpcClusterArgs, HpcClusterArgs];
    await using stack = await createEcsStack(ecs, {
      program: declare({ forced, still, "no-longer": noLonger }),
    });
    await stack.up();
    stack.setProgram(
      declare({
        forced,
        still: { ...still, regionId: "cn-beijing" },
        "no-longer": { name: "no-longer", regionId: "cn-beijing" },
      }),
    );
    const replace = [stack.state().resource("forced").urn];
    await stack.up({ replace });
    expect(callsOf("DeleteHpcCluster").map(({ params }) => params["HpcClusterId"])).toEqual(
      expect.arrayContaining(adopted.map(({ adopt }) => adopt)),
    );
    expect(
      Object.fromEntries(
        ecs.store
          .clusters()
          .filter(({ hpcClusterId }) => hpcClusterId !== existing.hpcClusterId)
          .map(({ name, regionId, hpcClusterId }) => [name, [regionId, hpcClusterId]]),
      ),
    ).toEqual({
      forced: ["cn-hangzhou", stack.state().resource("forced").id],
      still: ["cn-beijing", stack.state().resource("still").id],
      "no-longer": ["cn-beijing", stack.state().resource("no-longer").id],
    });
    expect(ecs.store.clusters()).toHaveLength(4);
  });
});
