/**
 * Every call of the plugin over gRPC, beyond what both hosts promise (test/rpc/bothHosts.test.ts). Almost all of it runs on one process:
 * no bad call may end it.
 */
import { once } from "node:events";
import { connect } from "node:http2";
import grpc from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { PluginProvider } from "../rpc/pluginProvider.ts";
import {
  messages,
  ProviderError,
  secret,
  unknownValue,
  type About,
  type Properties,
} from "../rpc/servedProvider.ts";
import { failureOf } from "../unit/failureOf.ts";
import { FakeEngine } from "./fakeEngine.ts";

const regionId = "cn-hangzhou";
const { status } = grpc;
const anything = expect.any(String) as string;

let ecs: Emulator;
let engine: FakeEngine;
let plugin: PluginProvider;
const others: PluginProvider[] = [];

beforeAll(async () => {
  ecs = await startEmulator();
  engine = await FakeEngine.start();
  plugin = await PluginProvider.start({ engineAddress: engine.address });
});

afterEach(async () => {
  ecs.faults.clear();
  await Promise.all(others.splice(0).map((other) => other.stop()));
});

afterAll(async () => {
  await plugin.stop();
  engine.kill();
  await ecs.stop();
});

const configuration = (changes: Properties = {}): Properties => ({
  endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
  accessKey: ecs.accessKeyId,
  secretKey: secret(ecs.accessKeySecret),
  region: regionId,
  maxRetryTimeout: "1",
  ...changes,
});

/**
 * Another process of the plugin.
 *
 * @param options.id of its provider resource; default: that of all others
 * @param options.run the engine of its run; default: this one
 */
async function another(
  changes: Properties = {},
  { id, run = engine }: { id?: string; run?: FakeEngine } = {},
): Promise<PluginProvider> {
  const other = await PluginProvider.start({ engineAddress: run.address });
  others.push(other);
  await other.configure(configuration(changes), id);
  return other;
}

/** check, then create, as the engine does for a new resource. */
async function created(
  news: Properties,
  about: About,
): Promise<{ id: string; outputs: Properties; inputs: Properties }> {
  const { inputs, failures } = await plugin.check({}, news, about);
  expect(failures).toEqual([]);
  const { id, properties } = await plugin.create(inputs, about);
  return { id, outputs: properties, inputs };
}

describe("before Configure", () => {
  test("every call about clusters fails, and says why", async () => {
    const state = { hpcClusterId: "hpc-1", name: "farm", regionId };
    for (const call of [
      () => plugin.check({}, { name: "farm" }),
      () => plugin.diff("hpc-1", state, state),
      () => plugin.create({ name: "farm", regionId }),
      () => plugin.create({ name: "farm", regionId }, { preview: true }),
      () => plugin.refresh("hpc-1", state),
      () => plugin.update("hpc-1", state, state),
      () => plugin.delete("hpc-1", state),
      () => plugin.invoke("alicloud-hpc:index:getRegions", {}),
    ]) {
      const error = await failureOf(call(), ProviderError);
      expect(error.code).toBe(status.INVALID_ARGUMENT);
      expect(error.message).toMatch(/^The provider is not configured: .*Configure/);
    }
    expect(ecs.requests).toEqual([]);
  });

  test("a Configure without arguments fails, and the next one counts", async () => {
    const error = await failureOf(plugin.sendConfigure(new messages.ConfigureRequest()), ProviderError);
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error.message).toMatch(/^Configure: the request has no args/);
    await expect(plugin.configure(configuration())).resolves.toEqual({
      acceptSecrets: true,
      supportsPreview: true,
      supportsAutonaming: true,
    });
    expect((await plugin.check({}, { name: "farm" })).inputs).toEqual({ name: "farm", regionId });
  });
});

