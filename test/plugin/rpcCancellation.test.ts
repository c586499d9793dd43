/** How a run that is canceled ends: by Cancel, by a signal, or because the engine is gone. Waits that are not ended would outlast these tests. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { PluginProvider } from "../rpc/pluginProvider.ts";
import { ProviderError, type Properties } from "../rpc/servedProvider.ts";
import { failureOf } from "../unit/failureOf.ts";
import { FakeEngine } from "./fakeEngine.ts";

/** Longer than any test may take. */
const HOUR_MS = 3_600_000;

let ecs: Emulator;
let engine: FakeEngine;
let plugin: PluginProvider;

beforeAll(async () => {
  ecs = await startEmulator();
});

afterAll(() => ecs.stop());

/** A new run. */
async function start(): Promise<PluginProvider> {
  engine = await FakeEngine.start();
  plugin = await PluginProvider.start({ engineAddress: engine.address });
  await plugin.configure({
    endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
    accessKey: ecs.accessKeyId,
    secretKey: ecs.accessKeySecret,
    region: "cn-hangzhou",
    maxRetryTimeout: "1800",
    clientReadTimeout: "1800000",
  });
  return plugin;
}

afterEach(async () => {
  ecs.faults.clear();
  await plugin.stop("SIGKILL");
  engine.kill();
});

/** A creation in this region, so that faults and holds of a region are those of one creation. */
const create = (name: string, regionId: string) => plugin.create({ name, regionId }, { name });
const inputsOf = (name: string, regionId: string): Properties => ({ name, regionId });
const clusters = (name: string) => ecs.store.clusters({ name });

describe("Cancel ends at once", { timeout: 60_000 }, () => {
  test("every wait of a creation, keeps the ids that are known, and lets an answer that is on its way arrive", async () => {
    await start();
    ecs.faults.add({
      kind: "throttling",
      action: "CreateHpcCluster",
      regionId: "cn-beijing",
      retryAfterMs: HOUR_MS / 3,
    });
    ecs.faults.add({ kind: "lateVisible", regionId: "cn-shanghai", ms: HOUR_MS });
    const onItsWay = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit", regionId: "cn-hangzhou" });
    const neverAnswered = ecs.hold({
      action: "CreateHpcCluster",
      when: "afterCommit",
      regionId: "cn-shenzhen",
    });
    const failures = {
      throttled: failureOf(create("throttled", "cn-beijing"), ProviderError),
      invisible: failureOf(create("invisible", "cn-shanghai"), ProviderError),
      answered: failureOf(create("answered", "cn-hangzhou"), ProviderError),
      unanswered: failureOf(create("unanswered", "cn-shenzhen"), ProviderError),
    };
    await Promise.all([
      engine.logged(({ message }) =>
        message.startsWith("CreateHpcCluster: Throttling.User, next call in 12"),
      ),
      engine.logged(({ message }) => /^waiting for hpc-/.test(message)),
      onItsWay.reached,
      neverAnswered.reached,
    ]);
    await plugin.cancel();
    onItsWay.release();
    const [throttled, invisible, answered, unanswered] = await Promise.all(Object.values(failures));

    expect(throttled!.message).toMatch(/^CreateHpcCluster in cn-beijing: canceled /);
    expect(throttled!.initFailure).toBeUndefined();
    expect(clusters("throttled")).toEqual([]);

    for (const [name, failure] of [
      ["invisible", invisible!],
      ["answered", answered!],
    ] as const) {
      const [{ hpcClusterId, regionId } = expect.fail(name)] = clusters(name);
      expect(failure.initFailure).toMatchObject({
        id: hpcClusterId,
        properties: { hpcClusterId, name, regionId },
        reasons: [expect.stringMatching(new RegExp(`${hpcClusterId} is in the state, .*[Cc]anceled`))],
      });
    }

    // Its id is not known, so the next run has to find it.
    expect(unanswered!.message).toMatch(
      /^CreateHpcCluster in cn-shenzhen: canceled before the service had answered/,
    );
    expect(unanswered!.initFailure).toBeUndefined();
    neverAnswered.drop();
    const before = ecs.requests.length;
    const late = await failureOf(create("too-late", "cn-hangzhou"), ProviderError);
    expect(late.message).toMatch(/canceled/);
    expect(ecs.requests).toHaveLength(before);
    await plugin.stop();
    await start();
    const { id } = await create("unanswered", "cn-shenzhen");
    expect(clusters("unanswered").map(({ hpcClusterId }) => hpcClusterId)).toEqual([id]);
  });

  test("the waits of update, refresh and delete", async () => {
    await start();
    const { hpcClusterId: id } = ecs.store.add({ name: "waiting", regionId: "cn-hangzhou" });
    const state = { ...inputsOf("waiting", "cn-hangzhou"), hpcClusterId: id };
    for (const action of ["ModifyHpcClusterAttribute", "DescribeHpcClusters", "DeleteHpcCluster"] as const) {
      ecs.faults.add({ kind: "throttling", action, retryAfterMs: HOUR_MS / 3 });
    }
    const failures = [
      failureOf(plugin.update(id, state, { ...state, name: "renamed" }, { name: "update" }), ProviderError),
      failureOf(plugin.refresh(id, state, undefined, { name: "refresh" }), ProviderError),
      failureOf(plugin.delete(id, state, { name: "delete" }), ProviderError),
    ];
    for (const name of ["update", "refresh", "delete"]) {
      await engine.logged(({ urn }) => urn === plugin.urnOf(name));
    }
    await plugin.cancel();
    for (const { message } of await Promise.all(failures)) {
      expect(message).toMatch(/HpcCluster\w* in cn-hangzhou: canceled /);
    }
    expect(ecs.store.find(id)).toMatchObject({ name: "waiting" });
  });
});

test("Cancel without a call that runs is no error, and the process waits for the engine to end it", async () => {
  await start();
  await plugin.cancel();
  await plugin.cancel();
  expect(JSON.parse(await plugin.schema())).toMatchObject({ name: "alicloud-hpc" });
});

describe("a signal", { timeout: 60_000 }, () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends the process with 0, after the last answers",
    async (signal) => {
      await start();
      const name = `until-${signal}`;
      ecs.faults.add({ kind: "lateVisible", ms: HOUR_MS });
      const failure = failureOf(create(name, "cn-hangzhou"), ProviderError);
      await engine.logged(({ message }) => /^waiting for hpc-/.test(message));
      process.kill(plugin.pid, signal);
      const { initFailure } = await failure;
      expect(initFailure?.id).toBe(clusters(name)[0]?.hpcClusterId);
      expect(await plugin.ended).toBe(0);
      expect(plugin.output).toEqual({ stdout: `${plugin.port}\n`, stderr: "" });
    },
  );
});

describe("an engine that is gone", { timeout: 60_000 }, () => {
  test("ends a process that waits", async () => {
    await start();
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", retryAfterMs: HOUR_MS / 3 });
    const failure = failureOf(create("orphaned", "cn-hangzhou"), ProviderError);
    await engine.logged(({ message }) => message.startsWith("CreateHpcCluster: "));
    engine.kill();
    expect(await plugin.ended).toBe(1);
    await failure;
    expect(clusters("orphaned")).toEqual([]);
  });

  test("ends a process that has never been called", async () => {
    await start();
    engine.kill();
    expect(await plugin.ended).toBe(1);
  });
});
