import { beforeEach, describe, expect, test } from "vitest";
import { createCluster, originFrom } from "../../provider/cluster/create.ts";
import { deleteCluster } from "../../provider/cluster/delete.ts";
import { InitializationError, outputsOf, type ClusterState } from "../../provider/cluster/state.ts";
import type { Operation } from "../../provider/cluster/operation.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";

const inputs = { name: "render-farm", description: "Nightly frames", regionId };

let service: FakeService;
let operation: Operation;

beforeEach(() => {
  service = new FakeService();
  operation = service.operation();
});

/** Each operation of the engine has a provider process of its own, which knows nothing of the earlier ones. */
function nextOperation(): void {
  operation = service.operation();
}

const create = (change: Partial<typeof inputs> & { clientToken?: string } = {}, tokenKey = "key") =>
  createCluster(operation, { ...inputs, ...change }, { tokenKey });
const createWithoutKey = (change: { clientToken?: string } = {}) =>
  createCluster(operation, { ...inputs, ...change }, {});
/** Random: tells this entry of the state from others with the same cluster. */
const __entry = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const initializationFailure = (call: Promise<ClusterState>) => failureOf(call, InitializationError);

test("creates the cluster with its properties, and returns them with both ids", async () => {
  expect(await create()).toEqual({
    ...inputs,
    hpcClusterId: "hpc-1",
    requestId: expect.stringMatching(/^R-/) as string,
    __entry,
  });
  expect(service.sent("CreateHpcCluster")).toEqual([
    {
      Name: "render-farm",
      Description: "Nightly frames",
      RegionId: regionId,
      ClientToken: service.tokens[0],
    },
  ]);
});

test("a creation that fails creates nothing, and throws the service's error", async () => {
  service.errors = { CreateHpcCluster: "Invalid.Parameter" };
  expect((await failureOf(create(), EcsError)).code).toBe("Invalid.Parameter");
  expect(service.clusters).toEqual([]);
});

