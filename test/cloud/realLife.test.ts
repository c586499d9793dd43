/** The life of one cluster with the provider on the real engine, against the same two targets as the contract. */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { expect, test } from "vitest";
import { expectShown, marked, send, target } from "../contract/service.ts";
import { clustersWithPrefix } from "../contract/target.ts";
import { clusterOps } from "../e2e/ecsStack.ts";
import { createStack } from "../engine/stack.ts";

const ops = (op: string) => ({ rendering: [op] });

/** Read now: a stack empties the environment. Without an endpoint of the user's, the provider has to find it. */
const endpoint = target.isService ? process.env["ALIBABA_CLOUD_ENDPOINT_ECS"] : target.endpoint;

test("creates, updates, refreshes and deletes a cluster", async () => {
  let args: HpcClusterArgs = { name: marked("life"), description: "Nightly frames" };
  await using stack = await createStack({
    projectName: "cloud",
    program: async () => ({ clusterId: new HpcCluster("rendering", args).id }),
    // Not as configuration: secret values of it are passed on command lines.
    env: {
      ALICLOUD_ACCESS_KEY: target.accessKeyId,
      ALICLOUD_SECRET_KEY: target.accessKeySecret,
      ALICLOUD_REGION: target.region,
      ...(target.securityToken === undefined ? {} : { ALICLOUD_SECURITY_TOKEN: target.securityToken }),
      ...(endpoint === undefined ? {} : { ALIBABA_CLOUD_ENDPOINT_ECS: endpoint }),
    },
  });
  const clusters = () => clustersWithPrefix(target, marked("life"));

  expect(clusterOps(await stack.preview())).toEqual(ops("create"));
  expect(await clusters()).toEqual([]);

  const up = await stack.up();
  expect(clusterOps(up)).toEqual(ops("create"));
  const HpcClusterId = String(up.outputs["clusterId"]?.value);
  await expectShown(HpcClusterId, { Name: args.name as string, Description: "Nightly frames" });
  expect(await clusters()).toHaveLength(1);

  args = { name: marked("life-2"), description: "夜间渲染 & stills" };
  expect(clusterOps(await stack.up())).toEqual(ops("update"));
  await expectShown(HpcClusterId, { Name: marked("life-2"), Description: "夜间渲染 & stills" });

  await send("ModifyHpcClusterAttribute", { HpcClusterId, Description: "Changed outside" });
  await expectShown(HpcClusterId, { Description: "Changed outside" });
  await stack.refresh();
  expect(stack.state().resource("rendering").outputs?.["description"]).toBe("Changed outside");

  args = { name: marked("life-2") };
  expect(clusterOps(await stack.up())).toEqual(ops("update"));
  await expectShown(HpcClusterId, { Name: marked("life-2"), Description: "" });
  expect(clusterOps(await stack.up({ expectNoChanges: true }))).toEqual(ops("same"));
  expect(clusterOps(await stack.refresh({ expectNoChanges: true }))).toEqual(ops("refresh"));

  expect(clusterOps(await stack.destroy())).toEqual(ops("delete"));
  await expectShown(HpcClusterId, undefined);
  expect(await clusters()).toEqual([]);
});
