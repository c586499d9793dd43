/**
 * A stack moves from @pulumi/alicloud to this package, and back, by changing the import: the clusters stay, and no call changes
 * one.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import { hosts } from "../e2e/hosts.ts";
import { installOfficialPlugin, officialType } from "./officialPackage.ts";
import * as official from "./officialPackage.ts";

// Many operations, and two providers in each.
vi.setConfig({ testTimeout: 300_000 });

let ecs: Emulator;
beforeAll(() => installOfficialPlugin());
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const args = { name: "render-farm", description: "Nightly frames" };

describe.each(hosts)("$name", (host) => {
  test("A1: only the import changes, and the user adds adopt: the cluster stays", async () => {
    await using stack = await createEcsStack(ecs, {
      program: async () => void new official.HpcCluster("rendering", args),
    });
    await stack.up();
    const [cluster] = ecs.store.clusters();
    console.log(JSON.stringify(stack.state().resources(), null, 1));
    stack.setProgram(async () => void new host.HpcCluster("rendering", { ...args, adopt: cluster!.hpcClusterId }));
    console.log((await stack.up()).output);
    expect(ecs.store.clusters()).toEqual([cluster]);
  });

  test("A2: with aliases", async () => {
    await using stack = await createEcsStack(ecs, {
      program: async () => void new official.HpcCluster("rendering", args),
    });
    await stack.up();
    const before = ecs.store.clusters();
    stack.setProgram(async () => void new host.HpcCluster("rendering", args, { aliases: [{ type: officialType }] }));
    const { output, steps } = await stack.up();
    console.log(output);
    expect(clusterOps({ steps })).toEqual({ rendering: ["update"] });
    expect(ecs.store.clusters()).toEqual(before);
  });
});
