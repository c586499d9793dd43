/** Promise: under `pulumi.runtime.setMocks` the mock's `call` answers every lookup of both hosts, and no connection is opened. */
import net from "node:net";
import {
  ComponentResource,
  CustomResource,
  Output,
  output,
  ProviderResource,
  RunError,
  runtime,
  secret,
  unknown,
} from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import * as dynamic from "../../provider/index.ts";
import * as plugin from "../../provider/plugin.ts";
import { failureOf } from "./failureOf.ts";

const cluster = { id: "hpc-1", name: "render-farm", regionId: "cn-hangzhou" };
const region = { id: "cn-hangzhou", localName: "Hangzhou", endpoint: "ecs.example.com" };
const instance = { id: "i-1", name: "node-0", rdmaIpAddresses: ["192.168.0.1"] };
const sccType = { instanceType: "ecs.sccc7.32xlarge", zoneId: "cn-shanghai-b" };
const answers: Record<string, object> = {
  "alicloud-hpc:index:getHpcCluster": cluster,
  "alicloud-hpc:index:getHpcClusters": { clusters: [cluster] },
  "alicloud-hpc:index:getRegions": { regions: [region] },
  "alicloud-hpc:index:getHpcClusterInstances": { instances: [instance] },
  "alicloud-hpc:index:getSccInstanceTypes": { instanceTypes: [sccType] },
};

let calls: runtime.MockCallArgs[];
let ecs: Emulator;
const connect = vi.spyOn(net.Socket.prototype, "connect");
beforeEach(async () => {
  calls = [];
  // What the real lookups would use.
  ecs = await startEmulator();
  vi.stubEnv("ECS_ENDPOINT", ecs.endpoint);
  vi.stubEnv("ALICLOUD_ACCESS_KEY", ecs.accessKeyId);
  vi.stubEnv("ALICLOUD_SECRET_KEY", ecs.accessKeySecret);
  vi.stubEnv("ALICLOUD_REGION", "cn-hangzhou");
  await mock((args) => answers[args.token]!);
  connect.mockClear();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(connect).not.toHaveBeenCalled();
  expect(ecs.requests).toEqual([]);
  await ecs.stop();
});

async function mock(call: (args: runtime.MockCallArgs) => object, isPreview = false): Promise<void> {
  await runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: isPreview ? undefined : `${name}-id`, state: inputs }),
      call: (args) => {
        calls.push(args);
        return call(args);
      },
    },
    "project",
    "stack",
    isPreview,
  );
}

/** The value of an output, the mark of an unknown one, or its error. */
const valueOf = (value: Output<unknown>): Promise<unknown> =>
  (value as unknown as { promise(withUnknowns: boolean): Promise<unknown> }).promise(true);
const isSecret = (value: Output<unknown>) => (value as unknown as { isSecret: Promise<boolean> }).isSecret;
const isKnown = (value: Output<unknown>) => (value as unknown as { isKnown: Promise<boolean> }).isKnown;

class PlainProvider extends ProviderResource {}
class Bucket extends CustomResource {
  declare readonly label: Output<string>;
  constructor(name: string) {
    super("test:index:Bucket", name, { label: "render-farm" });
  }
}

