import { runtime } from "@pulumi/pulumi";
import { checkHpcCluster } from "pulumi-alicloud-hpc";
import { beforeAll, expect, test } from "vitest";

const clusters: runtime.MockResourceArgs[] = [];

beforeAll(async () => {
  await runtime.setMocks({
    newResource: (args) => {
      if (args.type.endsWith(":HpcCluster")) {
        clusters.push(args);
      }
      return { id: `${args.name}-id`, state: args.inputs };
    },
    call: (args) => args.inputs,
  });
  await import("./index.js");
  // Waits until everything is registered.
  await runtime.disconnect();
});

test("each team has a cluster, whose name starts with the stack's", () => {
  expect(clusters.map(({ inputs }) => inputs.name).sort()).toEqual(["stack-film", "stack-games"]);
});

test("no cluster breaks a rule", () => {
  for (const { name, inputs } of clusters) {
    expect(checkHpcCluster(inputs), name).toEqual([]);
  }
});