describe("the same token again", () => {
  test("returns the same cluster in a later operation, as after a crash", async () => {
    await create();
    nextOperation();
    expect((await create()).hpcClusterId).toBe("hpc-1");
    expect(service.ids).toEqual(["hpc-1"]);
    expect(new Set(service.tokens).size).toBe(1);
  });

  test("comes from the key that the program side has added to the inputs", async () => {
    await create();
    const origin = originFrom({ ...inputs, __tokenKey: "key", __resourceName: "rendering" });
    nextOperation();
    expect((await createCluster(operation, inputs, origin)).hpcClusterId).toBe("hpc-1");
    expect(operation.session.holders.otherHolder("hpc-1")).toMatchObject({ resourceName: "rendering" });
  });

  test("with another key creates another cluster", async () => {
    await create();
    await create({}, "the key of another resource");
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("uses the next generation at once after this process has deleted the cluster", async () => {
    const first = await create();
    expect(first.__tokenUse).toBeUndefined();
    nextOperation();
    await deleteCluster(operation, first);
    const second = await create();
    expect(second).toMatchObject({ hpcClusterId: "hpc-2", __tokenUse: { generation: 1 } });
    expect(service.clock.sleeps).toEqual([]);
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([]);

    // The state says which generation was the last, so the earlier ones are not tried again.
    nextOperation();
    await deleteCluster(operation, second);
    const callsSoFar = service.tokens.length;
    expect(await create()).toMatchObject({ hpcClusterId: "hpc-3", __tokenUse: { generation: 2 } });
    expect(service.tokens).toHaveLength(callsSoFar + 1);
    expect(service.ids).toEqual(["hpc-3"]);
  });

  test.each([
    ["", false],
    [", also where the region cannot be listed", true],
  ])(
    "after a deletion outside Pulumi creates a new one once neither Describe nor Modify knows the cluster%s",
    async (_, refusesLists) => {
      await create();
      service.clusters[0]!.isDeleted = true;
      service.refusesLists = refusesLists;
      nextOperation();
      const start = service.clock.now();
      expect((await create()).hpcClusterId).toBe("hpc-2");
      expect(service.clock.now() - start).toBeGreaterThanOrEqual(5_000);
      expect(service.sent("ModifyHpcClusterAttribute")).toHaveLength(1);
      expect(service.ids).toEqual(["hpc-2"]);
    },
  );

  test("skips a cluster that belongs to another resource", async () => {
    const renamed = await create();
    nextOperation();
    operation.session.holders.record(renamed.hpcClusterId, { entry: renamed.__entry });
    expect((await create()).hpcClusterId).toBe("hpc-2");
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("counts the generations of each set of values separately", async () => {
    const first = await create();
    nextOperation();
    await deleteCluster(operation, first);
    expect((await create({ name: "farm-2" })).__tokenUse).toBeUndefined();
    expect(service.ids).toEqual(["hpc-2"]);
  });

  test("fails after 20 generations whose clusters are all deleted, and says what to do", async () => {
    for (let number = 1; number <= 30; number += 1) {
      operation.session.holders.recordDeleted({ ...inputs, hpcClusterId: `hpc-${number}` });
    }
    await expect(create()).rejects.toThrow(
      /: hpc-1 \(has been deleted since\), hpc-2 .*hpc-20 .*no more than 20 ClientTokens.*clientToken that was not used/s,
    );
    expect(new Set(service.tokens).size).toBe(20);
  });

  test("whose clusters were all deleted ends with the time of the operation, and says what it waits for", async () => {
    for (let number = 0; number < 6; number += 1) {
      nextOperation();
      await create();
      service.clusters.at(-1)!.isDeleted = true;
    }
    const waits: string[] = [];
    operation = {
      ...service.operation({ region: regionId, maxRetryTimeout: "20" }),
      onWait: (what) => waits.push(what),
    };
    const start = service.clock.now();
    await expect(create()).rejects.toThrow(/time of alicloud:maxRetryTimeout is over.*clientToken/s);
    expect(service.clock.now() - start).toBeLessThan(27_000);
    expect(waits).toContainEqual(
      expect.stringMatching(/returned hpc-1, which has been deleted.*next ClientToken/),
    );
    // The advice works.
    nextOperation();
    expect(await create({ clientToken: "new" })).toMatchObject({ hpcClusterId: "hpc-7" });
  });
});

describe("a cluster that shows late", () => {
  test.each([4_000, 8_000])("is waited for (%i ms)", async (lateMs) => {
    service.lateMs = { 1: lateMs };
    expect(await create()).toMatchObject({ hpcClusterId: "hpc-1" });
    expect(service.tokens).toHaveLength(1);
  });

  test("beyond the grace period, but is known to Modify, is kept in the state: no second one is created", async () => {
    service.lateMs = { 1: 60_000 };
    const start = service.clock.now();
    const error = await initializationFailure(create());
    expect(service.clock.now() - start).toBe(10_000);
    expect(error.message).toMatch(/hpc-1 has been created.*run `pulumi up` again in a few minutes\.$/);
    expect(error.state).toEqual({
      ...inputs,
      hpcClusterId: "hpc-1",
      requestId: expect.stringMatching(/^R-/) as string,
      __entry,
    });
    expect(service.tokens).toHaveLength(1);
    // A change that changes nothing.
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([
      { RegionId: regionId, HpcClusterId: "hpc-1", Name: "render-farm" },
    ]);
  });

  test.each(["Forbidden.RAM", "InternalError", "Invalid.Parameter"])(
    "and whose Modify fails (%s) is kept in the state: no second one is created",
    async (code) => {
      service.lateMs = { 1: 60_000 };
      service.errors = { ModifyHpcClusterAttribute: code };
      const error = await initializationFailure(create());
      expect(error.state.hpcClusterId).toBe("hpc-1");
      expect(error.message).toContain(code);
      expect(service.tokens).toHaveLength(1);
    },
  );

  test("with a random token is kept in the state, whatever Modify says", async () => {
    service.lateMs = { 1: 60_000 };
    service.modifyIsLateToo = true;
    const { state } = await initializationFailure(createWithoutKey());
    expect(state.hpcClusterId).toBe("hpc-1");
    expect(Object.values(outputsOf(state))).not.toContain(undefined);
    expect(service.tokens).toHaveLength(1);
  });
});

test("a cluster that cannot be read after its creation is kept in the state", async () => {
  service.errors = { DescribeHpcClusters: "Forbidden.RAM" };
  const error = await initializationFailure(create());
  expect(error.state).toEqual({
    ...inputs,
    hpcClusterId: "hpc-1",
    requestId: expect.stringMatching(/^R-/) as string,
    __entry,
  });
  expect(error.message).toContain("Forbidden.RAM");
});

describe("an explicit clientToken", () => {
  test("is sent unchanged, with or without a key, and returns the first call's cluster", async () => {
    await create({ clientToken: "own" });
    nextOperation();
    expect(await createWithoutKey({ clientToken: "own" })).toMatchObject({
      hpcClusterId: "hpc-1",
      clientToken: "own",
    });
    expect(service.tokens).toEqual(["own", "own"]);
  });

  test("whose cluster shows other values, new or not, is kept in the state, with what to do", async () => {
    service.refusesLists = true;
    service.shown = (item) => ({ ...item, Name: item.Name.toUpperCase() });
    const { state, message } = await initializationFailure(create({ clientToken: "own" }));
    expect(state).toMatchObject({ hpcClusterId: "hpc-1", name: "RENDER-FARM" });
    expect(message).toMatch(
      /returned hpc-1, which has been changed since.*, or is new and .* in another form\. Its id is in the state\. Make sure/,
    );
    expect(message).toMatch(/has hpc-1; otherwise run `pulumi state delete`\. Then run.*run `pulumi up`\.$/);
  });

  test.each(["by this process", "outside Pulumi"])(
    "whose cluster was deleted (%s) is an error, and creates nothing",
    async (deleted) => {
      const first = await create({ clientToken: "own" });
      nextOperation();
      if (deleted === "by this process") {
        await deleteCluster(operation, first);
      } else {
        service.clusters[0]!.isDeleted = true;
      }
      await expect(create({ clientToken: "own" })).rejects.toThrow(
        /hpc-1.*deleted since.*new value, or remove it/s,
      );
      expect(service.ids).toEqual([]);
    },
  );
});

test("without a key each creation has a random token", async () => {
  await createWithoutKey();
  await createWithoutKey();
  expect(service.ids).toHaveLength(2);
  for (const token of service.tokens) {
    expect(token).toMatch(/^[\x21-\x7e]{16,64}$/);
  }
});
