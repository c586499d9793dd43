/** Promise: `pulumi do --stateless` lists, reads, creates, changes and deletes clusters, without a state. It never makes two of one. */
import { expect, vi } from "vitest";
import type { Emulator } from "../../emulator/emulator.ts";
import { createBackend } from "../engine/backend.ts";
import { type CliResult, runCli } from "../engine/cli.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { sentTokens, storedIds, test } from "../fault/localEcs.ts";
import { clusterType } from "./pluginCluster.ts";
import { installedPackage } from "./standalonePlugin.ts";

vi.setConfig({ testTimeout: 300_000 });

/** Runs `pulumi do` for clusters, in an empty folder. */
async function pulumiDo(ecs: Emulator, args: string[]): Promise<CliResult> {
  const backend = createBackend();
  try {
    return await runCli(["do", clusterType, ...args, "--package", installedPackage], {
      cwd: isolateEnvironment(),
      backend,
      env: { ...ecs.environment, CLIENT_READ_TIMEOUT: "300" },
    });
  } finally {
    backend.dispose();
  }
}

/** The same for a command that changes something. */
const change = (ecs: Emulator, ...args: string[]): Promise<CliResult> =>
  pulumiDo(ecs, [...args, "--stateless", "--yes", "--output", "json"]);

test("the life of a cluster; a lost answer does not make a second one", async ({ ecs }) => {
  ecs.faults.add({ kind: "reset", action: "CreateHpcCluster", when: "afterCommit", times: 1 });
  ecs.faults.add({ kind: "noAnswer", action: "CreateHpcCluster", when: "afterCommit", times: 1 });
  const created = await change(ecs, "create", "--name", "render-farm", "--description", "Nightly");
  expect(created, created.stderr).toMatchObject({ exitCode: 0 });
  const [id] = storedIds(ecs);
  expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm", description: "Nightly" }]);
  expect(new Set(sentTokens(ecs)).size).toBe(1);
  expect(sentTokens(ecs)).toHaveLength(3);
  const shown = { id, name: "render-farm", regionId: "cn-hangzhou" };
  expect(JSON.parse(created.stdout)).toMatchObject(shown);

  ecs.store.add({ name: "other", regionId: "cn-hangzhou" });
  const listed = await pulumiDo(ecs, ["list", "--name-regex", "^render"]);
  expect(JSON.parse(listed.stdout)).toEqual([{ id, name: "render-farm" }]);
  expect(JSON.parse((await pulumiDo(ecs, ["list", "--count", "1"])).stdout)).toHaveLength(1);

  const patched = await change(ecs, "patch", id!, "--description", "Daily");
  expect(patched, patched.stderr).toMatchObject({ exitCode: 0 });
  const read = await pulumiDo(ecs, ["read", id!, "--output", "json"]);
  expect(JSON.parse(read.stdout)).toEqual({ ...shown, description: "Daily" });

  const deleted = await change(ecs, "delete", id!);
  expect(deleted, deleted.stderr).toMatchObject({ exitCode: 0 });
  expect(ecs.store.clusters()).toMatchObject([{ name: "other" }]);
});

test("bad input: an error that says what is wrong, and nothing is changed", async ({ ecs }) => {
  const { hpcClusterId } = ecs.store.add({ name: "render-farm", regionId: "cn-hangzhou" });
  const before = ecs.store.clusters();
  for (const [args, message] of [
    [["create", "--nmae", "farm-2"], "unknown flag: --nmae"],
    [["create", "--name", "x"], "name must be 2 to 128 characters long"],
    [["patch", hpcClusterId, "--region-id", "cn-beijing"], "a cluster cannot be moved to another region"],
    [["delete", "hpc-none"], "There is no HPC cluster hpc-none in cn-hangzhou"],
  ] as const) {
    const { exitCode, stderr } = await change(ecs, ...args);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  }
  const { stderr } = await pulumiDo(ecs, ["list", "--region-id", "cn-hangzou"]);
  expect(stderr).toContain('did you mean "cn-hangzhou"?');
  expect(ecs.store.clusters()).toEqual(before);
});

test("a cluster that was created but cannot be read: the error has its id", async ({ ecs }) => {
  const denied = { status: 403, code: "Forbidden.RAM", message: "Not authorized." };
  ecs.faults.add({ kind: "error", ...denied, action: "DescribeHpcClusters" });
  const { exitCode, stderr } = await change(ecs, "create", "--name", "render-farm");
  expect(exitCode).not.toBe(0);
  expect(storedIds(ecs)).toHaveLength(1);
  expect(stderr).toContain(storedIds(ecs)[0]);
});
