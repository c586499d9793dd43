/**
 * Promises: the example `adopt` shows who made the cluster, and previews where the program differs; the example
 * `instances`, which needs the plugin of another package, gives its instances the cluster (with mocks).
 */
import { createRequire } from "node:module";
import { type Output, isUnknown, runtime } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { changingCalls, createEcsStack, failureOf } from "../ecsStack.ts";
import { exampleProgram } from "../exampleProgram.ts";
import { errorsIn } from "./diagnostics.ts";

describe("on the engine", () => {
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
});

const isInstalled = ((): boolean => {
  try {
    createRequire(import.meta.url).resolve("@pulumi/alicloud");
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!isInstalled)(
  isInstalled ? "with mocks" : "with mocks (skipped: @pulumi/alicloud is not installed)",
  () => {
    test.each([
      ["up", false, "hpc-0123456789abcdef"],
      ["a preview, where the id is unknown", true, undefined],
    ])("instances: both go into the cluster, at %s", async (_, isPreview, expected) => {
      const registered: { type: string; name: string; inputs: Record<string, unknown> }[] = [];
      await runtime.setMocks(
        {
          newResource: ({ type, name, inputs }) => {
            registered.push({ type, name, inputs: inputs as Record<string, unknown> });
            const isCluster = type.endsWith("alicloud:HpcCluster");
            return {
              id: isCluster ? (expected ?? "") : `i-${name}`,
              state: inputs as Record<string, unknown>,
            };
          },
          call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        "hpc-instances",
        "test",
        isPreview,
      );
      runtime.setAllConfig({
        "hpc-instances:imageId": "aliyun_3_x64",
        "hpc-instances:vswitchId": "vsw-1",
        "hpc-instances:securityGroupId": "sg-1",
      });
      const { instances, clusterId } = (await exampleProgram("instances")()) as {
        instances: { urn: Output<string>; hpcClusterId: Output<string> }[];
        clusterId: Output<string>;
      };
      const valueOf = (output: Output<string>) =>
        (output as unknown as { promise(): Promise<string | undefined> }).promise();
      await Promise.all(instances.map(({ urn }) => valueOf(urn)));

      expect(registered.filter(({ type }) => type.endsWith("alicloud:HpcCluster"))).toMatchObject([
        { name: "rendering", inputs: { name: "render-farm" } },
      ]);
      const nodes = registered.filter(({ type }) => type === "alicloud:ecs/instance:Instance");
      expect(nodes.map(({ name }) => name).sort()).toEqual(["node-0", "node-1"]);
      for (const { inputs } of nodes) {
        expect(isUnknown(inputs["hpcClusterId"]) ? undefined : inputs["hpcClusterId"]).toBe(expected);
        expect(inputs).toHaveProperty("hpcClusterId");
        expect(inputs).toMatchObject({
          imageId: "aliyun_3_x64",
          vswitchId: "vsw-1",
          securityGroups: ["sg-1"],
        });
      }
      expect(await valueOf(clusterId)).toBe(expected);
    });
  },
);
