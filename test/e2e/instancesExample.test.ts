/**
 * Promise: examples/instances starts instances of a type that is sold, and ends in a host file with their RDMA addresses. Mocks stand in
 * for the plugin of `@pulumi/alicloud`: they start each instance in the emulator, which checks it.
 */
import { type Output, runtime } from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { ask } from "../emulator/rawRequest.ts";
import { exampleProgram } from "./exampleProgram.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(async () => {
  runtime.setAllConfig({});
  await ecs.stop();
});

test("examples/instances ends in a host file with the RDMA addresses of its instances", async () => {
  runtime.setAllConfig({
    "hpc-instances:imageId": "aliyun_3",
    "hpc-instances:vswitchId": "vsw-1",
    "hpc-instances:securityGroupId": "sg-1",
  });
  const idOf = async (type: string, inputs: Record<string, string>): Promise<string> => {
    if (type.endsWith(":HpcCluster")) {
      return ecs.store.add({ name: inputs["name"]! }).hpcClusterId;
    }
    if (type !== "alicloud:ecs/instance:Instance") {
      return "other";
    }
    const { json } = await ask(ecs, "RunInstances", {
      RegionId: "cn-hangzhou",
      HpcClusterId: inputs["hpcClusterId"],
      InstanceName: inputs["instanceName"],
      InstanceType: inputs["instanceType"],
      ImageId: inputs["imageId"],
      VSwitchId: inputs["vswitchId"],
    });
    return (json as { InstanceIdSets: { InstanceIdSet: [string] } }).InstanceIdSets.InstanceIdSet[0];
  };
  await runtime.setMocks(
    {
      newResource: async ({ type, inputs }) => ({ id: await idOf(type, inputs), state: inputs }),
      call: ({ token, inputs }) => {
        expect(token).toBe("alicloud-hpc:index:getHpcClusterInstances");
        return { instances: ecs.store.instances({ hpcClusterId: inputs["id"] as string }) };
      },
    },
    "hpc-instances",
    "test",
  );
  const { hostfile } = (await exampleProgram("instances")()) as { hostfile: Output<string> };
  const text = await (hostfile as unknown as { promise(): Promise<string> }).promise();
  const [one, two] = ecs.store.instances();
  expect([one, two]).toMatchObject([{ name: "node-0" }, { name: "node-1" }]);
  expect(text.split("\n").sort()).toEqual([one!.rdmaIpAddresses[0], two!.rdmaIpAddresses[0]].sort());
  const sold = ecs.store.offers("cn-hangzhou").map(({ instanceType }) => instanceType);
  expect(sold).toContain(one!.instanceType);
});
