/** Promise: lookups work in preview and up, with their provider's account and region, and fail in one sentence. */
import { ComponentResource, secret } from "@pulumi/pulumi";
import { getHpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AccessKey, type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { clusterOps, createEcsStack, failureOf } from "../ecsStack.ts";
import { hosts } from "../hosts.ts";

const [studio, archive] = ["1000000000000001", "1000000000000002"] as const;
let ecs: Emulator;
let archiveKey: AccessKey;
beforeEach(async () => {
  ecs = await startEmulator({ accounts: [{ accountId: studio }, { accountId: archive }] });
  archiveKey = ecs.accounts.addKey(archive);
});
afterEach(() => ecs.stop());

const archiveArguments = () => ({
  region: "eu-west-1",
  accessKey: archiveKey.accessKeyId,
  secretKey: archiveKey.accessKeySecret,
  endpoints: [{ ecs: ecs.endpoint }],
});
const valueOf = (outputs: Record<string, { value: unknown }>) =>
  Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value]));

describe.each(hosts)("with the $name", ({ HpcCluster, Provider, lookups }) => {
  const { getHpcCluster, getHpcClusterOutput, getHpcClusters, getHpcClustersOutput } = lookups;
  const { getRegions, getRegionsOutput } = lookups;
  const { getHpcClusterInstances, getHpcClusterInstancesOutput } = lookups;
  const { getSccInstanceTypes, getSccInstanceTypesOutput } = lookups;

  test("every lookup in both forms, in preview and up, with its own or its parent's provider; unknown arguments and providers are waited for", async () => {
    const theirs = ecs.store.add({ name: "farm", accountId: archive, regionId: "eu-west-1" });
    const farm = ecs.store.add({ name: "render-farm", description: "By hand" });
    const other = ecs.store.add({ name: "render-other" });
    const node = ecs.store.runInstance({ hpcClusterId: farm.hpcClusterId, name: "node" });
    const found = {
      id: farm.hpcClusterId,
      name: "render-farm",
      description: "By hand",
      regionId: "cn-hangzhou",
    };
    const { hpcClusterId: otherId, name: otherName, regionId } = other;
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const cluster = new HpcCluster("own", {
          name: "own",
          description: "Made here",
          regionId: "cn-beijing",
        });
        // What a preview knows can decide what is declared.
        for (const { name } of await getHpcClusters({ nameRegex: "^render-" })) {
          new HpcCluster(`beside-${name}`, { name: `beside-${name}` });
        }
        const provider = new Provider("archive", archiveArguments());
        const region = cluster.id.apply(() => "eu-west-1");
        const derived = new Provider("derived", { ...archiveArguments(), region });
        const parent = new ComponentResource("test:Site", "site", {}, { providers: [provider] });
        const child = new ComponentResource("test:Room", "room", {}, { parent });
        const plain = new ComponentResource("test:Site", "plain");
        const theirFarm = { name: "farm" };
        return {
          byId: await getHpcCluster({ id: farm.hpcClusterId }),
          byName: getHpcCluster({ name: "render-farm" }),
          byOutput: getHpcClusterOutput({ name: Promise.resolve("render-farm") }),
          all: getHpcClustersOutput(),
          regions: (await getRegions()).length,
          region: getRegionsOutput().apply((regions) => regions.find(({ id }) => id === "cn-wulanchabu")),
          nodes: await getHpcClusterInstances({ id: farm.hpcClusterId }),
          ownNodes: getHpcClusterInstancesOutput({ id: cluster.id, regionId: cluster.regionId }),
          sccTypes: (await getSccInstanceTypes()).length,
          sccTypesElsewhere: getSccInstanceTypesOutput({ regionId: "cn-beijing" }).apply(([type]) => type),
          own: getHpcClusterOutput({ id: cluster.id, regionId: cluster.regionId }),
          ownByRegex: getHpcClustersOutput({ ids: [cluster.id], nameRegex: "w", regionId: "cn-beijing" }),
          ownByName: getHpcClusterOutput({ name: cluster.name, regionId: "cn-beijing" }),
          withProvider: (await getHpcCluster(theirFarm, { provider })).id,
          withParent: (await getHpcCluster(theirFarm, { parent })).id,
          withGrandparent: getHpcClusterOutput(theirFarm, { parent: child }).id,
          listWithParent: getHpcClustersOutput({}, { parent }).apply((clusters) =>
            clusters.map(({ id }) => id),
          ),
          regionsWithProvider: getRegions({ provider }).then(({ length }) => length),
          plainParent: getHpcClusterOutput({ name: "render-farm" }, { parent: plain }).id,
          derived: getHpcClusterOutput(theirFarm, { provider: derived }).id,
          derivedList: getHpcClustersOutput({}, { provider: derived }).apply(({ length }) => length),
          derivedRegions: getRegionsOutput({ provider: derived }).apply(({ length }) => length),
        };
      },
    });
    expect(clusterOps(await stack.preview())).toEqual({
      own: ["create"],
      "beside-render-farm": ["create"],
      "beside-render-other": ["create"],
    });
    // The lookups of the cluster that does not exist yet were not made: only its name was checked.
    expect(ecs.calls("DescribeHpcClusters", "cn-beijing")).toHaveLength(1);
    expect(ecs.calls("DescribeInstances", "cn-beijing")).toEqual([]);
    // Of the provider whose region is not known yet, neither.
    expect(ecs.calls("DescribeHpcClusters", "eu-west-1")).toHaveLength(4);
    expect(ecs.store.clusters()).toHaveLength(3);

    const outputs = valueOf((await stack.up()).outputs);
    const [own] = ecs.store.clusters({ name: "own" });
    const ownFound = { id: own?.hpcClusterId, name: "own", description: "Made here", regionId: "cn-beijing" };
    expect(outputs).toMatchObject({
      byId: found,
      byName: found,
      byOutput: found,
      regions: ecs.regions.length,
      region: {
        id: "cn-wulanchabu",
        localName: "华北6（乌兰察布）",
        endpoint: "ecs.cn-wulanchabu.aliyuncs.com",
      },
      nodes: [
        {
          id: node.instanceId,
          name: "node",
          status: "Running",
          instanceType: "ecs.sccg7.32xlarge",
          zoneId: "cn-hangzhou-a",
          privateIpAddresses: ["10.0.0.1"],
          rdmaIpAddresses: ["192.168.0.1"],
        },
      ],
      ownNodes: [],
      sccTypes: 4,
      sccTypesElsewhere: {
        instanceType: "ecs.sccc7.32xlarge",
        zoneId: "cn-beijing-a",
        status: "Available",
        stock: "WithStock",
      },
      own: ownFound,
      ownByRegex: [ownFound],
      ownByName: ownFound,
      withProvider: theirs.hpcClusterId,
      withParent: theirs.hpcClusterId,
      withGrandparent: theirs.hpcClusterId,
      listWithParent: [theirs.hpcClusterId],
      regionsWithProvider: ecs.regions.length,
      plainParent: farm.hpcClusterId,
      derived: theirs.hpcClusterId,
      derivedList: 1,
      derivedRegions: ecs.regions.length,
    });
    expect(outputs["all"]).toEqual(
      expect.arrayContaining([found, { id: otherId, name: otherName, regionId }]),
    );
  });

  // Other failures: test/unit/lookup.test.ts, and of a lookup that is awaited configuration.test.ts.
  test("a lookup that fails, for a secret name, fails the preview in one sentence without a stack trace", async () => {
    await using stack = await createEcsStack(ecs, {
      program: async () => ({ farm: getHpcClusterOutput({ name: secret("hidden-farm") }) }),
    });
    const { output } = await failureOf(stack.preview());
    expect(output).toContain('getHpcCluster: there is no HPC cluster named "[secret]" in cn-hangzhou');
    expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
    expect(output).not.toContain("hidden-farm");
  });
});

