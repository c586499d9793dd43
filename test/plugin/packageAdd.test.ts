/** Promise: `pulumi package add` with the folder that npm has installed is all that a project needs. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { runCli } from "../engine/cli.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { createPluginStack, PluginCluster } from "./pluginCluster.ts";
import { installedPackage } from "./standalonePlugin.ts";

// Windows's engine takes only an .exe here.
test.skipIf(process.platform === "win32")(
  "the folder of the package: an SDK of its schema, and the project then finds the plugin",
  async ({ ecs }) => {
    await using host = await LanguageHost.start();
    await using stack = await createPluginStack(ecs, {
      program: async () => {
        new PluginCluster("rendering", { name: "render-farm" });
      },
    });
    const project = path.join(stack.workDir, "Pulumi.yaml");
    writeFileSync(project, "name: hpc\nruntime: nodejs\n");
    const options = { cwd: stack.workDir, backend: stack.backend, env: host.env };
    for (const args of [["package", "add", "./node_modules/pulumi-alicloud-hpc"], ["install"]]) {
      const { exitCode, stderr } = await runCli(args, options);
      expect(exitCode, stderr).toBe(0);
    }
    const { version } = JSON.parse(
      readFileSync(path.join(installedPackage, "dist/plugin/schema.json"), "utf8"),
    ) as { version: string };
    expect(host.schemas.map((text) => JSON.parse(text) as object)).toEqual([
      expect.objectContaining({ name: "alicloud-hpc", version }),
      // `pulumi install` makes the SDK again, for a clone of the project.
      expect.objectContaining({ name: "alicloud-hpc", version }),
    ]);
    expect(readFileSync(project, "utf8")).toContain("alicloud-hpc: ./node_modules/pulumi-alicloud-hpc");
    await stack.up();
    expect(storedIds(ecs)).toHaveLength(1);
    await stack.destroy();
    expect(storedIds(ecs)).toEqual([]);
  },
);
