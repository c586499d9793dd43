/** Promise: a YAML program uses the plugin. It needs Pulumi's language host of YAML, which official releases contain. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { runCli } from "../engine/cli.ts";
import { createStack } from "../engine/stack.ts";
import { configurationFor } from "../e2e/ecsStack.ts";
import { isOnPath } from "./sdkTools.ts";

const program = `name: hpc
runtime: yaml
plugins:
  providers:
    - name: alicloud-hpc
      path: node_modules/pulumi-alicloud-hpc
resources:
  rendering:
    type: alicloud-hpc:HpcCluster
    properties:
      name: render-farm
outputs:
  id: \${rendering.id}
`;

test("a YAML program, from up to destroy", async (context) => {
  if (!isOnPath("pulumi-language-yaml")) {
    context.skip("pulumi-language-yaml is not on PATH");
  }
  const ecs = await startEmulator();
  await using stack = await createStack({
    program: () => Promise.reject(new Error("The program is the YAML one.")),
    config: configurationFor(ecs, "alicloud-hpc"),
  });
  writeFileSync(path.join(stack.workDir, "Pulumi.yaml"), program);
  try {
    const options = { cwd: stack.workDir, backend: stack.backend };
    const up = await runCli(["up", "--yes", "--skip-preview", "--stack", "test"], options);
    expect(up.exitCode, up.stderr + up.stdout).toBe(0);
    expect(ecs.store.clusters()).toMatchObject([{ name: "render-farm" }]);
    expect(stack.state().resource("rendering").id).toBe(ecs.store.clusters()[0]!.hpcClusterId);
    const destroy = await runCli(["destroy", "--yes", "--stack", "test"], options);
    expect(destroy.exitCode, destroy.stderr + destroy.stdout).toBe(0);
    expect(ecs.store.clusters()).toEqual([]);
  } finally {
    await ecs.stop();
  }
});
