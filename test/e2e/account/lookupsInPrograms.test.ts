/** Promise: lookups work in preview and up, with their provider's account and region, and fail in one sentence. */
import { ComponentResource, ProviderResource, secret } from "@pulumi/pulumi";
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
  region: "cn-beijing",
  accessKey: archiveKey.accessKeyId,
  secretKey: archiveKey.accessKeySecret,
  endpoints: [{ ecs: ecs.endpoint }],
});
class PlainProvider extends ProviderResource {}
const valueOf = (outputs: Record<string, { value: unknown }>) =>
  Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value]));

describe.each(hosts)("with the $name", ({ HpcCluster, Provider, lookups }) => {
  const { getHpcCluster, getHpcClusterOutput, getHpcClusters, getHpcClustersOutput } = lookups;
  const { getRegions, getRegionsOutput } = lookups;
  const { getHpcClusterInstances, getHpcClusterInstancesOutput } = lookups;
  const { getSccInstanceTypes, getSccInstanceTypesOutput } = lookups;

  test("every lookup in both forms, in preview and up; unknown arguments are waited for", async () => {
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
    expect(ecs.store.clusters()).toHaveLength(2);

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
    });
    expect(outputs["all"]).toEqual(
      expect.arrayContaining([found, { id: otherId, name: otherName, regionId }]),
    );
  });

  test("a lookup takes its account and region from its provider, or from its parent's", async () => {
    const theirs = ecs.store.add({ name: "farm", accountId: archive, regionId: "cn-beijing" });
    const ours = ecs.store.add({ name: "farm", accountId: studio, regionId: "cn-hangzhou" });
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const provider = new Provider("archive", archiveArguments());
        const parent = new ComponentResource("test:Site", "site", {}, { providers: [provider] });
        const child = new ComponentResource("test:Room", "room", {}, { parent });
        const plain = new ComponentResource("test:Site", "plain");
        const farm = { name: "farm" };
        return {
          withProvider: (await getHpcCluster(farm, { provider })).id,
          withParent: (await getHpcCluster(farm, { parent })).id,
          withGrandparent: getHpcClusterOutput(farm, { parent: child }).id,
          list: getHpcClustersOutput({}, { parent }).apply((clusters) => clusters.map(({ id }) => id)),
          regions: getRegions({ provider }).then(({ length }) => length),
          plainParent: getHpcClusterOutput(farm, { parent: plain }).id,
          configured: getHpcClusterOutput(farm).id,
        };
      },
    });
    await stack.preview();
    const [theirId, ourId] = [theirs.hpcClusterId, ours.hpcClusterId];
    expect(valueOf((await stack.up()).outputs)).toEqual({
      withProvider: theirId,
      withParent: theirId,
      withGrandparent: theirId,
      list: [theirId],
      regions: ecs.regions.length,
      plainParent: ourId,
      configured: ourId,
    });
  });

  test("a provider whose arguments a preview does not know yet makes the outputs unknown, not wrong", async () => {
    const theirs = ecs.store.add({ name: "farm", accountId: archive, regionId: "cn-beijing" });
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const first = new HpcCluster("first", { name: "first" });
        const region = first.id.apply(() => "cn-beijing");
        const provider = new Provider("archive", { ...archiveArguments(), region });
        return {
          farm: getHpcClusterOutput({ name: "farm" }, { provider }).id,
          farms: getHpcClustersOutput({}, { provider }).apply(({ length }) => length),
          regions: getRegionsOutput({ provider }).apply(({ length }) => length),
        };
      },
    });
    await stack.preview();
    // The name of the new cluster was checked, and nothing was looked up.
    expect(ecs.calls("DescribeHpcClusters")).toHaveLength(1);
    expect(valueOf((await stack.up()).outputs)).toEqual({
      farm: theirs.hpcClusterId,
      farms: 1,
      regions: ecs.regions.length,
    });
  });

  test.each<[string, () => Promise<Record<string, unknown>>, RegExp]>([
    [
      "awaited",
      async () => ({ farm: await getHpcCluster({ name: "nobody" }) }),
      /getHpcCluster: there is no HPC cluster named "nobody" in cn-hangzhou/,
    ],
    [
      "as an output",
      async () => ({ farm: getHpcClusterOutput({ id: "hpc-0000000000000000" }) }),
      /getHpcCluster: there is no HPC cluster hpc-0000000000000000 in cn-hangzhou/,
    ],
    [
      "with a provider of another kind",
      async () => {
        const provider = new PlainProvider("pulumi-nodejs", "plain", {});
        return { farm: await getHpcClusters({}, { provider }) };
      },
      /takes a Provider of pulumi-alicloud-hpc/,
    ],
    [
      "for a secret name",
      async () => ({ farm: getHpcClusterOutput({ name: secret("hidden-farm") }) }),
      /getHpcCluster: there is no HPC cluster named "\[secret\]" in cn-hangzhou/,
    ],
  ])(
    "a lookup that fails, %s, fails the preview in one sentence without a stack trace",
    async (_, program, expected) => {
      await using stack = await createEcsStack(ecs, { program });
      const { output } = await failureOf(stack.preview());
      expect(output).toMatch(expected);
      expect(output).not.toMatch(/^\s*at .*(\.js|\.ts|node:)/m);
      expect(output).not.toContain("hidden-farm");
    },
  );
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
