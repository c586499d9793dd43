/** Promise: the example `adopt` shows who made the cluster, and previews where the program differs. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { changingCalls, createEcsStack, failureOf } from "../ecsStack.ts";
import { exampleProgram } from "../exampleProgram.ts";
import { errorsIn } from "./diagnostics.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

test("adopt: shows who made the cluster, and previews where the program differs", async () => {
  const { hpcClusterId } = ecs.store.add({ name: "by-hand", description: "Made by hand" });
  await using stack = await createEcsStack(ecs, {
    projectName: "hpc-adopt",
    program: exampleProgram("adopt"),
    config: { "hpc-adopt:clusterId": hpcClusterId, "hpc-adopt:clusterName": "by-hand" },
  });
  expect(errorsIn(await failureOf(stack.preview()))).toMatchObject([
    { message: expect.stringMatching(/property description .*"Made by hand", but is none/) },
  ]);
  await stack.setConfig({ "hpc-adopt:clusterDescription": "Made by hand" });
  expect((await stack.up()).outputs).toMatchObject({
    clusterId: { value: hpcClusterId },
    createdBy: { value: "somebody else" },
  });
  expect(changingCalls(ecs)).toEqual([]);
});