describe.each([
  ["the dynamic provider", dynamic, plugin],
  ["the plugin", plugin, dynamic],
])("%s", (_, host, other) => {
  const { getHpcCluster, getHpcClusterOutput, getHpcClusters, getHpcClustersOutput } = host;
  const { getRegions, getRegionsOutput, Provider } = host;

  test("every lookup asks the mock, in both forms, with its arguments and its provider", async () => {
    expect(await getHpcCluster({ name: "render-farm" })).toEqual(cluster);
    expect(await getHpcClusters()).toEqual([cluster]);
    expect(await getRegions()).toEqual([region]);
    expect(await valueOf(getHpcClusterOutput({ id: output("hpc-1") }))).toEqual(cluster);
    const found = getHpcClustersOutput({ ids: [secret("hpc-1")], nameRegex: "r" });
    expect(await valueOf(found)).toEqual([cluster]);
    expect(await isSecret(found)).toBe(true);
    expect(await valueOf(getRegionsOutput())).toEqual([region]);
    expect(await host.getHpcClusterInstances({ id: "hpc-1" })).toEqual([instance]);
    expect(await valueOf(host.getHpcClusterInstancesOutput({ id: output("hpc-2") }))).toEqual([instance]);
    expect(await host.getSccInstanceTypes()).toEqual([sccType]);
    expect(await valueOf(host.getSccInstanceTypesOutput({ regionId: "cn-beijing" }))).toEqual([sccType]);
    expect(
      calls.map(({ token, inputs, provider }) => [token.split(":")[2], inputs as unknown, provider]),
    ).toEqual([
      ["getHpcCluster", { name: "render-farm" }, ""],
      ["getHpcClusters", {}, ""],
      ["getRegions", {}, ""],
      ["getHpcCluster", { id: "hpc-1" }, ""],
      ["getHpcClusters", { ids: ["hpc-1"], nameRegex: "r" }, ""],
      ["getRegions", {}, ""],
      ["getHpcClusterInstances", { id: "hpc-1" }, ""],
      ["getHpcClusterInstances", { id: "hpc-2" }, ""],
      ["getSccInstanceTypes", {}, ""],
      ["getSccInstanceTypes", { regionId: "cn-beijing" }, ""],
    ]);
    const provider = new Provider("beijing", { region: "cn-beijing" });
    const parent = new ComponentResource("test:Site", "site", {}, { providers: [provider] });
    await getRegions({ provider });
    await valueOf(getRegionsOutput({ parent }));
    expect(calls.slice(-2).map((call) => call.provider)).toEqual(
      Array(2).fill(expect.stringMatching(/::beijing::beijing-id$/)),
    );
  });

  test("a preview that does not know an argument, or whose resource does not exist yet, looks nothing up", async () => {
    await mock(({ token }) => answers[token]!, true);
    const bucket = new Bucket("bucket");
    for (const found of [
      getHpcClusterOutput({ name: unknown as unknown as string }),
      getHpcClusterOutput({ name: bucket.label }),
      getHpcClustersOutput({}, { dependsOn: bucket }),
      getRegionsOutput({ dependsOn: [output(bucket)] }),
    ]) {
      expect(await isKnown(found)).toBe(false);
    }
    expect(calls).toEqual([]);
    expect(await isKnown(getRegionsOutput({ dependsOn: new ComponentResource("test:Site", "site") }))).toBe(
      true,
    );
  });

  test("the engine's empty answer, for a provider that a preview does not know yet, is an unknown result", async () => {
    await mock(() => ({}), true);
    expect(await isKnown(getHpcClustersOutput())).toBe(false);
    expect((await failureOf(getHpcClusters(), RunError)).message).toMatch(/arguments are not known yet/);
  });

  // Here and below in the plain form: nobody could handle the rejections of a failed output (test/e2e/account/lookupsInPrograms.test.ts).
  test("an answer without the list is an error that says what the mock must return", async () => {
    await mock(({ inputs }) => ({ ...(inputs as object), more: 1 }));
    const [clusters, regions] = [failureOf(getHpcClusters(), RunError), failureOf(getRegions(), RunError)];
    expect((await clusters).message).toMatch(/getHpcClusters has no "clusters".*must return an object/);
    expect((await regions).message).toMatch(/getRegions has no "regions"/);
  });

  test("an error of the mock is one of the program, without a stack trace", async () => {
    await mock(() => {
      throw new Error("no answer");
    });
    const { message } = await failureOf(getHpcCluster({ id: "x" }), RunError);
    expect(message).toBe("The mock of alicloud-hpc:index:getHpcCluster failed.");
  });

  test("a provider of another kind is an error that names the right one", async () => {
    for (const provider of [new PlainProvider("aws", "aws"), new other.Provider("other")]) {
      const expected =
        host === plugin
          ? /of pulumi-alicloud-hpc\/plugin takes a Provider of pulumi-alicloud-hpc\/plugin/
          : /of pulumi-alicloud-hpc takes a Provider of pulumi-alicloud-hpc as/;
      expect((await failureOf(getRegions({ provider }), RunError)).message).toMatch(expected);
    }
    // A component may have providers of both kinds.
    const providers = [new other.Provider("theirs"), new Provider("ours")];
    const parent = new ComponentResource("test:Site", "site", {}, { providers });
    expect(await getRegions({ parent })).toEqual([region]);
    expect(calls.at(-1)?.provider).toMatch(/::ours::/);
  });
});

test("the plugin's lookups use the stack's alicloud:* through a provider, in each test anew", async () => {
  runtime.setAllConfig({ "alicloud:region": "cn-beijing" });
  try {
    await mock(({ token }) => answers[token]!);
    await plugin.getRegions();
    await valueOf(plugin.getRegionsOutput());
    expect(calls.map(({ provider }) => provider)).toEqual(
      Array(2).fill(
        "urn:pulumi:stack::project::pulumi:providers:alicloud-hpc::alicloud-hpc::alicloud-hpc-id",
      ),
    );
    runtime.setAllConfig({});
    await mock(({ token }) => answers[token]!);
    await plugin.getRegions();
    expect(calls.at(-1)?.provider).toBe("");
  } finally {
    runtime.setAllConfig({});
  }
});
