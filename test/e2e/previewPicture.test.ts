/** Promise: the output in the README is what preview prints. */
import { readFileSync } from "node:fs";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { expect, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { createEcsStack, failureOf } from "./ecsStack.ts";
import { terminalPicture } from "./terminalPicture.ts";

/** The README shows this output, as text and as a picture; `npm test -- previewPicture -u` draws the picture anew. */
test("the README shows what a preview of three mistakes really prints", async () => {
  const ecs = await startEmulator();
  try {
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
    for (const readme of ["README.md", "README.zh-CN.md"]) {
      expect(readFileSync(new URL(`../../${readme}`, import.meta.url), "utf8")).toContain(shown);
    }
  } finally {
    await ecs.stop();
  }
});