describe("about itself the plugin answers", () => {
  test("Handshake and Attach: messages then go to the engine at that address", async () => {
    const other = await FakeEngine.start();
    for (const greet of [
      async (fresh: PluginProvider, address: string) => {
        expect(await fresh.handshake(address)).toEqual({ acceptSecrets: true });
      },
      (fresh: PluginProvider, address: string) => fresh.attach(address),
    ]) {
      const fresh = await PluginProvider.start();
      others.push(fresh);
      await greet(fresh, other.address);
      await fresh.configure(configuration());
      const { hpcClusterId } = ecs.store.add({ name: "greeted", regionId });
      const before = other.logs.length;
      await fresh.check({}, { name: "greeted" });
      await fresh.cancel();
      expect(other.logs.slice(before).map(({ message }) => message)).toContainEqual(
        expect.stringContaining(hpcClusterId),
      );
      ecs.store.remove(hpcClusterId);
    }
    await Promise.all(others.splice(0).map((fresh) => fresh.stop()));
    other.kill();
  });

  test("GetPluginInfo: the version of its schema", async () => {
    const { version } = JSON.parse(await plugin.schema()) as { version: string };
    expect(await plugin.pluginInfo()).toEqual({ version });
  });

  test("GetSchema: the schema of the package, and no other version of the schema language", async () => {
    expect(JSON.parse(await plugin.schema())).toMatchObject({ name: "alicloud-hpc" });
    expect((await failureOf(plugin.schema(7), ProviderError)).message).toContain("version 7");
  });

  test("UNIMPLEMENTED to every other method", async () => {
    const { service } = plugin.client.constructor as unknown as { service: grpc.ServiceDefinition };
    const answered = [
      ...[
        "Handshake",
        "GetPluginInfo",
        "GetSchema",
        "CheckConfig",
        "DiffConfig",
        "Configure",
        "Check",
        "Diff",
      ],
      ...["Create", "Read", "Update", "Delete", "Invoke", "List", "Cancel", "Attach"],
    ];
    const unanswered = Object.values(service).filter(
      ({ path }) => !answered.includes(path.split("/").at(-1)!),
    );
    expect(unanswered.map(({ path }) => path.split("/").at(-1))).toEqual(
      expect.arrayContaining(["Construct", "Call", "Parameterize", "GetMapping", "GetMappings"]),
    );
    for (const { path, requestSerialize, responseDeserialize, responseStream } of unanswered) {
      const code = await new Promise((resolve) => {
        const request: unknown = Reflect.construct(requestTypes[path.split("/").at(-1)!] ?? Object, []);
        if (responseStream) {
          plugin.client
            .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
            .on("error", (error: grpc.ServiceError) => resolve(error.code));
        } else {
          plugin.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error) =>
            resolve(error?.code),
          );
        }
      });
      expect(code, path).toBe(status.UNIMPLEMENTED);
    }
  });
});

const requestTypes: Readonly<Record<string, new () => unknown>> = {
  Construct: messages.ConstructRequest,
  Call: messages.CallRequest,
  Parameterize: messages.ParameterizeRequest,
  GetMapping: messages.GetMappingRequest,
  GetMappings: messages.GetMappingsRequest,
  List: messages.ListRequest,
};

