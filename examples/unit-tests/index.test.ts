import { runtime } from "@pulumi/pulumi";
import { checkHpcCluster } from "pulumi-alicloud-hpc";
import { beforeAll, expect, test } from "vitest";

const clusters: runtime.MockResourceArgs[] = [];
const archive = { id: "hpc-1", name: "archive-1", regionId: "cn-hangzhou" };
let program: typeof import("./index.js");

beforeAll(async () => {
  await runtime.setMocks({
    newResource: (args) => {
      if (args.type.endsWith(":HpcCluster")) {
        clusters.push(args);
      }
      return { id: `${args.name}-id`, state: args.inputs };
    },
    call: ({ token }) => (token === "alicloud-hpc:index:getHpcClusters" ? { clusters: [archive] } : {}),
  });
  program = await import("./index.js");
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

test("the archives are those that the lookup finds", async () => {
  const ids = await new Promise((resolve) => program.archives.apply(resolve));
  expect(ids).toEqual(["hpc-1"]);
});