test("two stacks at once in one process, and one stack after a change of its configuration, do not mix", async () => {
  const theirs = ecs.store.add({ name: "farm", accountId: archive });
  const ours = ecs.store.add({ name: "farm", accountId: studio });
  const program = async () => ({ id: (await getHpcCluster({ name: "farm" })).id });
  await using one = await createEcsStack(ecs, { program, stackName: "one" });
  await using two = await createEcsStack(ecs, {
    program,
    stackName: "two",
    config: {
      "alicloud:accessKey": archiveKey.accessKeyId,
      "alicloud:secretKey": archiveKey.accessKeySecret,
    },
  });
  // Both are stopped in the middle of their lookup, so that both are under way.
  const holds = [1, 2].map(() => ecs.hold({ action: "DescribeHpcClusters", when: "beforeCommit" }));
  const both = [one.start("up"), two.start("up")];
  await Promise.all(holds.map(({ reached }) => reached));
  for (const hold of holds) {
    hold.release();
  }
  const [first, second] = await Promise.all(both.map(({ result }) => result));
  expect(first?.outputs["id"]?.value).toBe(ours.hpcClusterId);
  expect(second?.outputs["id"]?.value).toBe(theirs.hpcClusterId);

  await one.setConfig({
    "alicloud:accessKey": archiveKey.accessKeyId,
    "alicloud:secretKey": { value: archiveKey.accessKeySecret, secret: true },
  });
  expect((await one.up()).outputs["id"]?.value).toBe(theirs.hpcClusterId);
});