describe("CheckConfig", () => {
  const reasonsOf = async (news: Properties) => {
    const { failures } = await plugin.checkConfig(news);
    // With a property, the engine would show the value.
    expect(failures.map(({ property }) => property)).toEqual(failures.map(() => ""));
    return failures.map(({ reason }) => reason);
  };

  test("takes a right configuration, and the engine's own inputs", async () => {
    expect(
      await reasonsOf(configuration({ version: "1.0.0", pluginDownloadURL: "https://example.com" })),
    ).toEqual([]);
  });

  test("takes values also as they are, and not only as texts", async () => {
    const values = { endpoints: [{ ecs: ecs.endpoint }], maxRetryTimeout: 5, skipRegionValidation: true };
    expect(await reasonsOf(configuration(values))).toEqual([]);
    const structured = await another(values);
    expect(await structured.invoke("alicloud-hpc:index:getHpcClusters", { ids: [] })).toEqual({
      clusters: [],
    });
  });

  test("names the nearest key of a wrong one, and all keys of one that is near to none", async () => {
    expect((await reasonsOf({ regoin: regionId, colour: "blue", accessKye: "LTAI" })).sort()).toEqual([
      'alicloud-hpc:accessKye is not a configuration key: did you mean "accessKey"?',
      expect.stringMatching(
        /^alicloud-hpc:colour is not a configuration key: the keys are .*accessKey, .*region/,
      ),
      'alicloud-hpc:regoin is not a configuration key: did you mean "region"?',
    ]);
  });

  test("reports all values that cannot be used", async () => {
    const reasons = await reasonsOf({ endpoints: "{", protocol: "gopher", accessKey: "LTAIhalfOfAPair" });
    expect(reasons).toHaveLength(3);
    for (const key of ["endpoints", "protocol", "secretKey"]) {
      expect(reasons.join("\n")).toContain(`alicloud-hpc:${key}`);
    }
    expect(reasons.join("\n")).not.toContain("LTAIhalfOfAPair");
  });

  test("judges no value while one is unknown", async () => {
    expect(await reasonsOf({ accessKey: "LTAIhalfOfAPair", secretKey: unknownValue })).toEqual([]);
  });

  test("makes secrets of the keys that are secrets, also where they come in plain", async () => {
    const { inputs } = await plugin.checkConfig({
      ...configuration({ assumeRole: '{"roleArn":"acs:ram::1:role/r"}' }),
      profile: secret("the-profile"),
    });
    expect(inputs).toMatchObject({
      accessKey: secret(ecs.accessKeyId),
      secretKey: secret(ecs.accessKeySecret),
      assumeRole: secret('{"roleArn":"acs:ram::1:role/r"}'),
      profile: secret("the-profile"),
      region: regionId,
    });
  });
});

test("DiffConfig names the keys that differ, and replaces no provider", async () => {
  const olds = { region: regionId, accessKey: secret("old"), profile: "work", version: "1" };
  const diff = await plugin.diffConfig(olds, {
    region: "cn-beijing",
    accessKey: "old",
    protocol: "HTTP",
    version: "2",
  });
  expect(diff.diffs.sort()).toEqual(["profile", "protocol", "region"]);
  expect(diff.replaces).toEqual([]);
  expect(await plugin.diffConfig(olds, olds)).toEqual({ diffs: [], replaces: [] });
});

describe("Check", () => {
  test("names a cluster for which the program gives no name, and keeps that name", async () => {
    const first = await plugin.check({}, {}, { name: "rendering" });
    expect(first.failures).toEqual([]);
    expect(first.inputs).toEqual({
      name: expect.stringMatching(/^rendering-[0-9a-f]{7}$/) as string,
      regionId,
    });
    expect(
      (await plugin.check(first.inputs, { description: "Frames" }, { name: "rendering" })).inputs,
    ).toEqual({
      ...first.inputs,
      description: "Frames",
    });
    const other = await plugin.check({}, {}, { name: "simulation" });
    expect(other.inputs["name"]).toMatch(/^simulation-/);
  });

  test("takes the name that pulumi:autonaming proposes, or says that it breaks a rule or is missing", async () => {
    const proposed = await plugin.checkNamed({}, {}, "proposed-name", "PROPOSE");
    expect(proposed).toEqual({ inputs: { name: "proposed-name", regionId }, failures: [] });
    const wrong = await plugin.checkNamed({}, {}, "wrong name", "ENFORCE");
    expect(wrong.failures).toEqual([
      {
        property: "",
        reason: expect.stringMatching(/"wrong name", made from pulumi:autonaming, breaks a rule: .*" "/),
      },
    ]);
    const disabled = await plugin.checkNamed({}, {}, "", "DISABLE");
    expect(disabled.failures).toMatchObject([
      { property: "name", reason: expect.stringContaining("disabled") },
    ]);
  });

  test("fails for a URN that is not one, and for the type of another resource", async () => {
    const notOne = await failureOf(plugin.check({}, { name: "farm" }, { urn: "rendering" }), ProviderError);
    expect(notOne.code).toBe(status.INVALID_ARGUMENT);
    expect(notOne.message).toMatch(/"rendering" is not a URN/);
    const urn = "urn:pulumi:dev::renderer::alicloud-hpc:index:HpcClutser::rendering";
    const otherType = await failureOf(plugin.check({}, { name: "farm" }, { urn }), ProviderError);
    expect(otherType.code).toBe(status.INVALID_ARGUMENT);
    expect(otherType.message).toContain(
      "no resource type alicloud-hpc:index:HpcClutser; there is alicloud-hpc:index:HpcCluster",
    );
  });
});

