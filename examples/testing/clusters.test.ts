import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { startEmulator, type Emulator } from "pulumi-alicloud-hpc/emulator";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { declareClusters } from "./clusters.js";

// Each operation starts the engine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let ecs: Emulator;
let stack: Stack;
let state: string;

beforeEach(async () => {
  ecs = await startEmulator();
  state = mkdtempSync(path.join(tmpdir(), "state-"));
  stack = await LocalWorkspace.createStack(
    { projectName: "hpc-testing", stackName: "test", program: async () => declareClusters() },
    { envVars: { PULUMI_BACKEND_URL: pathToFileURL(state).href, PULUMI_CONFIG_PASSPHRASE: "test" } },
  );
  await stack.setAllConfig(ecs.stackConfig);
});

afterEach(async () => {
  await ecs.stop();
  rmSync(state, { recursive: true });
});

test("the cluster is created, and a second run changes nothing", async () => {
  await stack.preview();
  expect(ecs.store.clusters()).toEqual([]);

  const { outputs } = await stack.up();
  expect(ecs.store.clusters()).toMatchObject([
    { hpcClusterId: outputs["clusterId"].value, name: "render-farm", regionId: "cn-hangzhou" },
  ]);

  const { summary } = await stack.up({ expectNoChanges: true });
  expect(summary.result).toBe("succeeded");
});

test("throttled calls are repeated", async () => {
  ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", times: 2 });
  await stack.up();
  expect(ecs.calls("CreateHpcCluster").map(({ code }) => code)).toEqual([
    "Throttling.User",
    "Throttling.User",
    undefined,
  ]);
});

test("a cluster with instances is not destroyed", async () => {
  await stack.up();
  const [{ hpcClusterId }] = ecs.store.clusters();
  ecs.store.setInstances(hpcClusterId, 1);
  await expect(stack.destroy()).rejects.toThrow("NotEmpty.HpcCluster");

  ecs.store.setInstances(hpcClusterId, 0);
  await stack.destroy();
  expect(ecs.store.clusters()).toEqual([]);
});
