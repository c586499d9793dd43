/**
 * What both hosts promise between the engine and the core: the way of values, unknowns, errors and secrets. Of the dynamic provider
 * only the SDK's own server can prove it. A refresh of a cluster that is gone takes time: fault/core/idempotency.test.ts.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import type { ActionName } from "../../emulator/actionNames.ts";
import { failureOf } from "../unit/failureOf.ts";
import { DynamicProvider, ProgramFolder } from "./dynamicProvider.ts";
import { PluginProvider } from "./pluginProvider.ts";
import { ProviderError, secret, unknownValue, type Properties } from "./servedProvider.ts";

const regionId = "cn-hangzhou";

let folder: ProgramFolder;
let providerText: string;

// The package itself is installed by test/engine/globalSetup.ts.
beforeAll(async () => {
  folder = new ProgramFolder();
  providerText = await folder.providerText();
});

afterAll(() => folder.remove());

test("every dynamic resource stores a reference to its module, and no captured code", async () => {
  const registered = await folder.registered();
  expect(
    Object.fromEntries(registered.map(({ type, inputs }) => [type, inputs["__provider"]])),
  ).toMatchObject({
    "pulumi-nodejs:dynamic/alicloud:HpcCluster":
      'exports.handler = () => require("pulumi-alicloud-hpc/lifecycle")',
    "pulumi-nodejs:dynamic/alicloud:ClientTokenSalt":
      'exports.handler = () => require("pulumi-alicloud-hpc/tokenSaltLifecycle")',
  });
});

test("where the program's folder does not have the package, the error names what is missing", async () => {
  const without = new ProgramFolder();
  rmSync(path.join(without.path, "node_modules"));
  const lost = await DynamicProvider.start(without, providerText);
  const { message } = await failureOf(lost.check({}, { name: "render-farm" }), ProviderError);
  expect(message).toContain("Cannot find module 'pulumi-alicloud-hpc/lifecycle'");
  await lost.stop();
  without.remove();
});

const hosts = [
  {
    host: "the dynamic provider",
    start: (environment: NodeJS.ProcessEnv) => DynamicProvider.start(folder, providerText, environment),
    namespace: "alicloud",
    key: (name: string) => `alicloud:${name}`,
    withSecretName: (name: string) => ({ name, __secretNames: ["name"] }),
  },
  {
    host: "the plugin",
    start: (environment: NodeJS.ProcessEnv) => PluginProvider.start({ environment }),
    namespace: "alicloud-hpc",
    key: (name: string) => name,
    withSecretName: (name: string) => ({ name: secret(name) }),
  },
];

describe.each(hosts)("$host", ({ start, namespace, key, withSecretName }) => {
  let ecs: Emulator;
  let provider: DynamicProvider | PluginProvider;
  const others: (DynamicProvider | PluginProvider)[] = [];

  /** The configuration of a stack that uses the emulator. */
  function configuration(changes: Record<string, string> = {}): Record<string, string> {
    return named({
      endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
      accessKey: ecs.accessKeyId,
      secretKey: ecs.accessKeySecret,
      region: regionId,
      maxRetryTimeout: "1",
      ...changes,
    });
  }

  function named(values: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [key(name), value]));
  }

  /** Another provider process, not configured yet. */
  async function anotherProvider(
    environment: NodeJS.ProcessEnv = {},
  ): Promise<DynamicProvider | PluginProvider> {
    const another = await start(environment);
    others.push(another);
    return another;
  }

  /** check, then create, as the engine does for a new resource; the name is also the key of its tokens. */
  async function created(news: Properties): Promise<{ id: string; outputs: Properties; inputs: Properties }> {
    const { inputs, failures } = await provider.check({}, { __tokenKey: news["name"], ...news });
    expect(failures).toEqual([]);
    const { id, properties } = await provider.create(inputs);
    return { id, outputs: properties, inputs };
  }

  /** The SDK cannot store undefined, and the engine needs what the program has added for the next operation. */
  function expectComplete(properties: Properties): void {
    expect(Object.values(properties)).not.toContain(undefined);
    expect(Object.values(properties)).not.toContain(null);
    expect(properties).toMatchObject(provider.added);
  }

  const refuse = (action: ActionName, code: string) => {
    ecs.faults.add({ kind: "error", action, status: 403, code, message: "No." });
  };

  beforeAll(async () => {
    ecs = await startEmulator();
    provider = await start({});
    await provider.configure(configuration());
  });

  afterEach(async () => {
    ecs.faults.clear();
    await Promise.all(others.splice(0).map((another) => another.stop()));
  });

  afterAll(async () => {
    await provider.stop();
    await ecs.stop();
  });

  describe("configure", () => {
    test("applies to all calls, also those that the SDK makes before it has finished", async () => {
      const fresh = await anotherProvider();
      await fresh.configure(configuration({ region: "cn-beijing" }));
      const names = Array.from({ length: 30 }, (_, index) => `raced-${index}`);
      const [checks, creations] = await Promise.all([
        Promise.all(names.map((name) => fresh.check({}, { name }))),
        Promise.all(names.map((name) => fresh.create({ name, regionId, __tokenKey: name }))),
      ]);
      for (const { inputs, failures } of checks) {
        expect(failures).toEqual([]);
        expect(inputs["regionId"]).toBe("cn-beijing");
      }
      expect(creations.map(({ id }) => ecs.store.find(id)?.name)).toEqual(names);
    });

    test("takes settings that the stack does not have from the environment", async () => {
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
  });

  describe("unknown values", () => {
    const unknowns = { name: unknownValue, regionId: unknownValue, description: unknownValue };

    test("pass check unchanged, and count as a change in diff", async () => {
      await expect(provider.check({}, unknowns)).resolves.toMatchObject({ inputs: unknowns, failures: [] });
      const olds = { name: "a", regionId, hpcClusterId: "hpc-1" };
      await expect(provider.diff("hpc-1", olds, unknowns)).resolves.toMatchObject({
        changes: true,
        replaces: ["regionId"],
      });
    });

    test("in the region of HpcCluster.get make everything unknown, without a call", async () => {
      const before = ecs.requests.length;
      const { id, properties } = await provider.get("hpc-1", { regionId: unknownValue });
      expect(id).toBe("hpc-1");
      expect(properties).toMatchObject(unknowns);
      expect(ecs.requests).toHaveLength(before);
    });
  });

  test("check returns all failures with their properties", async () => {
    const { failures } = await provider.check({}, { name: "1", regionId: "CN Hangzhou", nmae: "x" });
    expect(new Set(failures.map(({ property }) => property))).toEqual(new Set(["name", "regionId", ""]));
  });

  test("check does not show the value of a secret that breaks a rule", async () => {
    const { failures } = await provider.check({}, { regionId, ...withSecretName("2-hidden") });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(/name breaks a rule/) }]);
  });

  test("diff takes null, missing and empty for the same", async () => {
    const olds = { name: "a", regionId, hpcClusterId: "hpc-1" };
    for (const description of [null, undefined, ""]) {
      const diff = await provider.diff("hpc-1", olds, { name: "a", regionId, description });
      expect(diff).toMatchObject({ changes: false, replaces: [], details: {} });
    }
  });

  test("create, refresh, update and delete pass the whole state back and forth", async () => {
    const { id, outputs, inputs } = await created({
      name: "render-farm",
      description: "每晚的帧",
      clientToken: "t-1",
    });
    expectComplete(outputs);
    // The key of the tokens is an input only.
    const { __tokenKey: _key, ...properties } = inputs;
    const requestId = ecs.calls("CreateHpcCluster").at(-1)?.requestId;
    expect(outputs).toEqual({
      ...properties,
      __entry: expect.any(String) as string,
      __accountId: ecs.accountId,
      // Also in the plugin, for a program that moves to the dynamic provider.
      __provider: expect.any(String) as string,
      hpcClusterId: id,
      requestId,
    });

    await expect(provider.refresh(id, outputs)).resolves.toMatchObject({ id, properties: outputs });
    ecs.store.modify(id, { name: "drifted", description: "" });
    const drifted = await provider.refresh(id, outputs);
    expectComplete(drifted.properties);
    const { description: _, ...rest } = outputs;
    expect(drifted.properties).toEqual({ ...rest, name: "drifted" });
    expect(drifted.inputs).toEqual({ name: "drifted", regionId, clientToken: "t-1", ...provider.added });

    const updated = await provider.update(id, drifted.properties, inputs);
    expectComplete(updated);
    expect(updated).toEqual(outputs);
    await expect(provider.diff(id, updated, inputs)).resolves.toMatchObject({ changes: false, replaces: [] });

    await (await another()).delete(id, updated);
    expect(ecs.store.find(id)).toBeUndefined();

    async function another(): Promise<DynamicProvider | PluginProvider> {
      const next = await anotherProvider();
      await next.configure(configuration());
      return next;
    }
  });

  test("a refresh reads the oldest state, and HpcCluster.get a cluster outside the stack", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "existing", regionId });
    const old = await provider.refresh(hpcClusterId, { hpcClusterId, name: "existing", regionId });
    const got = await provider.get(hpcClusterId, {});
    for (const { id, properties } of [old, got]) {
      expect(id).toBe(hpcClusterId);
      expectComplete(properties);
      expect(properties).toMatchObject({ hpcClusterId, name: "existing", regionId });
      expect(properties).not.toHaveProperty("description");
    }
  });

  describe("errors", () => {
    test("of a creation that failed leave no resource", async () => {
      refuse("CreateHpcCluster", "Invalid.Parameter");
      const error = await failureOf(created({ name: "refused" }), ProviderError);
      expect(error.message).toMatch(/^CreateHpcCluster in cn-hangzhou: Invalid\.Parameter: No\. /);
      expect(error.initFailure).toBeUndefined();
    });

    test("after a creation keep id, properties and reasons in the state; update continues with them", async () => {
      refuse("DescribeHpcClusters", "Forbidden.RAM");
      const news = { name: "unseen", description: "there", regionId };
      const { initFailure } = await failureOf(created(news), ProviderError);
      const [cluster] = ecs.store.clusters({ name: "unseen" });
      const { id = "", properties = {}, reasons = [] } = initFailure ?? {};
      expect(id).toBe(cluster?.hpcClusterId);
      expectComplete(properties);
      expect(properties).toMatchObject({ ...news, hpcClusterId: id });
      expect(reasons).toEqual([expect.stringMatching(new RegExp(`${id}.*Forbidden\\.RAM`, "s"))]);

      ecs.faults.clear();
      const outputs = await provider.update(id, properties, news);
      expect(outputs).toMatchObject({ ...news, hpcClusterId: id, requestId: properties["requestId"] });
      expect(
        ecs.calls("ModifyHpcClusterAttribute").filter(({ params }) => params["HpcClusterId"] === id),
      ).toEqual([]);
    });

    test("after an update keep the new properties in the state", async () => {
      const { id, outputs, inputs } = await created({ name: "blind" });
      refuse("DescribeHpcClusters", "Forbidden.RAM");
      const { initFailure } = await failureOf(
        provider.update(id, outputs, { ...inputs, name: "renamed" }),
        ProviderError,
      );
      expect(initFailure).toMatchObject({ id, properties: { hpcClusterId: id, name: "renamed" } });
      expectComplete(initFailure?.properties ?? {});
    });

    test("of read and delete are shown without a stack trace", async () => {
      const { id, outputs } = await created({ name: "alive" });
      refuse("DescribeHpcClusters", "Forbidden.RAM");
      refuse("DeleteHpcCluster", "Forbidden.RAM");
      const deleting = await anotherProvider();
      await deleting.configure(configuration());
      for (const call of [
        () => deleting.refresh(id, outputs),
        () => deleting.get(id, {}),
        () => deleting.delete(id, outputs),
      ]) {
        const error = await failureOf(call(), ProviderError);
        expect(error.message).toContain("HpcCluster");
        expect(error.message).toContain("Forbidden.RAM");
      }
      expect(deleting.transcript).not.toMatch(/^\s+at /m);
      expect(ecs.store.find(id)).toBeDefined();
    });

    test("of the settings fail check without a property, and refresh and delete, which make no check", async () => {
      const fresh = await anotherProvider();
      await fresh.configure(named({ accessKey: "LTAIhalfOfAPair", region: regionId }));
      const { failures } = await fresh.check({}, { name: "ok" });
      expect(failures).toMatchObject([
        { property: "", reason: expect.stringContaining(`${namespace}:secretKey`) },
      ]);
      const outputs = { hpcClusterId: "hpc-1", name: "ok", regionId };
      for (const call of [() => fresh.delete("hpc-1", outputs), () => fresh.refresh("hpc-1", outputs)]) {
        expect((await failureOf(call(), ProviderError)).message).toContain(`${namespace}:secretKey`);
      }
      expect(fresh.transcript).not.toContain("LTAIhalfOfAPair");
    });
  });

  describe("secrets", () => {
    test("are not in the error for a wrong secret", async () => {
      const wrong = await anotherProvider();
      await wrong.configure(configuration({ secretKey: "TheWrongSecretForThisKey123456" }));
      const error = await failureOf(
        wrong.create({ name: "wrong", regionId, __tokenKey: "wrong" }),
        ProviderError,
      );
      expect(error.message).toMatch(new RegExp(`SignatureDoesNotMatch.*${namespace}:secretKey`, "s"));
      for (const secret of ["TheWrongSecretForThisKey123456", ecs.accessKeyId, ecs.accessKeySecret]) {
        expect(wrong.transcript).not.toContain(secret);
      }
    });

    test("that are inputs are in no error, also if the service quotes them", async () => {
      const { inputs } = await provider.check({}, { regionId, ...withSecretName("hidden-farm") });
      for (const action of ["CreateHpcCluster", "ModifyHpcClusterAttribute"] as const) {
        ecs.faults.add({
          kind: "error",
          ...{
            action,
            status: 400,
            code: "InvalidHpcClusterName.Malformed",
            message: "Not valid: hidden-farm",
          },
        });
      }
      const created = await failureOf(provider.create(inputs), ProviderError);
      const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
      const olds = { name: "farm", regionId, hpcClusterId: id };
      const updated = await failureOf(provider.update(id, olds, inputs), ProviderError);
      for (const { message } of [created, updated]) {
        expect(message).toContain("InvalidHpcClusterName.Malformed: Not valid: [secret]");
        expect(message).not.toContain("hidden-farm");
      }
    });

    test("are in nothing that the process has returned or written in this file", () => {
      expect(provider.transcript.length).toBeGreaterThan(3_000);
      for (const secret of [ecs.accessKeyId, ecs.accessKeySecret]) {
        expect(provider.transcript).not.toContain(secret);
      }
      expect(provider.transcript).not.toMatch(/\bSignature(Nonce)?(=|%3D)/);
    });
  });
});
