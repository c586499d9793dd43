/**
 * Promises: one preview names every mistake; the region comes from the program, then the configuration, then the
 * environment.
 */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (args: object) => async () => {
  new HpcCluster("rendering", args as HpcClusterArgs);
};

test("every mistake of a program is named in one preview, and costs nothing", async () => {
  await using stack = await createEcsStack(ecs, {
    program: program({ name: "2nd-farm", description: "https://wiki.example/farm", regionId: "Hangzhou" }),
  });
  const three = (await failureOf(stack.preview())).output;
  expect(three).toMatch(/name must start with an English letter or a Chinese character, but starts with "2"/);
  expect(three).toMatch(/description must not start with http:\/\/ or https:\/\//);
  expect(three).toMatch(/regionId must be the id of a region.*"Hangzhou"/);
  expect(three).toContain("3 errors");

  stack.setProgram(
    program({ name: "x", descriptoin: "Nightly frames", clientToken: "é".repeat(65), acl: 1, regionId: 7 }),
  );
  const others = (await failureOf(stack.preview())).output;
  expect(others).toContain("name must be 2 to 128 characters long, but has 1");
  expect(others).toMatch(/"descriptoin" is not a property of an HPC cluster: did you mean "description"\?/);
  expect(others).toMatch(/"acl" is not a property of an HPC cluster: its properties are name, regionId/);
  expect(others).toMatch(/clientToken must be at most 64 characters long/);
  expect(others).toMatch(/clientToken may contain only ASCII/);
  expect(others).toMatch(/regionId must be a string, but is a number/);

  await stack.setConfig({ "alicloud:region": undefined });
  stack.setProgram(program({}));
  const missing = (await failureOf(stack.preview())).output;
  expect(missing).toMatch(/name is required/);
  expect(missing).toMatch(/regionId is required.*pulumi config set alicloud:region/);

  expect(changingCalls(ecs)).toEqual([]);
});

test("the region: the program's before the configuration's before the environment's", async () => {
  await using stack = await createEcsStack(ecs, {
    config: { "alicloud:region": "cn-beijing" },
    env: { ALICLOUD_REGION: "cn-shanghai" },
    program: async () => {
      new HpcCluster("implied", { name: "implied" });
      new HpcCluster("explicit", { name: "explicit", regionId: "cn-chengdu" });
    },
  });
  const regions = () =>
    Object.fromEntries(ecs.store.clusters().map(({ name, regionId }) => [name, regionId]));
  await stack.up();
  expect(regions()).toEqual({ implied: "cn-beijing", explicit: "cn-chengdu" });

  await stack.setConfig({ "alicloud:region": undefined });
  await stack.up();
  expect(regions()).toEqual({ implied: "cn-shanghai", explicit: "cn-chengdu" });
  expect(stack.state().resource("implied").outputs).toMatchObject({ regionId: "cn-shanghai" });
});
