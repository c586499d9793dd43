/** Promise: the vendor's own SDKs for Node.js and Python pass the same calls against the emulator, of every ECS action that it has. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { isOnPath, pythonWithEcs } from "../plugin/sdkTools.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

/** A parameter of a call, in the API's own spelling. */
type Parameter = string | number | boolean | readonly string[];

/** The body of a successful answer, or the code of an error. */
interface Answer {
  readonly body?: Record<string, unknown>;
  readonly code?: string;
}

/** A client of the vendor's. */
interface VendorClient extends AsyncDisposable {
  call(action: string, parameters?: Record<string, Parameter>): Promise<Answer>;
}

/** The SDK for Node.js. A test calls it by name, so its types are of no use. */
type NodeSdk = Record<string, new (fields: object) => unknown> & {
  default: new (config: unknown) => unknown;
};
type Method = (request: unknown) => Promise<{ body: { toMap(): Record<string, unknown> } }>;
// With import, the names depend on how the loader treats CommonJS.
const require = createRequire(import.meta.url);
const sdk = require("@alicloud/ecs20140526") as NodeSdk;

async function nodeClient(accessKeySecret: string): Promise<VendorClient> {
  const { accessKeyId, endpoint } = ecs;
  const config = { accessKeyId, accessKeySecret, protocol: "http", endpoint: new URL(endpoint).host };
  const client = new sdk.default(config) as Record<string, Method>;
  return {
    async call(action, parameters = {}) {
      const fields = Object.entries(parameters).map(([name, value]) => [camelCase(name), value]);
      const request = new sdk[`${action}Request`]!(Object.fromEntries(fields) as object);
      try {
        return { body: (await client[camelCase(action)]!(request)).body.toMap() };
      } catch (error) {
        return { code: (error as { code?: string }).code ?? String(error) };
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The SDK for Python, in a process of its own. */
async function pythonClient(accessKeySecret: string): Promise<VendorClient> {
  const script = path.join(import.meta.dirname, "ecsClient.py");
  const { host } = new URL(ecs.endpoint);
  const child = spawn(await pythonWithEcs(), [script, host, ecs.accessKeyId, accessKeySecret], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async call(action, parameters = {}) {
      child.stdin.write(JSON.stringify({ action, parameters }) + "\n");
      const { value, done } = await lines.next();
      if (done === true) {
        throw new Error("The Python client has ended.");
      }
      return JSON.parse(value) as Answer;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdin.end();
      await ended;
    },
  };
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const clients = [
  { name: "@alicloud/ecs20140526 for Node.js", connect: nodeClient, isHere: true },
  { name: "alibabacloud_ecs20140526 for Python", connect: pythonClient, isHere: isOnPath("python3") },
];

describe.each(clients)("$name", ({ connect, isHere }) => {
  test.skipIf(!isHere)(
    `runs the life of a cluster${isHere ? "" : " (skipped: no python3 on PATH)"}`,
    // The first run installs the SDK from a registry.
    { timeout: 10 * 60_000 },
    async () => {
      await using client = await connect(ecs.accessKeySecret);
      const region = { RegionId: "cn-hangzhou" };
      const done = async (action: string, parameters: Record<string, Parameter> = region) => {
        const answer = await client.call(action, parameters);
        expect(answer, action).toEqual({ body: expect.anything() as object });
        return answer.body!;
      };
      const code = async (action: string, parameters: Record<string, Parameter>) =>
        (await client.call(action, parameters)).code;

      expect(JSON.stringify(await done("DescribeRegions", {}))).toContain('"cn-hangzhou"');
      const farm = { ...region, Name: "render-farm", Description: "Größe / 集群 * ~ +", ClientToken: "once" };
      const { HpcClusterId: id } = (await done("CreateHpcCluster", farm)) as { HpcClusterId: string };
      expect(await done("CreateHpcCluster", farm)).toMatchObject({ HpcClusterId: id });
      expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id, description: farm.Description }]);
      expect(await code("CreateHpcCluster", { ...region, Name: "2nd" })).toBe(
        "InvalidHpcClusterName.Malformed",
      );

      const { HpcClusterId: other } = (await done("CreateHpcCluster", { ...region, Name: "other" })) as {
        HpcClusterId: string;
      };
      const page = { ...region, HpcClusterIds: JSON.stringify([id, other]), PageNumber: 2, PageSize: 1 };
      expect(await done("DescribeHpcClusters", page)).toMatchObject({
        TotalCount: 2,
        HpcClusters: { HpcCluster: [{ HpcClusterId: other, Name: "other" }] },
      });
      await done("ModifyHpcClusterAttribute", { ...region, HpcClusterId: other, Name: "renamed" });
      expect(ecs.store.find(other)?.name).toBe("renamed");

      const sold = await done("DescribeAvailableResource", {
        ...region,
        DestinationResource: "InstanceType",
      });
      const { AvailableZones: zones } = sold as {
        AvailableZones: { AvailableZone: { ZoneId: string; Status: string; StatusCategory: string }[] };
      };
      const [{ ZoneId, Status, StatusCategory }] = zones.AvailableZone as [(typeof zones.AvailableZone)[0]];
      expect([ZoneId, Status, StatusCategory]).toEqual(["cn-hangzhou-a", "Available", "WithStock"]);
      const InstanceType = "ecs.sccg7.32xlarge";
      expect(JSON.stringify(zones)).toContain(InstanceType);

      const image = { ...region, ImageId: "aliyun_3" };
      const node = { ...image, InstanceType, HpcClusterId: id, VSwitchId: "vsw-1" };
      for (const [wrong, parameters] of [
        ["InvalidHpcClusterId.Necessary", { ...image, InstanceType, VSwitchId: "vsw-1" }],
        ["InvalidHpcClusterId.Unnecessary", { ...node, InstanceType: "ecs.g7.large" }],
        ["InvalidHpcClusterId.NotFound", { ...node, HpcClusterId: "hpc-unknown" }],
        ["InvalidVSwitchId.Necessary", { ...image, InstanceType, HpcClusterId: id }],
      ] as const) {
        expect(await code("RunInstances", parameters)).toBe(wrong);
      }
      ecs.faults.add({ kind: "lateModify", ms: 3_600_000, times: 1 });
      const { HpcClusterId: young } = await done("CreateHpcCluster", { ...region, Name: "young" });
      expect(await code("RunInstances", { ...node, HpcClusterId: young as string })).toBe(
        "InvalidHpcClusterId.Creating",
      );
      ecs.store.remove(young as string);

      const machine = { ...node, ZoneId, Password: "A-secret-1" };
      const { InstanceIdSets: sets } = (await done("RunInstances", { ...machine, Amount: 11 })) as {
        InstanceIdSets: { InstanceIdSet: string[] };
      };
      const some = { ...region, HpcClusterId: id, MaxResults: 10 };
      const first = (await done("DescribeInstances", some)) as {
        NextToken: string;
        Instances: { Instance: object[] };
      };
      const next = (await done("DescribeInstances", { ...some, NextToken: first.NextToken })) as typeof first;
      expect([...first.Instances.Instance, ...next.Instances.Instance]).toMatchObject(
        ecs.store.instances().map((instance) => ({
          ...{ InstanceId: instance.instanceId, InstanceName: instance.name, InstanceType, ZoneId },
          ...{ Status: "Running", HpcClusterId: id },
          VpcAttributes: { PrivateIpAddress: { IpAddress: instance.privateIpAddresses } },
          RdmaIpAddress: { IpAddress: instance.rdmaIpAddresses },
        })),
      );
      expect([ecs.store.instances().length, next.NextToken]).toEqual([11, ""]);
      expect(await code("DeleteHpcCluster", { ...region, HpcClusterId: id })).toBe("NotEmpty.HpcCluster");
      const release = { ...region, InstanceId: sets.InstanceIdSet };
      expect(await code("DeleteInstances", release)).toBe("IncorrectInstanceStatus");
      await done("DeleteInstances", { ...release, Force: true });
      expect(ecs.store.instances()).toEqual([]);
      for (const cluster of [id, other]) {
        await done("DeleteHpcCluster", { ...region, HpcClusterId: cluster });
      }
      expect(await done("DescribeHpcClusters")).toMatchObject({ TotalCount: 0 });
      expect(ecs.store.clusters()).toEqual([]);

      expect(await code("DescribeZones", region)).toBe("InvalidAction.NotFound");
      expect(ecs.missingActions).toEqual(["DescribeZones"]);
      // GetCallerIdentity is an action of STS.
      const called = new Set(ecs.requests.map(({ action }) => action));
      expect(ecs.actions.filter((action) => !called.has(action))).toEqual(["GetCallerIdentity"]);
      expect(JSON.stringify(ecs.requests)).not.toContain(machine.Password);

      await using stranger = await connect("another secret");
      expect((await stranger.call("DescribeRegions")).code).toBe("SignatureDoesNotMatch");
    },
  );
});