describe("Diff", () => {
  const olds = { hpcClusterId: "hpc-diff", name: "farm", regionId };

  test("tells what each difference is, and deletes before it replaces", async () => {
    const diffs = (news: Properties, from: Properties = olds) => plugin.diff("hpc-diff", from, news);
    const described = { ...olds, description: "Frames" };
    expect(await diffs({ name: "farm", regionId })).toEqual({
      changes: false,
      replaces: [],
      details: {},
      // The program's replaceOnChanges may make a replacement of it.
      deleteBeforeReplace: true,
    });
    expect((await diffs({ ...described, name: "other" })).details).toEqual({
      name: "UPDATE",
      description: "ADD",
    });
    expect((await diffs({ name: "farm", regionId }, described)).details).toEqual({ description: "DELETE" });
    expect(await diffs({ name: "other", regionId: "cn-beijing" })).toEqual({
      changes: true,
      replaces: ["regionId"],
      details: { name: "UPDATE", regionId: "UPDATE_REPLACE" },
      deleteBeforeReplace: true,
    });
  });

  test("fails for two resources with one cluster, and names both", async () => {
    const state = (entry: string) => ({ ...olds, hpcClusterId: "hpc-both", __entry: entry });
    await plugin.diff("hpc-both", state("a"), olds, { name: "first" });
    await plugin.diff("hpc-both", state("a"), olds, { name: "first" });
    const error = await failureOf(
      plugin.diff("hpc-both", state("b"), olds, { name: "second" }),
      ProviderError,
    );
    for (const name of ["first", "second"]) {
      expect(error.message).toContain(`pulumi state delete '${plugin.urnOf(name)}'`);
    }
  });
});

