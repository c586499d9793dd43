import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import {
  DynamicProvider,
  ProgramFolder,
  ProviderError,
  unknownValue,
  type Properties,
} from "./dynamicProvider.ts";

const regionId = "cn-hangzhou";

let folder: ProgramFolder;
let providerText: string;
let ecs: Emulator;
let provider: DynamicProvider;

/** What a stack that talks to the local service would have configured. */
function configurationFor(emulator: Emulator, changes: Record<string, string> = {}): Record<string, string> {
  return {
    "alicloud:endpoints": JSON.stringify([{ ecs: emulator.endpoint }]),
    "alicloud:accessKey": emulator.accessKeyId,
    "alicloud:secretKey": emulator.accessKeySecret,
    "alicloud:region": regionId,
    // Seconds: what is transient is repeated no longer than that.
    "alicloud:maxRetryTimeout": "1",
    ...changes,
  };
}

const others: DynamicProvider[] = [];

/** A further provider process, not configured yet. */
async function anotherProvider(environment: NodeJS.ProcessEnv = {}): Promise<DynamicProvider> {
  const another = await DynamicProvider.start(folder, providerText, environment);
  others.push(another);
  return another;
}

async function failureOf(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.then(
    (answer) => expect.fail(`it should have failed, but answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

/** The salted key that the program's side adds; each test has its own, as each resource has. */
let resources = 0;
const tokenKey = (): string => `key-of-test-${(resources += 1)}`;

/** check, then create: what the engine does with a new resource. */
async function created(news: Properties): Promise<{ id: string; outputs: Properties; inputs: Properties }> {
  const { inputs, failures } = await provider.check({}, { __tokenKey: tokenKey(), ...news });
  expect(failures).toEqual([]);
  const { id, properties } = await provider.create(inputs);
  return { id, outputs: properties, inputs };
}

// The package itself is installed by test/engine/globalSetup.ts.
beforeAll(async () => {
  folder = new ProgramFolder();
  providerText = await folder.providerText();
  ecs = await startEmulator();
  provider = await DynamicProvider.start(folder, providerText);
  await provider.configure(configurationFor(ecs));
});

afterEach(async () => {
  ecs.faults.clear();
  await Promise.all(others.splice(0).map((another) => another.stop()));
});

afterAll(async () => {
  await provider.stop();
  await ecs.close();
  folder.remove();
});

describe("__provider", () => {
  test("is a reference to the module, at most 300 bytes", () => {
    console.info(`__provider, ${Buffer.byteLength(providerText)} bytes:\n${providerText}`);
    expect(Buffer.byteLength(providerText)).toBeLessThanOrEqual(300);
    expect(providerText).toContain('require("pulumi-alicloud-hpc/');
  });

  test("every resource of a program has a reference, and nothing captured", async () => {
    const registered = await folder.registered();
    expect(registered.map(({ type }) => type)).toContain("pulumi-nodejs:dynamic/alicloud:HpcCluster");
    for (const { type, inputs } of registered) {
      const text = inputs["__provider"];
      expect(typeof text, type).toBe("string");
      expect(Buffer.byteLength(String(text)), type).toBeLessThanOrEqual(320);
    }
  });
});

describe("configure", () => {
  test("holds for calls that come before it has been awaited", async () => {
    for (let round = 0; round < 3; round += 1) {
      const fresh = await anotherProvider();
      await fresh.configure(configurationFor(ecs, { "alicloud:region": "cn-beijing" }));
      const checks = await Promise.all(Array.from({ length: 50 }, () => fresh.check({}, { name: "raced" })));
      for (const { inputs, failures } of checks) {
        expect(failures).toEqual([]);
        expect(inputs["regionId"]).toBe("cn-beijing");
      }
    }
  });

  test("holds for creates that come before it has been awaited: all reach the configured service", async () => {
    const fresh = await anotherProvider();
    await fresh.configure(configurationFor(ecs));
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        fresh.create({ name: `raced-${at}`, regionId, __tokenKey: `raced-${at}` }),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(30);
    for (const { id, properties } of made) expect(ecs.store.find(id)?.name).toBe(properties["name"]);
  });

  test("takes the environment where the stack has no setting", async () => {
    const fresh = await anotherProvider({
      ALICLOUD_ACCESS_KEY: ecs.accessKeyId,
      ALICLOUD_SECRET_KEY: ecs.accessKeySecret,
      ALIBABA_CLOUD_ENDPOINT_ECS: ecs.endpoint,
      ALIBABA_CLOUD_REGION: "cn-shanghai",
    });
    await fresh.configure({});
    const { inputs } = await fresh.check({}, { name: "from-environment" });
    const { id } = await fresh.create(inputs);
    expect(ecs.store.find(id)).toMatchObject({ name: "from-environment", regionId: "cn-shanghai" });
  });

  test("problems of the settings fail check, without a property and without a value that could be secret", async () => {
    const fresh = await anotherProvider();
    await fresh.configure({
      "alicloud:accessKey": "LTAIhalfOfAPair",
      "alicloud:endpoints": "{",
      "alicloud:region": regionId,
    });
    const { failures } = await fresh.check({}, { name: "ok" });
    expect(failures.map(({ property }) => property)).toEqual(["", ""]);
    const words = failures.map(({ reason }) => reason).join("\n");
    expect(words).toContain("alicloud:secretKey");
    expect(words).toContain("alicloud:endpoints");
    expect(fresh.transcript).not.toContain("LTAIhalfOfAPair");
  });

  test("problems of the settings fail delete and refresh too, which come without a check", async () => {
    const fresh = await anotherProvider();
    await fresh.configure({ "alicloud:accessKey": "LTAIhalfOfAPair", "alicloud:region": regionId });
    const outputs = { hpcClusterId: "hpc-1", name: "ok", regionId };
    expect((await failureOf(fresh.delete("hpc-1", outputs))).message).toContain("alicloud:secretKey");
    expect((await failureOf(fresh.refresh("hpc-1", outputs))).message).toContain("alicloud:secretKey");
  });
});

describe("check", () => {
  test("skips what is not known yet", async () => {
    const unknowns = {
      name: unknownValue,
      regionId: unknownValue,
      description: unknownValue,
      clientToken: unknownValue,
    };
    await expect(provider.check({}, unknowns)).resolves.toMatchObject({ inputs: unknowns, failures: [] });
  });

  test("tells all violations at once, each under its property", async () => {
    const { failures } = await provider.check(
      {},
      { name: "1", regionId: "CN Hangzhou", description: "http://x", clientToken: "é".repeat(65), nmae: "x" },
    );
    expect(new Set(failures.map(({ property }) => property))).toEqual(
      new Set(["name", "regionId", "description", "clientToken", ""]),
    );
    expect(failures.map(({ reason }) => reason).join("\n")).toContain('"nmae"');
  });

  test("is the same for a replacement, which comes without old inputs", async () => {
    const news = { name: "render-farm", description: "frames", __tokenKey: "key" };
    const first = await provider.check({}, news);
    await expect(provider.check({}, news)).resolves.toEqual(first);
    await expect(provider.check(first.inputs, news)).resolves.toEqual(first);
    expect(first.failures).toEqual([]);
    expect(first.inputs).toEqual({ ...news, regionId, __provider: providerText });
  });

  test("keeps the stored token key, whatever the resource is called now", async () => {
    const { inputs } = await provider.check(
      { name: "render-farm", regionId, __tokenKey: "stored" },
      { name: "render-farm", __tokenKey: "of another name" },
    );
    expect(inputs["__tokenKey"]).toBe("stored");
  });

  test("calls no service", async () => {
    const before = ecs.calls("CreateHpcCluster").length + ecs.calls("DescribeHpcClusters").length;
    await provider.check({}, { name: "render-farm" });
    await provider.diff("hpc-1", { name: "a", regionId }, { name: "b", regionId });
    expect(ecs.calls("CreateHpcCluster").length + ecs.calls("DescribeHpcClusters").length).toBe(before);
  });
});

describe("check asks for the regions", () => {
  test("and suggests the nearest for one that is not listed, under its property", async () => {
    const { failures } = await provider.check({}, { name: "render-farm", regionId: "cn-hangzou" });
    expect(failures).toEqual([
      {
        property: "regionId",
        reason: expect.stringMatching(/"cn-hangzou".*did you mean "cn-hangzhou"\?/) as string,
      },
    ]);
  });

  test("once for many checks", async () => {
    const fresh = await anotherProvider();
    await fresh.configure(configurationFor(ecs));
    const before = ecs.calls("DescribeRegions").length;
    await Promise.all(Array.from({ length: 20 }, () => fresh.check({}, { name: "render-farm" })));
    expect(ecs.calls("DescribeRegions").length - before).toBe(1);
  });

  test("not at all where alicloud:skipRegionValidation says so", async () => {
    const fresh = await anotherProvider();
    await fresh.configure(configurationFor(ecs, { "alicloud:skipRegionValidation": "true" }));
    const before = ecs.requests.length;
    const { failures } = await fresh.check({}, { name: "render-farm", regionId: "cn-atlantis" });
    expect(failures).toEqual([]);
    expect(ecs.requests).toHaveLength(before);
  });

  test("and lets the preview go on where they cannot be had", async () => {
    ecs.faults.add({ kind: "badGateway", action: "DescribeRegions" });
    const fresh = await anotherProvider();
    await fresh.configure(configurationFor(ecs));
    expect((await fresh.check({}, { name: "render-farm", regionId: "cn-atlantis" })).failures).toEqual([]);
  });

  test("and fails the preview where the credentials are no good, saying where they came from", async () => {
    const fresh = await anotherProvider();
    await fresh.configure(configurationFor(ecs, { "alicloud:accessKey": "LTAI5tNobodyKnowsThisOne" }));
    const { failures } = await fresh.check({}, { name: "render-farm" });
    expect(failures.map(({ property }) => property)).toEqual([""]);
    expect(failures[0]?.reason).toMatch(/InvalidAccessKeyId\.NotFound.*alicloud:accessKey/s);
    expect(fresh.transcript).not.toContain("LTAI5tNobodyKnowsThisOne");
  });
});

describe("diff", () => {
  const outputs = {
    hpcClusterId: "hpc-1",
    name: "render-farm",
    description: "frames",
    regionId,
    requestId: "R-1",
    clientToken: "t-1",
  };
  const inputs = { name: "render-farm", description: "frames", regionId, clientToken: "t-1" };

  test.each<[string, Properties, Properties, boolean, string[]]>([
    ["nothing", outputs, inputs, false, []],
    ["the name", outputs, { ...inputs, name: "other" }, true, []],
    ["the description", outputs, { ...inputs, description: "other" }, true, []],
    ["the description, removed", outputs, { ...inputs, description: undefined }, true, []],
    ["the description, added", { ...outputs, description: undefined }, inputs, true, []],
    [
      "no description, null or empty",
      { ...outputs, description: undefined },
      { ...inputs, description: null },
      false,
      [],
    ],
    ["the region", outputs, { ...inputs, regionId: "cn-beijing" }, true, ["regionId"]],
    ["region and name", outputs, { ...inputs, regionId: "cn-beijing", name: "other" }, true, ["regionId"]],
    ["the clientToken", outputs, { ...inputs, clientToken: "t-2" }, false, []],
    ["the clientToken, removed", outputs, { ...inputs, clientToken: undefined }, false, []],
    ["a hidden key", outputs, { ...inputs, __tokenKey: "k" }, false, []],
    ["a name not known yet", outputs, { ...inputs, name: unknownValue }, true, []],
    ["a region not known yet", outputs, { ...inputs, regionId: unknownValue }, true, ["regionId"]],
    ["drift of the name", { ...outputs, name: "drifted" }, inputs, true, []],
  ])("%s", async (_, olds, news, changes, replaces) => {
    await expect(provider.diff("hpc-1", olds, news)).resolves.toEqual({ changes, replaces });
  });
});

/** What the store holds of a stack's clusters by name. */
const named = (name: string) => ecs.store.clusters({ name });

function expectComplete(properties: Properties): void {
  expect(Object.values(properties)).not.toContain(undefined);
  expect(Object.values(properties)).not.toContain(null);
  expect(properties["__provider"]).toBe(providerText);
}

describe("create", () => {
  test("makes exactly that cluster, and tells all outputs", async () => {
    const { id, outputs } = await created({ name: "render-farm", description: "每晚的帧" });
    const [call] = ecs.calls("CreateHpcCluster").slice(-1);
    expect(named("render-farm")).toEqual([
      {
        accountId: ecs.accountId,
        regionId,
        hpcClusterId: id,
        name: "render-farm",
        description: "每晚的帧",
        instances: 0,
      },
    ]);
    expectComplete(outputs);
    expect(outputs).toMatchObject({
      hpcClusterId: id,
      name: "render-farm",
      description: "每晚的帧",
      regionId,
      requestId: call?.requestId,
    });
  });

  test("of the least there can be: no undefined, no null, no empty description", async () => {
    const { id, outputs } = await created({ name: "ab" });
    expectComplete(outputs);
    expect(Object.keys(outputs)).not.toContain("description");
    expect(ecs.store.find(id)).toMatchObject({ name: "ab", description: "" });
    expect(ecs.calls("CreateHpcCluster").at(-1)?.params).not.toHaveProperty("Description");
  });

  test("sends an explicit clientToken, and keeps it", async () => {
    const { outputs } = await created({ name: "with-token", clientToken: "token-1", __tokenKey: undefined });
    expect(ecs.calls("CreateHpcCluster").at(-1)?.params["ClientToken"]).toBe("token-1");
    expect(outputs["clientToken"]).toBe("token-1");
  });

  test("repeated with the same inputs, as after a crash, gives the same cluster", async () => {
    const { id, inputs } = await created({ name: "crashed" });
    const again = await anotherProvider();
    await again.configure(configurationFor(ecs));
    expect((await again.create(inputs)).id).toBe(id);
    expect(named("crashed")).toHaveLength(1);
  });

  test("waits for a cluster that does not show at once", async () => {
    ecs.faults.add({ kind: "lateVisible", describes: 2, action: "CreateHpcCluster" });
    const { id } = await created({ name: "late" });
    expect(named("late").map(({ hpcClusterId }) => hpcClusterId)).toEqual([id]);
  });

  test("that fails leaves nothing, neither there nor here", async () => {
    ecs.faults.add({
      kind: "error",
      action: "CreateHpcCluster",
      status: 400,
      code: "Invalid.Parameter",
      message: "Invalid parameters",
    });
    const before = ecs.store.clusters().length;
    const error = await failureOf(created({ name: "refused" }));
    expect(error.initFailure).toBeUndefined();
    expect(ecs.store.clusters()).toHaveLength(before);
    expect(named("refused")).toEqual([]);
  });

  test("whose cluster cannot be looked at keeps the id: the engine gets it with properties and reasons", async () => {
    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      status: 403,
      code: "Forbidden.RAM",
      message: "User not authorized.",
    });
    const error = await failureOf(created({ name: "unseen", description: "there" }));
    const [cluster] = named("unseen");
    expect(named("unseen")).toHaveLength(1);
    expect(error.initFailure?.id).toBe(cluster?.hpcClusterId);
    const { properties = {}, reasons = [] } = error.initFailure ?? {};
    expectComplete(properties);
    expect(properties).toMatchObject({
      name: "unseen",
      description: "there",
      regionId,
      hpcClusterId: cluster?.hpcClusterId,
    });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(cluster?.hpcClusterId);
    expect(reasons[0]).toContain("Forbidden.RAM");
    expect(reasons[0]).toContain(ecs.calls("DescribeHpcClusters").at(-1)?.requestId);

    // What the engine does next time: update, with what it has kept.
    ecs.faults.clear();
    const modified = ecs.calls("ModifyHpcClusterAttribute").length;
    const outputs = await provider.update(error.initFailure?.id ?? "", properties, {
      name: "unseen",
      description: "there",
      regionId,
    });
    expect(outputs).toMatchObject({
      hpcClusterId: cluster?.hpcClusterId,
      name: "unseen",
      requestId: properties["requestId"],
    });
    expect(ecs.calls("ModifyHpcClusterAttribute")).toHaveLength(modified);
  });

  test.each<[number, string, string, RegExp]>([
    [
      400,
      "MissingParameter",
      "The input parameter RegionId that is mandatory for processing this request is not supplied.",
      /`regionId`/,
    ],
    [400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid.", /`name`/],
    [
      400,
      "InvalidHpcClusterDescription.Malformed",
      "The specified parameter Description is not valid.",
      /`description`/,
    ],
    [404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.', /`regionId`/],
    [404, "InternalError", "Failed to create hpc cluster", /again/],
    [400, "Invalid.Parameter", "Invalid parameters", /`name`.*`description`/],
  ])("documented error %i %s: code, message, advice, request id", async (status, code, message, advice) => {
    ecs.faults.add({ kind: "error", action: "CreateHpcCluster", status, code, message });
    const error = await failureOf(created({ name: "documented", description: "error" }));
    const last = ecs.calls("CreateHpcCluster").at(-1);
    expect(last).toMatchObject({ status, code, committed: false });
    expect(error.message).toMatch(/^CreateHpcCluster in cn-hangzhou: /);
    expect(error.message).toContain(`${code}: ${message}`);
    expect(error.message.slice(error.message.indexOf(message) + message.length)).toMatch(advice);
    expect(error.message).toMatch(
      new RegExp(`\\(HTTP ${status}, request ${last?.requestId ?? "?"}, .*attempt`),
    );
    expect(error.initFailure).toBeUndefined();
    expect(named("documented")).toEqual([]);
  });

  test("in a region that does not exist is told by the service", async () => {
    const error = await failureOf(
      provider.create({ name: "nowhere", regionId: "cn-atlantis", __tokenKey: tokenKey() }),
    );
    expect(error.message).toContain("CreateHpcCluster in cn-atlantis: InvalidRegionId.NotFound");
    expect(error.message).toContain("`regionId`");
  });

  test("survives throttling and a lost answer with one cluster", async () => {
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", calls: 1, retryAfterMs: 10 });
    ecs.faults.add({ kind: "reset", action: "CreateHpcCluster", when: "afterCommit", calls: 2 });
    const patient = await anotherProvider();
    await patient.configure(configurationFor(ecs, { "alicloud:maxRetryTimeout": "20" }));
    const { id } = await patient.create({ name: "unlucky", regionId, __tokenKey: tokenKey() });
    expect(named("unlucky").map(({ hpcClusterId }) => hpcClusterId)).toEqual([id]);
    const tokens = ecs.requests
      .filter(({ params }) => params["Name"] === "unlucky")
      .map(({ params }) => params["ClientToken"]);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
  });
});

describe("read for a refresh", () => {
  test("returns what is there now, as outputs and as inputs, so that drift shows", async () => {
    const { id, outputs } = await created({
      name: "drifting",
      description: "before",
      clientToken: "drift-1",
    });
    ecs.store.modify(id, { name: "drifted", description: "after" });
    const fresh = await provider.refresh(id, outputs);
    expect(fresh.id).toBe(id);
    expect(fresh.properties).toEqual({ ...outputs, name: "drifted", description: "after" });
    expect(fresh.inputs).toMatchObject({
      name: "drifted",
      description: "after",
      regionId,
      clientToken: "drift-1",
      __provider: providerText,
    });
    const news = { name: "drifting", description: "before", regionId };
    await expect(provider.diff(id, fresh.properties, news)).resolves.toEqual({ changes: true, replaces: [] });
    await expect(provider.diff(id, fresh.properties, fresh.inputs ?? {})).resolves.toEqual({
      changes: false,
      replaces: [],
    });
  });

  test("with nothing changed returns the same", async () => {
    const { id, outputs } = await created({ name: "steady", description: "always" });
    await expect(provider.refresh(id, outputs)).resolves.toMatchObject({ id, properties: outputs });
  });

  test("of a description removed outside has none", async () => {
    const { id, outputs } = await created({ name: "silenced", description: "before" });
    ecs.store.modify(id, { description: "" });
    const fresh = await provider.refresh(id, outputs);
    expectComplete(fresh.properties);
    expect(Object.keys(fresh.properties)).not.toContain("description");
    expect(Object.keys(fresh.inputs ?? {})).not.toContain("description");
  });

  test("of a cluster that is gone has an empty id, which removes it from the state", async () => {
    const { id, outputs } = await created({ name: "vanished" });
    ecs.store.remove(id);
    expect((await provider.refresh(id, outputs)).id).toBe("");
  });

  test("reads a state that is as old as can be", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "old-state", regionId });
    const fresh = await provider.refresh(hpcClusterId, { hpcClusterId, name: "old-state", regionId });
    expect(fresh).toMatchObject({ id: hpcClusterId, properties: { name: "old-state", regionId } });
    expectComplete(fresh.properties);
  });

  test.each<[number, string]>([
    [404, "InvalidAccessKeyId.NotFound"],
    [404, "InvalidRegionId.NotFound"],
    [404, "InternalError"],
    [403, "Forbidden.RAM"],
    [400, "Invalid.Parameter"],
  ])("%i %s is an error, and never a removal", async (status, code) => {
    const { id, outputs } = await created({ name: "alive" });
    ecs.faults.add({ kind: "error", action: "DescribeHpcClusters", status, code, message: "x" });
    const error = await failureOf(provider.refresh(id, outputs));
    expect(error.message).toContain(`DescribeHpcClusters in cn-hangzhou: ${code}`);
  });

  test.each(["badGateway", "codeless500", "empty503"] as const)(
    "nor is a proxy's answer: %s",
    async (kind) => {
      const { id, outputs } = await created({ name: "alive" });
      ecs.faults.add({ kind, action: "DescribeHpcClusters" });
      expect((await failureOf(provider.refresh(id, outputs))).message).toContain("UnreadableAnswer");
    },
  );

  test("a key that the service does not know (404) says where it came from", async () => {
    const { id, outputs } = await created({ name: "alive" });
    const stranger = await anotherProvider();
    await stranger.configure(configurationFor(ecs, { "alicloud:accessKey": "LTAI5tNobodyKnowsThisOne" }));
    const error = await failureOf(stranger.refresh(id, outputs));
    expect(error.message).toContain("InvalidAccessKeyId.NotFound");
    expect(error.message).toContain("HTTP 404");
    expect(error.message).toContain("alicloud:accessKey");
    expect(stranger.transcript).not.toContain("LTAI5tNobodyKnowsThisOne");
    expect(stranger.transcript).not.toContain(ecs.accessKeySecret);
  });
});

describe("read for HpcCluster.get", () => {
  test("returns the cluster, from the configured region", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", description: "made by hand", regionId });
    const { id, properties } = await provider.get(hpcClusterId, {});
    expect(id).toBe(hpcClusterId);
    expect(properties).toMatchObject({
      hpcClusterId,
      name: "existing",
      description: "made by hand",
      regionId,
    });
    expectComplete(properties);
    expect(Object.keys(properties)).not.toContain("requestId");
  });

  test("returns the cluster, from the region given", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", regionId: "eu-central-1" });
    const { properties } = await provider.get(hpcClusterId, { regionId: "eu-central-1" });
    expect(properties).toMatchObject({ name: "existing", regionId: "eu-central-1" });
    const error = await failureOf(provider.get(hpcClusterId, {}));
    expect(error.message).toContain(regionId);
  });

  test("of one that is not there is an error that says what to check", async () => {
    const error = await failureOf(provider.get("hpc-notthere", { regionId }));
    expect(error.message).toMatch(/hpc-notthere.*cn-hangzhou.*HpcCluster\.get/s);
  });

  test("in a region not known yet is not known yet, and asks nobody", async () => {
    const before = ecs.requests.length;
    const { id, properties } = await provider.get("hpc-1", { regionId: unknownValue });
    expect(id).toBe("hpc-1");
    expect(properties).toMatchObject({ name: unknownValue, regionId: unknownValue });
    expect(ecs.requests).toHaveLength(before);
  });

  test.each(["CN-Hangzhou", "evil.com/", "a b", "cn-hangzhou@evil.com"])(
    "in the region %o is an error before anything is signed",
    async (bad) => {
      const before = ecs.requests.length;
      expect((await failureOf(provider.get("hpc-1", { regionId: bad }))).message).toContain("regionId");
      expect(ecs.requests).toHaveLength(before);
    },
  );

  test("what it returns, a refresh takes for stored", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", regionId });
    const { properties } = await provider.get(hpcClusterId, { regionId });
    ecs.store.remove(hpcClusterId);
    expect((await provider.refresh(hpcClusterId, properties)).id).toBe("");
  });
});

describe("update", () => {
  const modifications = () => ecs.calls("ModifyHpcClusterAttribute");

  test.each<[string, Properties, Record<string, string>]>([
    ["the name alone", { name: "renamed", description: "before" }, { Name: "renamed" }],
    ["the description alone", { name: "original", description: "after" }, { Description: "after" }],
    ["both", { name: "renamed", description: "after" }, { Name: "renamed", Description: "after" }],
    ["a removed description, as an empty one", { name: "original" }, { Description: "" }],
  ])("sends %s", async (_, wanted, sent) => {
    const { id, outputs } = await created({ name: "original", description: "before" });
    const before = modifications().length;
    const { inputs } = await provider.check({}, wanted);
    const updated = await provider.update(id, outputs, inputs);
    expect(
      modifications()
        .slice(before)
        .map(({ params }) => params),
    ).toEqual([{ RegionId: regionId, HpcClusterId: id, ...sent }]);
    expectComplete(updated);
    expect(updated).toMatchObject({ hpcClusterId: id, regionId, requestId: outputs["requestId"], ...wanted });
    expect(updated["description"]).toBe(wanted["description"]);
    expect(ecs.store.find(id)).toMatchObject({ description: "", ...wanted });
    await expect(provider.diff(id, updated, inputs)).resolves.toEqual({ changes: false, replaces: [] });
  });

  test("in which nothing differs sends no Modify, and looks", async () => {
    const { id, outputs, inputs } = await created({ name: "same", description: "same" });
    const before = modifications().length;
    const looked = ecs.calls("DescribeHpcClusters").length;
    await expect(provider.update(id, outputs, inputs)).resolves.toMatchObject({
      hpcClusterId: id,
      name: "same",
    });
    expect(modifications()).toHaveLength(before);
    expect(ecs.calls("DescribeHpcClusters").length).toBeGreaterThan(looked);
  });

  test("of a cluster deleted outside says so, and what to do", async () => {
    const { id, outputs, inputs } = await created({ name: "deleted-outside" });
    ecs.store.remove(id);
    const error = await failureOf(provider.update(id, outputs, { ...inputs, name: "renamed" }));
    expect(error.message).toContain("pulumi refresh");
    expect(error.message).toMatch(/deleted outside Pulumi/);
  });

  test.each([
    ["InvalidHpcClusterName.Malformed", /`name`/],
    ["InvalidHpcClusterDescription.Malformed", /`description`/],
    ["InvalidModifyInfo", /name nor a description/],
  ])("that is refused with %s changes nothing and keeps the state", async (code, advice) => {
    const { id, outputs, inputs } = await created({ name: "kept" });
    ecs.faults.add({ kind: "error", action: "ModifyHpcClusterAttribute", status: 400, code, message: "No." });
    const error = await failureOf(provider.update(id, outputs, { ...inputs, name: "renamed" }));
    expect(error.message).toContain(`ModifyHpcClusterAttribute in cn-hangzhou: ${code}`);
    expect(error.message).toMatch(advice);
    expect(error.initFailure).toBeUndefined();
    expect(ecs.store.find(id)?.name).toBe("kept");
  });

  test("that cannot be looked at afterwards keeps what was wanted, with reasons", async () => {
    const { id, outputs, inputs } = await created({ name: "blind" });
    ecs.faults.add({
      kind: "error",
      action: "DescribeHpcClusters",
      status: 403,
      code: "Forbidden.RAM",
      message: "No.",
    });
    const { initFailure } = await failureOf(provider.update(id, outputs, { ...inputs, name: "renamed" }));
    expect(ecs.store.find(id)?.name).toBe("renamed");
    expect(initFailure).toMatchObject({ id, properties: { hpcClusterId: id, name: "renamed" } });
    expectComplete(initFailure?.properties ?? {});
    expect(initFailure?.reasons.join()).toContain("Forbidden.RAM");
  });
});

describe("delete", () => {
  /** A cluster of an earlier run: another process has made it. */
  const existing = (name: string): [string, Properties] => {
    const { hpcClusterId } = ecs.store.add({ name, regionId });
    return [hpcClusterId, { hpcClusterId, name, regionId }];
  };

  test("deletes that cluster and no other", async () => {
    const [kept] = existing("twin");
    const [id, outputs] = existing("twin");
    await provider.delete(id, outputs);
    expect(ecs.store.find(id)).toBeUndefined();
    expect(ecs.store.find(kept)).toBeDefined();
    expect(ecs.calls("DeleteHpcCluster").at(-1)?.params).toMatchObject({
      RegionId: regionId,
      HpcClusterId: id,
    });
  });

  test("of one that is gone succeeds", async () => {
    const [id, outputs] = existing("gone");
    ecs.store.remove(id);
    await provider.delete(id, outputs);
    expect(ecs.calls("DeleteHpcCluster").at(-1)?.code).toBe("NotExists.HpcCluster");
  });

  test("of one with instances explains what to do, and leaves it", async () => {
    const [id, outputs] = existing("full");
    ecs.store.setInstances(id, 2);
    const error = await failureOf(provider.delete(id, outputs));
    expect(error.message).toContain("DeleteHpcCluster in cn-hangzhou: NotEmpty.HpcCluster");
    expect(error.message).toMatch(/still holds instances.*release its instances/s);
    expect(error.message).toContain(ecs.calls("DeleteHpcCluster").at(-1)?.requestId);
    expect(ecs.store.find(id)).toBeDefined();
  });

  test.each<[number, string]>([
    [404, "InvalidRegionId.NotFound"],
    [404, "InvalidAccessKeyId.NotFound"],
    [403, "Forbidden.RAM"],
    [400, "Invalid.Parameter"],
    [404, "SomethingNew.NotFound"],
  ])("refused with %i %s is an error, not a success", async (status, code) => {
    const [id, outputs] = existing("refused");
    ecs.faults.add({ kind: "error", action: "DeleteHpcCluster", status, code, message: "No." });
    expect((await failureOf(provider.delete(id, outputs))).message).toContain(code);
    expect(ecs.store.find(id)).toBeDefined();
  });

  test("in the region of the state, not in the configured one", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "far", regionId: "us-east-1" });
    await provider.delete(hpcClusterId, { hpcClusterId, name: "far", regionId: "us-east-1" });
    expect(ecs.store.find(hpcClusterId)).toBeUndefined();
  });
});

describe("secrets", () => {
  test("stay out of an answer that repeats the string to sign", async () => {
    ecs.faults.add({
      kind: "error",
      action: "CreateHpcCluster",
      status: 400,
      code: "SignatureDoesNotMatch",
      message:
        "Specified signature is not matched with our calculation. server string to sign is:" +
        `POST&%2F&AccessKeyId%3D${ecs.accessKeyId}%26Action%3DCreateHpcCluster%26SignatureNonce%3D0123456789abcdef0123456789abcdef`,
    });
    const error = await failureOf(created({ name: "leaky" }));
    expect(error.message).toContain("SignatureDoesNotMatch: Specified signature is not matched");
    expect(provider.transcript).not.toContain(ecs.accessKeyId);
    expect(provider.transcript).not.toContain("0123456789abcdef0123456789abcdef");
  });

  test("stay out of the refusal of a wrong secret", async () => {
    const mistaken = await anotherProvider();
    await mistaken.configure(
      configurationFor(ecs, { "alicloud:secretKey": "TheWrongSecretForThisKey123456" }),
    );
    const error = await failureOf(mistaken.create({ name: "wrong", regionId, __tokenKey: tokenKey() }));
    expect(error.message).toContain("SignatureDoesNotMatch");
    expect(error.message).toContain("alicloud:secretKey");
    for (const secret of ["TheWrongSecretForThisKey123456", ecs.accessKeyId, ecs.accessKeySecret]) {
      expect(mistaken.transcript).not.toContain(secret);
    }
  });

  test("stay out of everything that was answered and written in this file", () => {
    expect(provider.transcript.length).toBeGreaterThan(10_000);
    for (const secret of [ecs.accessKeyId, ecs.accessKeySecret])
      expect(provider.transcript).not.toContain(secret);
    expect(provider.transcript).not.toMatch(/\bSignature(Nonce)?(=|%3D)/);
  });
});
