/**
 * Promise: an error of the program's side has no stack trace, whenever it comes. Here the program has a process of its own, as
 * with the CLI: after the program's last line that process prints the stack of every error that nobody catches.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { runCli } from "../engine/cli.ts";
import { createEcsStack } from "./ecsStack.ts";
import { hosts } from "./hosts.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

describe.each(hosts)("$name", (host) => {
  test("destroy with --run-program shows what is wrong with the program without a stack trace", async () => {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new host.HpcCluster("one", { name: "farm-one" });
        new host.HpcCluster("two", { name: "farm-two" });
      },
    });
    await stack.up();
    // As after `pulumi state` commands or a copied entry: two resources with one cluster.
    const exported = await stack.automation.exportStack();
    const { resources } = exported.deployment as { resources: { type: string; id: string }[] };
    const [one, two] = resources.filter(({ type }) => type === host.type);
    two!.id = one!.id;
    await stack.automation.importStack(exported);
    writeFileSync(
      path.join(stack.workDir, "index.js"),
      `const { HpcCluster, getHpcCluster } = require("pulumi-alicloud-hpc${host.name === "plugin" ? "/plugin" : ""}");
       new HpcCluster("one", { name: "farm-one" });
       new HpcCluster("two", { name: "farm-two" });
       getHpcCluster({ id: "hpc-missing" });`,
    );
    writeFileSync(path.join(stack.workDir, "package.json"), JSON.stringify({ main: "index.js" }));
    await using language = await LanguageHost.start({
      run: {
        node: process.execPath,
        folder: stack.workDir,
        typescript: false,
      },
    });
    const { exitCode, stdout } = await runCli(
      ["destroy", "--run-program", "--yes", "--stack", stack.stackName],
      {
        cwd: stack.workDir,
        backend: stack.backend,
        env: language.env,
      },
    );
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(/The HPC cluster hpc-\w+ belongs to both "(one|two)" and "(one|two)"/);
    expect(stdout).toContain("getHpcCluster: there is no HPC cluster hpc-missing in cn-hangzhou");
    expect(stdout).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
    expect(ecs.store.clusters()).toHaveLength(2);
  });
});