describe("Create", () => {
  const calls = () => ecs.calls("CreateHpcCluster").length;

  test("returns the cluster of an interrupted run for the same provider and URN, and a new one for others", async () => {
    const inputs = { name: "interrupted", regionId };
    const { id } = await plugin.create(inputs, { name: "interrupted" });
    const nextEngine = await FakeEngine.start();
    const nextRun = await another({}, { run: nextEngine });
    expect((await nextRun.create(inputs, { name: "interrupted" })).id).toBe(id);
    const otherUrn = await nextRun.create(inputs, { name: "another" });
    const otherProvider = await (
      await another({}, { id: "another-provider" })
    ).create(inputs, { name: "interrupted" });
    expect(new Set([id, otherUrn.id, otherProvider.id]).size).toBe(3);
    expect(ecs.store.clusters({ name: "interrupted" })).toHaveLength(3);
    nextEngine.kill();
  });

  test("in a preview tells what is known, and calls nothing", async () => {
    const before = ecs.requests.length;
    const inputs = { name: "planned", regionId, description: unknownValue };
    const { id, properties } = await plugin.create(inputs, { preview: true });
    expect(id).toBe("");
    expect(properties).toEqual({ ...inputs, requestId: unknownValue });
    expect(ecs.requests).toHaveLength(before);
  });

  test("fails within its time-out while it is throttled, with the service's error", async () => {
    const patient = await another({ maxRetryTimeout: "300" });
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster" });
    const error = await failureOf(patient.create({ name: "late", regionId }, { timeout: 1 }), ProviderError);
    expect(error.message).toMatch(
      /^CreateHpcCluster in cn-hangzhou: Throttling\.User: .* attempts? over [01]\.\d s|attempt 1\)/,
    );
    expect(ecs.store.clusters({ name: "late" })).toEqual([]);
  });

  test("keeps the id although the service's message is longer than a header may be", async () => {
    const message = "too long ".repeat(20_000);
    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      status: 403,
      code: "Forbidden.RAM",
      message,
    });
    const { initFailure, message: shown } = await failureOf(
      plugin.create({ name: "verbose", regionId }, { name: "verbose" }),
      ProviderError,
    );
    const [cluster] = ecs.store.clusters({ name: "verbose" });
    expect(initFailure?.id).toBe(cluster?.hpcClusterId);
    expect(shown).toContain("Forbidden.RAM");
  });

  test("of many clusters at once writes nothing on standard error", async () => {
    const before = calls();
    await Promise.all(
      Array.from({ length: 30 }, (_, number) =>
        plugin.create({ name: `many-${number}`, regionId }, { name: `many-${number}` }),
      ),
    );
    expect(calls() - before).toBe(30);
    expect(plugin.output.stderr).toBe("");
  });
});

describe("Read", () => {
  test("of an import returns inputs and outputs; the entry gets an identity and its account", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", description: "there", regionId });
    const { id, inputs, properties } = await plugin.import(hpcClusterId);
    expect(id).toBe(hpcClusterId);
    expect(inputs).toEqual({ name: "existing", description: "there", regionId });
    const hidden = { __entry: anything, __accountId: ecs.accountId, __provider: anything };
    expect(properties).toEqual({ ...inputs, hpcClusterId, ...hidden });
    const [again, diff] = [await plugin.import(hpcClusterId), await plugin.diff(id, properties, inputs!)];
    expect(again.properties["__entry"]).not.toBe(properties["__entry"]);
    expect(diff.changes).toBe(false);
  });

  test("of an import gives no cluster to a second resource that this run shows", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", regionId });
    const importAs = (resourceName: string) => plugin.import(hpcClusterId, { name: resourceName });
    await importAs("first");
    const { message } = await failureOf(importAs("second"), ProviderError);
    expect(message).toMatch(
      new RegExp(`${hpcClusterId} belongs to the resource "first" already.*pulumi state delete`),
    );
  });

  test("of an import that is not there, or of another region or account, says what to check", async () => {
    const elsewhere = ecs.store.add({ name: "elsewhere", regionId: "cn-beijing" });
    const foreign = ecs.store.add({ name: "foreign", regionId, accountId: "1999999999999999" });
    for (const id of ["hpc-missing", "not an id", elsewhere.hpcClusterId, foreign.hpcClusterId]) {
      const error = await failureOf(plugin.import(id), ProviderError);
      expect(error.message).toBe(
        `There is no HPC cluster ${id} in cn-hangzhou: check the id, the region and the account.`,
      );
    }
    const nowhere = await another({ region: "" });
    expect((await failureOf(nowhere.import("hpc-missing"), ProviderError)).message).toContain(
      "pulumi config set alicloud-hpc:region cn-hangzhou",
    );
  });

  test("of a refresh keeps the hidden inputs", async () => {
    const { id, outputs, inputs } = await created({ name: "hidden" }, { name: "hidden" });
    const read = await plugin.refresh(id, outputs, { ...inputs, __tokenKey: "kept" });
    expect(read.inputs).toEqual({ ...inputs, __tokenKey: "kept" });
    expect(read.properties).toEqual(outputs);
  });
});

