/** `npx pulumi-alicloud-hpc audit` against stacks of the real engine, exported by the real CLI, and the commands that it prints. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";
import * as plugin from "pulumi-alicloud-hpc/plugin";
import type { AuditReport } from "pulumi-alicloud-hpc/audit";
import { expect, vi } from "vitest";
import { ensureEngine, enginePath, repositoryRoot } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/isolatedEnvironment.ts";
import type { TestStack } from "../engine/stack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { shell } from "./documentedCommands.ts";
import { changingCalls, createEcsStack, defaultRegion } from "./ecsStack.ts";

// Many operations.
vi.setConfig({ testTimeout: 300_000 });

const executable = path.join(repositoryRoot, "node_modules/pulumi-alicloud-hpc/dist/cli.js");

/** The output in docs/audit.md. */
const page = readFileSync(path.join(repositoryRoot, "docs/audit.md"), "utf8");
const [, documented = ""] = /^```console\n\$ .*\n([^`]+)\n```$/m.exec(page) ?? [];
const withoutIds = (text: string) => text.replaceAll(/hpc-\w{16}/g, "hpc-…").replaceAll(/\d{16}/g, "account");

/** Runs the command in the stack's folder. */
async function runCommand(stack: TestStack, ...args: string[]) {
  const { root } = await ensureEngine();
  const PATH = [path.join(root, "bin"), enginePath()].join(path.delimiter);
  const env = { ...process.env, ...engineEnvironment(stack.backend.url), PATH };
  return await new Promise<{ exitCode: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [executable, ...args],
      { cwd: stack.workDir, env },
      (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : error.code, stdout, stderr });
      },
    );
  });
}

test("finds what an interrupted run has left, and what else differs, and its commands repair it", async ({
  ecs,
}) => {
  const [adopted, twice] = ["archive", "post"].map((name) => ecs.store.add({ name }).hpcClusterId);
  const other = ecs.accounts.add({ accountId: "1000000000000002" });
  const after = async () => {
    new HpcCluster("rendering", { name: "nightly-frames" });
    new HpcCluster("moved", { name: "film" });
    new HpcCluster("gone", { name: "trailer" });
    new HpcCluster("archive", { name: "archive", adopt: adopted! }, { protect: false });
    new HpcCluster("post", { name: "post", adopt: twice! });
    const { accessKeyId: accessKey, accessKeySecret: secretKey } = other;
    const provider = new Provider("other", {
      ...{ region: defaultRegion, accessKey, secretKey },
      endpoints: [{ ecs: ecs.endpoint }],
    });
    new HpcCluster("abroad", { name: "partner" }, { provider });
  };
  const before = async () => {
    new HpcCluster("rendering", { name: "frames" });
  };
  await using prod = await createEcsStack(ecs, { program: before, stackName: "prod" });
  const { backend } = prod;
  await using staging = await createEcsStack(ecs, {
    program: async () => {
      new plugin.HpcCluster("compositing", { name: "post", adopt: twice! });
    },
    stackName: "staging",
    backend,
  });
  await staging.up();

  // A run is killed after the service has made the cluster; then the name changes.
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
  const interrupted = prod.start("up");
  await hold.reached;
  const [left] = ecs.store.clusters().slice(-1);
  interrupted.kill("provider");
  hold.drop();
  await expect(interrupted.result).rejects.toThrow();
  prod.setProgram(after);
  await prod.up();
  const idOf = (name: string) => prod.state().resource(name).id!;
  const [gone, moved] = [idOf("gone"), idOf("moved")];
  ecs.store.remove(gone);
  ecs.store.remove(moved);
  ecs.store.add({ name: "film", hpcClusterId: moved, regionId: "cn-beijing" });

  const untouched = { ids: storedIds(ecs), changes: changingCalls(ecs).length };
  const args = ["audit", "--stack", "prod", "--stack", "staging"];
  const table = await runCommand(prod, ...args);
  expect(table.exitCode).toBe(1);
  expect(withoutIds(table.stdout.trim())).toBe(withoutIds(documented));
  const { stdout } = await runCommand(prod, ...args, "--json");
  const { findings } = JSON.parse(stdout) as AuditReport;
  expect(findings.map(({ kind, hpcClusterId }) => [kind, hpcClusterId])).toEqual([
    ["unheld", left!.hpcClusterId],
    ["gone", gone],
    ["shared", twice],
    ["otherAccount", idOf("abroad")],
    ["otherRegion", moved],
    ["unprotected", adopted],
  ]);
  expect(table.stdout + table.stderr + stdout).not.toContain(ecs.accessKeySecret);
  expect({ ids: storedIds(ecs), changes: changingCalls(ecs).length }).toEqual(untouched);

  // Every command of the pulumi CLI as it is printed; of those for a shared cluster one.
  await using languageHost = await LanguageHost.start();
  for (const { kind, repairs } of findings) {
    const commands = repairs.map(({ command }) => command).filter((command) => command.startsWith("pulumi"));
    for (const command of kind === "shared" ? commands.slice(1) : commands) {
      const stack = command.includes("<stack>") ? staging : prod;
      const env = kind === "unheld" ? { ...languageHost.env, ...ecs.environment } : {};
      await shell(stack, command.replace("<stack>", "staging"), { ...env, PULUMI_OPTION_YES: "true" });
    }
  }
  ecs.store.remove(moved);
  const again = await runCommand(prod, ...args, "--json");
  expect((JSON.parse(again.stdout) as AuditReport).findings.map(({ kind }) => kind)).toEqual([
    "otherAccount",
  ]);
});

test("a stack that cannot be exported, and a command that does not exist", async ({ ecs }) => {
  await using stack = await createEcsStack(ecs, { program: async () => undefined });
  const ended = await runCommand(stack, "audit", "--stack", "none", "--config", `region=${defaultRegion}`);
  expect(ended).toMatchObject({
    exitCode: 2,
    stdout: expect.stringContaining("no stack named 'none' found"),
  });
  expect(await runCommand(stack, "aduit")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: '"aduit" is not a command: did you mean "audit"?\n',
  });
  expect((await runCommand(stack, "--help")).stdout).toMatch(/^ {2}audit .*\n {2}emulator /m);
  expect((await runCommand(stack, "emulator", "--help")).stdout).toContain(
    "Usage: pulumi-alicloud-hpc emulator",
  );
});
