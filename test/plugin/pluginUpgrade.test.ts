/** Promise: another version of the plugin goes on with the clusters of the one before: no difference, nothing replaced. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { expect, vi } from "vitest";
import { changingCalls, clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import type { Emulator } from "../../emulator/emulator.ts";
import { createPluginStack, PluginCluster } from "./pluginCluster.ts";
import { installedPackage } from "./standalonePlugin.ts";

vi.setConfig({ testTimeout: 300_000 });

/** Plugins that are installed in a Pulumi folder, and the versions of those that have been started. */
class Plugins {
  readonly home = mkdtempSync(path.join(isolateEnvironment(), "pulumi-home-"));
  private readonly log = path.join(this.home, "started");

  constructor() {
    writeFileSync(this.log, "");
  }

  /** Installs the package's plugin, with this version. */
  install(version: string): void {
    const folder = path.join(this.home, "plugins", `resource-alicloud-hpc-v${version}`);
    mkdirSync(folder, { recursive: true });
    cpSync(path.join(installedPackage, "dist/plugin"), path.join(folder, "dist/plugin"), { recursive: true });
    const schemaFile = path.join(folder, "dist/plugin/schema.json");
    const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as object;
    writeFileSync(schemaFile, JSON.stringify({ ...schema, version }));
    writeFileSync(
      path.join(folder, "pulumi-resource-alicloud-hpc"),
      `#!/bin/sh\necho ${version} >> '${this.log}'\nexec '${process.execPath}' '${folder}/dist/plugin/main.js' "$@"\n`,
      { mode: 0o755 },
    );
  }

  /** The versions that have been started since the last call. */
  started(): string[] {
    const versions = readFileSync(this.log, "utf8").split("\n").filter(Boolean);
    writeFileSync(this.log, "");
    return [...new Set(versions)].sort();
  }
}

const declare =
  (opts: CustomResourceOptions = {}): Program =>
  async () => ({ id: new PluginCluster("rendering", { name: "render-farm" }, opts).id });

/** A stack whose project does not say where the plugin is. */
async function stackWith(ecs: Emulator, plugins: Plugins, program: Program): Promise<TestStack> {
  const stack = await createPluginStack(ecs, { program, env: { PULUMI_HOME: plugins.home } });
  writeFileSync(path.join(stack.workDir, "Pulumi.yaml"), "name: hpc\nruntime: nodejs\n");
  return stack;
}

const providers = (stack: TestStack) => stack.state().resources("pulumi:providers:alicloud-hpc");

test("an SDK that sends its version: each has a default provider of its own, and the cluster stays as it is", async ({
  ecs,
}) => {
  const plugins = new Plugins();
  plugins.install("0.8.0");
  await using stack = await stackWith(ecs, plugins, declare({ version: "0.8.0" }));
  await stack.up();
  expect(plugins.started()).toEqual(["0.8.0"]);
  expect(providers(stack)).toMatchObject([{ urn: expect.stringMatching(/::default_0_8_0$/) }]);
  const [before] = clustersInState(stack);
  const writes = changingCalls(ecs);

  plugins.install("0.9.0");
  stack.setProgram(declare({ version: "0.9.0" }));
  expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
  expect(plugins.started()).toContain("0.9.0");
  await stack.refresh({ expectNoChanges: true });
  expect(changingCalls(ecs)).toEqual(writes);
  expect(providers(stack)).toMatchObject([{ urn: expect.stringMatching(/::default_0_9_0$/) }]);
  const { id, inputs, outputs } = clustersInState(stack)[0]!;
  expect({ id, inputs, outputs }).toEqual({
    id: before?.id,
    inputs: before?.inputs,
    outputs: before?.outputs,
  });

  // The new one alone goes on.
  plugins.started();
  stack.setProgram(async () => {
    new PluginCluster("rendering", { name: "farm-2" }, { version: "0.9.0" });
  });
  expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"] });
  expect(plugins.started()).toEqual(["0.9.0"]);
  expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: before?.id, name: "farm-2" }]);
});

test("a program that sends no version: an upgrade after a crash finds the cluster", async ({ ecs }) => {
  const plugins = new Plugins();
  plugins.install("0.8.0");
  await using stack = await stackWith(ecs, plugins, declare());
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
  const operation = stack.start("up");
  await hold.reached;
  const pids = operation.pids("provider");
  operation.kill("engine");
  for (const pid of pids) {
    process.kill(pid, "SIGKILL");
  }
  hold.drop();
  await failureOf(operation.result);
  const committed = storedIds(ecs);
  expect(committed).toHaveLength(1);
  expect(clustersInState(stack)).toEqual([]);
  expect(plugins.started()).toEqual(["0.8.0"]);

  plugins.install("0.9.0");
  await stack.cancel();
  await stack.up();
  expect(plugins.started()).toContain("0.9.0");
  expect(storedIds(ecs)).toEqual(committed);
  expect(clustersInState(stack)).toMatchObject([{ id: committed[0] }]);
});