test("a message repeats the user's values as they are, also one that looks like a configuration key", async () => {
  const { hpcClusterId: adopt } = ecs.store.add({
    name: "labelled",
    description: "alicloud:before",
    regionId,
  });
  const news = { name: "labelled", description: "alicloud:region of the farm", regionId, adopt };
  const { failures } = await (await another()).check({}, news);
  expect(failures.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('"alicloud:before", but is "alicloud:region of the farm"'),
  ]);
});

test("Update in a preview tells what the update then returns, and calls nothing", async () => {
  const { id, outputs } = await created(
    { name: "changing", description: "old", clientToken: "token-of-changing" },
    { name: "changing" },
  );
  const news = { name: "changed", regionId };
  const before = ecs.requests.length;
  const planned = await plugin.update(id, outputs, news, { preview: true });
  expect(ecs.requests).toHaveLength(before);
  expect(planned).toEqual(await plugin.update(id, outputs, news));
  expect(ecs.store.find(id)).toMatchObject({ name: "changed", description: "" });
});

describe("Invoke", () => {
  const getCluster = "alicloud-hpc:index:getHpcCluster";
  const getClusters = "alicloud-hpc:index:getHpcClusters";
  const getInstances = "alicloud-hpc:index:getHpcClusterInstances";

  test("runs the functions of the schema", async () => {
    const { hpcClusterId: id } = ecs.store.add({
      name: "looked-up",
      regionId: "cn-shanghai",
      description: "there",
    });
    const found = { id, name: "looked-up", description: "there", regionId: "cn-shanghai" };
    expect(await plugin.invoke(getCluster, { id, regionId: "cn-shanghai" })).toEqual(found);
    expect(await plugin.invoke(getCluster, { name: "looked-up", regionId: "cn-shanghai" })).toEqual(found);
    for (const args of [{}, { ids: [id] }, { nameRegex: "^looked" }]) {
      expect(await plugin.invoke(getClusters, { ...args, regionId: "cn-shanghai" })).toEqual({
        clusters: [found],
      });
    }
    const { regions } = await plugin.invoke("alicloud-hpc:index:getRegions", {});
    expect((regions as { id: string }[]).map(({ id: each }) => each)).toEqual(ecs.regions);
    const node = ecs.store.runInstance({ hpcClusterId: id, name: "node" });
    expect(await plugin.invoke(getInstances, { id, regionId: "cn-shanghai" })).toEqual({
      instances: [
        {
          id: node.instanceId,
          name: "node",
          status: "Running",
          instanceType: node.instanceType,
          zoneId: "cn-shanghai-a",
          privateIpAddresses: node.privateIpAddresses,
          rdmaIpAddresses: node.rdmaIpAddresses,
        },
      ],
    });
    const offer = { zoneId: "cn-shanghai-b", instanceType: "ecs.sccc7.32xlarge" };
    ecs.store.setOffers("cn-shanghai", [offer]);
    expect(
      await plugin.invoke("alicloud-hpc:index:getSccInstanceTypes", { regionId: "cn-shanghai" }),
    ).toEqual({ instanceTypes: [{ ...offer, status: "Available", stock: "WithStock" }] });
  });

  test.each([
    [
      "alicloud-hpc:index:getHpcClutser",
      {},
      /no function alicloud-hpc:index:getHpcClutser; there are .*getHpcCluster, /,
    ],
    [getCluster, { nmae: "farm" }, /"nmae" is not an argument: did you mean "name"\?$/],
    [getCluster, { filter: "x" }, /"filter" is not an argument: its arguments are id, name, regionId\.$/],
    [getCluster, { name: 7 }, /name must be a string/],
    [getInstances, {}, /give the id of the cluster/],
    [getCluster, {}, /give either id or name/],
    [getCluster, { id: "hpc-missing" }, /no HPC cluster hpc-missing in cn-hangzhou; check the id/],
    [getCluster, { name: "nobody", regionId: "CN" }, /regionId must be the id of a region/],
    [getClusters, { ids: "hpc-1" }, /ids must be a list of strings/],
    [getClusters, { nameRegex: "(" }, /nameRegex is not a valid regular expression/],
    ["constructor", {}, /no function constructor; there are /],
    ["__proto__", {}, /no function __proto__; there are /],
    [getCluster, { constructor: "x" }, /"constructor" is not an argument: its arguments are /],
    [
      "alicloud-hpc:index:getRegions",
      { regionId },
      /"regionId" is not an argument: its arguments are none\.$/,
    ],
  ])("%s %j fails, and says what is wrong", async (token, args, message) => {
    expect((await failureOf(plugin.invoke(token, args), ProviderError)).message).toMatch(message);
  });
});

