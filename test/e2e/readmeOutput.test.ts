/** Promise: the output in the READMEs is what the engine prints. */
import { readFileSync } from "node:fs";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { createEcsStack, failureOf } from "./ecsStack.ts";
import { terminalPicture } from "./terminalPicture.ts";

const readmes = ["README.md", "README.zh-CN.md"].map((name) => ({
  name,
  text: readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"),
}));

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

/** `npm test -- readmeOutput -u` draws the picture anew. */
test("the picture shows what a preview of three mistakes really prints", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      new HpcCluster("rendering", {
        name: "2nd-farm",
        description: "https://wiki.example",
        regionId: "cn-hangzou",
      });
    },
  });
  const { output } = await failureOf(stack.preview());
  const diagnostics =
    /  pulumi-nodejs:dynamic\/alicloud:HpcCluster \(rendering\):\n(?: {4}error: .*\n)+/.exec(output)?.[0];
  expect(diagnostics).toBeDefined();
  const shown = `$ pulumi preview\n…\nDiagnostics:\n${diagnostics}`.trimEnd();
  await expect(terminalPicture("pulumi preview names three mistakes at once", shown)).toMatchFileSnapshot(
    "../../.github/preview.svg",
  );
});

test("the lines about a kill are what the engine really prints", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => ({ clusterId: new HpcCluster("rendering", { name: "render-farm" }).id }),
  });
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
  const killed = stack.start("up");
  await hold.reached;
  killed.kill("engine");
  hold.drop();
  await expect(killed.result).rejects.toThrow();
  await stack.cancel();
  const { output } = await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);

  // What differs from run to run: ids, times, and the columns that the engine fills with spaces.
  const comparable = (text: string) =>
    text
      .replace(/hpc-\w{16}/g, "hpc-ID")
      .replace(/\(\d+\.\d+s\)/g, "(TIME)")
      .replace(/ +/g, " ");
  const printed = comparable(killed.output() + output);
  for (const { name, text } of readmes) {
    const block = /```text\n(\$ pulumi up .*?)```/s.exec(text)?.[1];
    const lines = block!
      .trimEnd()
      .split("\n")
      .filter((line) => !/^(\$|Killed)/.test(line));
    expect(lines, name).toHaveLength(5);
    for (const line of lines) {
      expect(printed, name).toContain(comparable(line).replace(/ ?…$/, "").trim());
    }
  }
});
