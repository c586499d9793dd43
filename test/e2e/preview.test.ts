/** Promise: one preview names every mistake. */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

// More rules: test/property/inputs.test.ts.
test("every mistake of a program is named in one preview, and costs nothing", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const args = {
        name: "2",
        descriptoin: "Nightly frames",
        clientToken: "é".repeat(65),
        acl: 1,
        regionId: 7,
      };
      new HpcCluster("rendering", args as unknown as HpcClusterArgs);
    },
  });
  const { output } = await failureOf(stack.preview());
  expect(output).toMatch(
    /name must start with an English letter or a Chinese character, but starts with "2"/,
  );
  expect(output).toContain("name must be 2 to 128 characters long, but has 1");
  expect(output).toMatch(/"descriptoin" is not a property of an HPC cluster: did you mean "description"\?/);
  expect(output).toMatch(/"acl" is not a property of an HPC cluster: its properties are name, regionId/);
  expect(output).toMatch(/clientToken must be at most 64 characters long/);
  expect(output).toMatch(/clientToken may contain only ASCII/);
  expect(output).toMatch(/regionId must be a string, but is a number/);
  expect(changingCalls(ecs)).toEqual([]);
});