test("a request that cannot be read fails alone", async () => {
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    plugin.client.makeUnaryRequest(
      "/pulumirpc.ResourceProvider/Check",
      () => Buffer.from("not a message"),
      () => undefined,
      {},
      resolve,
    ),
  );
  expect(error).toMatchObject({
    code: status.INTERNAL,
    details: expect.stringContaining("deserializ") as string,
  });
  expect((await plugin.check({}, { name: "farm" })).failures).toEqual([]);
});

test("a request over the size limit fails alone", async () => {
  // Only the head of a message is sent, which says how long it is: 500 MiB.
  const head = Buffer.alloc(5);
  head.writeUInt32BE(500 * 1024 * 1024, 1);
  const connection = connect(`http://127.0.0.1:${plugin.port}`);
  const request = connection.request({
    ":method": "POST",
    ":path": "/pulumirpc.ResourceProvider/Check",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const headers = Promise.race([once(request, "response"), once(request, "trailers")]);
  request.write(head);
  const [found] = (await headers) as [Record<string, unknown>];
  connection.destroy();
  expect(Number(found["grpc-status"])).toBe(status.RESOURCE_EXHAUSTED);
  expect(decodeURIComponent(String(found["grpc-message"]))).toMatch(/larger than max .*419430400/);
  expect((await plugin.check({}, { name: "farm" })).failures).toEqual([]);
});

describe("messages at the engine", () => {
  test("a warning is shown at its resource", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "twin", regionId: "cn-shenzhen" });
    const other = await another();
    await other.check({}, { name: "twin", regionId: "cn-shenzhen" }, { name: "twin" });
    expect(engine.at(plugin.urnOf("twin"))).toEqual([]);
    // The end of the run: only then it is known who holds the cluster.
    await other.cancel();
    expect(engine.at(plugin.urnOf("twin"))).toEqual([
      {
        urn: anything,
        message: expect.stringContaining(hpcClusterId),
        severity: "WARNING",
        ephemeral: false,
      },
    ]);
  });

  test("a call that waits shows for what, until its answer", async () => {
    const patient = await another({ maxRetryTimeout: "300" });
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", times: 1, retryAfterMs: 600 });
    ecs.faults.add({ kind: "lateVisible", describes: 1 });
    const { id } = await patient.create({ name: "slow", regionId }, { name: "slow" });
    expect(engine.at(patient.urnOf("slow"))).toEqual(
      [
        expect.stringMatching(/^CreateHpcCluster: Throttling\.User, next call in 0\.\d s$/),
        `waiting for ${id} to show in DescribeHpcClusters`,
      ].map((message: unknown) => ({ urn: anything, message, severity: "INFO", ephemeral: true })),
    );
  });

  test("arrive before the answer of the call that they are about", async () => {
    const other = await another();
    ecs.store.add({ name: "in-order", regionId });
    const confirm = engine.holdConfirmations();
    let isAnswered = false;
    await other.check({}, { name: "in-order" }, { name: "in-order" });
    const ended = other.cancel().then(() => (isAnswered = true));
    await engine.logged(({ urn }) => urn === other.urnOf("in-order"));
    // A call that the plugin does not know waits for nothing, so its answers come after those that are there already.
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) =>
        other.client.getMapping(new messages.GetMappingRequest(), (error) => resolve(error)),
      );
    }
    expect(isAnswered).toBe(false);
    confirm();
    await ended;
  });

  test("reach it although the environment has a proxy", async () => {
    const behindProxy = await PluginProvider.start({
      engineAddress: engine.address,
      environment: {
        HTTP_PROXY: "http://127.0.0.1:9",
        http_proxy: "http://127.0.0.1:9",
        grpc_proxy: "http://127.0.0.1:9",
        NO_PROXY: "",
      },
    });
    others.push(behindProxy);
    await behindProxy.configure(
      configuration({ region: "cn-hangzhou", endpoints: JSON.stringify([{ ecs: "http://127.0.0.1:9" }]) }),
    );
    const before = engine.logs.length;
    await behindProxy.check({}, { name: "proxied" }, { name: "proxied" });
    expect(
      engine.logs
        .slice(before)
        .map(({ message }) => message)
        .join("\n"),
    ).toContain("regions could not be checked");
  });
});

describe("secrets", () => {
  test("come in and go out marked, in every call", async () => {
    const about = { name: "secretive" };
    const news = { name: secret("secret-name"), description: secret("secret-description"), regionId };
    const { id, outputs, inputs } = await created(news, about);
    expect(inputs).toEqual(news);
    expect(outputs).toMatchObject(news);
    expect(ecs.store.find(id)).toMatchObject({ name: "secret-name", description: "secret-description" });
    const planned = await plugin.create(news, { ...about, preview: true });
    expect(planned.properties).toMatchObject(news);
    const read = await plugin.refresh(id, outputs, inputs, about);
    expect(read.properties).toEqual(outputs);
    expect(read.inputs).toEqual(inputs);
    expect((await plugin.diff(id, outputs, inputs, about)).changes).toBe(false);
    const renamed = { ...news, name: secret("new-secret-name") };
    expect(await plugin.update(id, outputs, renamed, { ...about, preview: true })).toMatchObject(renamed);
    expect(await plugin.update(id, outputs, renamed, about)).toMatchObject(renamed);

    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      status: 403,
      code: "Forbidden.RAM",
      message: "No.",
    });
    const failure = await failureOf(plugin.create(news, { name: "unseen" }), ProviderError);
    expect(failure.initFailure?.properties).toMatchObject(news);
    const texts = [failure.message, ...(failure.initFailure?.reasons ?? [])].join("\n");
    expect(texts).toContain("Forbidden.RAM");
    expect(texts).not.toContain("secret-");
  });

  test("are in no message that compares them", async () => {
    const { hpcClusterId: adopt } = ecs.store.add({ name: "adoptable", regionId });
    const news = { name: secret("confidential-name"), regionId, adopt };
    const { failures } = await plugin.check({}, news);
    expect(failures).toEqual([
      { property: "", reason: expect.stringContaining("Its value is a secret") as string },
    ]);
    const error = await failureOf(plugin.create(news), ProviderError);
    expect(error.message).toMatch(new RegExp(`^name must be that of the adopted cluster ${adopt}`));
    expect(error.message).not.toContain("confidential-name");
  });

  test("are in nothing that the process has written or logged", () => {
    for (const text of [ecs.accessKeySecret, "secret-name", "secret-description", "confidential-name"]) {
      expect(plugin.output.stderr + plugin.output.stdout).not.toContain(text);
      expect(engine.logs.map(({ message }) => message).join("\n")).not.toContain(text);
    }
  });
});

test("no call of this file has ended the process, or made it write anything but its port", async () => {
  expect(await plugin.check({}, { name: "last" })).toEqual({
    inputs: { name: "last", regionId },
    failures: [],
  });
  expect(plugin.output).toEqual({ stdout: `${plugin.port}\n`, stderr: "" });
});
