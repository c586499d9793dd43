import { beforeEach, describe, expect, test } from "vitest";
import { checkCluster } from "../../provider/cluster/check.ts";
import { createCluster } from "../../provider/cluster/create.ts";
import { deleteCluster } from "../../provider/cluster/delete.ts";
import { diffCluster } from "../../provider/cluster/diff.ts";
import { InitializationError, outputsOf, type ClusterState } from "../../provider/cluster/state.ts";
import { importCluster, readCluster } from "../../provider/cluster/read.ts";
import { updateCluster } from "../../provider/cluster/update.ts";
import type { Operation } from "../../provider/cluster/operation.ts";
import { EcsClient } from "../../provider/ecs/client.ts";
import { EcsError, FailedAttempt } from "../../provider/ecs/errors.ts";
import type { Answer, Send } from "../../provider/ecs/http/transport.ts";
import { withRetry } from "../../provider/ecs/retry.ts";
import { FakeClock } from "./fakeClock.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";
import { unparsed, withoutRetry } from "./requests.ts";

const inputs = { name: "farm", regionId };
const origin = { tokenKey: "key", resourceName: "farm" };

let service: FakeService;
beforeEach(() => {
  service = new FakeService();
});
/** In a provider process of its own, as the next operation would. */
const create = (change: object = {}, from: object = origin) =>
  createCluster(service.operation(), { ...inputs, ...change }, from);
const read = (state: ClusterState, operation: Operation = service.operation()) =>
  readCluster(operation, state.hpcClusterId, outputsOf(state));

describe("create takes only a cluster that nobody holds", () => {
  test("passes over a replayed cluster that another entry holds", async () => {
    const first = await create();
    const operation = service.operation();
    operation.session.holders.record(first.hpcClusterId, { entry: first.__entry });
    expect((await createCluster(operation, inputs, origin)).hpcClusterId).toBe("hpc-2");
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("leaves such a cluster alone at once, also one that does not show: no Modify, no wait", async () => {
    const { hpcClusterId, __entry: entry } = await create();
    service.clusters[0]!.visibleFrom = Infinity;
    const operation = service.operation();
    operation.session.holders.record(hpcClusterId, { entry });
    expect((await createCluster(operation, inputs, origin)).hpcClusterId).toBe("hpc-2");
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([]);
    expect(service.clock.sleeps).toEqual([]);
  });

  test.each(["succeeds", "fails"])(
    "passes over one whose holder shows while it is read, when that %s",
    async (read) => {
      await create();
      const operation = service.operation();
      const { send } = service;
      Object.assign(service, {
        send: (async (call) => {
          if (call.parameters["HpcClusterIds"] === '["hpc-1"]') {
            operation.session.holders.record("hpc-1", { entry: "other" });
            service.errors = read === "fails" ? { DescribeHpcClusters: "Forbidden.RAM" } : {};
          }
          try {
            return await send(call);
          } finally {
            service.errors = {};
          }
        }) satisfies Send,
      });
      expect((await createCluster(operation, inputs, origin)).hpcClusterId).toBe("hpc-2");
    },
  );

  test("passes over a replayed cluster that was changed since it was created with these values", async () => {
    await create();
    service.clusters[0]!.name = "farm-blue";
    expect((await create()).hpcClusterId).toBe("hpc-2");
  });

  test.each([
    ["is held", () => undefined, /the resource "other" holds/],
    [
      "was changed",
      () => Object.assign(service.clusters[0]!, { name: "renamed", description: "too" }),
      /has been changed since \(name and description\)/,
    ],
    ["was deleted", () => (service.clusters[0]!.isDeleted = true), /has been deleted since/],
  ])("with an own clientToken whose cluster %s, fails and says so", async (what, change, message) => {
    const own = { clientToken: "mine" };
    const first = await create(own);
    change();
    const operation = service.operation();
    if (what === "is held") {
      operation.session.holders.record(first.hpcClusterId, { entry: first.__entry, resourceName: "other" });
    }
    const error = await failureOf(createCluster(operation, { ...inputs, ...own }, origin));
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("mine");
  });

  test("never deletes the fresh cluster because an earlier one shows after all", async () => {
    service.modifyIsLateToo = true;
    service.lateMs = { 1: 12_000 };
    expect((await create()).hpcClusterId).toBe("hpc-2");
    service.clock.advance(60_000);
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("goes to the next ClientToken if the service refuses that of a deleted cluster", async () => {
    const tokens: unknown[] = [];
    const { send } = service;
    Object.assign(service, {
      send: (async (call) => {
        if (call.action === "CreateHpcCluster" && tokens.push(call.parameters["ClientToken"]) === 1) {
          const { action } = call;
          throw new EcsError({ action, regionId, code: "IdempotentParameterMismatch", serviceMessage: "No" });
        }
        return await send(call);
      }) satisfies Send,
    });
    expect((await create()).__tokenUse?.generation).toBe(1);
    expect(new Set(tokens).size).toBe(2);
    service.errors = { CreateHpcCluster: "IdempotentParameterMismatch" };
    await expect(create()).rejects.toThrow(
      /with the same values\. No other one has been created: no more than 20 ClientTokens are tried\./,
    );
  });

  test.each([
    [
      "HPC_CLUSTER_MODIFY_FAILED",
      /\) Run `pulumi up` again in a few minutes\. If .* deleted, run `pulumi refresh` first\.$/,
    ],
    [
      "Forbidden.RAM",
      /Without ecs:Mod.*give the resource a `clientToken`.*`pulumi refresh` and `pulumi up`: .*deleted cluster again\. Or grant ecs:Modify/,
    ],
  ])("keeps the id if the list lags and Modify answers %s", async (code, advice) => {
    service.lateMs = { 1: 60_000 };
    service.errors = { ModifyHpcClusterAttribute: code };
    const { state, message } = await failureOf(create(), InitializationError);
    expect(state.hpcClusterId).toBe("hpc-1");
    expect(message).toMatch(advice);
    // The next run says the same, and creates no second one.
    const again = await failureOf(updateCluster(service.operation(), state, inputs), InitializationError);
    expect(again.message).toMatch(advice);
    expect(service.tokens).toHaveLength(1);
  });
});

describe("import takes only a cluster that nobody holds", () => {
  const resource = { resourceName: "rendering", urn: "urn:rendering" };
  let operation: ReturnType<FakeService["operation"]>;
  beforeEach(() => {
    operation = service.operation();
  });

  test("returns it as the service shows it, with the account and an entry, which holds it", async () => {
    service.accountId = "1001";
    const id = service.add("farm", "Frames");
    const state = await importCluster(operation, id, resource);
    expect(outputsOf(state)).toEqual({
      ...inputs,
      description: "Frames",
      hpcClusterId: id,
      __accountId: "1001",
      __entry: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    await expect(createCluster(operation, { ...inputs, adopt: id }, {})).rejects.toThrow(
      /^adopt: the resource "rendering" already holds/,
    );
  });

  test("of two that are imported at the same time the second fails, and says what to do", async () => {
    const id = service.add("farm");
    const other = { resourceName: "other", urn: "urn:other" };
    const [first, second] = await Promise.allSettled([
      importCluster(operation, id, resource),
      importCluster(operation, id, other),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({
      reason: {
        message: expect.stringMatching(
          /hpc-1 belongs to the resource "rendering" already.*delete the other's\. Remove that one.*\(pulumi state delete\), or do not/,
        ) as string,
      },
    });
  });

  test("that the same resource imports twice is deleted with it", async () => {
    const id = service.add("farm");
    await importCluster(operation, id, resource);
    await deleteCluster(operation, await importCluster(operation, id, resource));
    expect(service.ids).toEqual([]);
  });

  test("that does not exist fails, and leaves the id free", async () => {
    await expect(importCluster(operation, "hpc-1", resource)).rejects.toThrow(
      "There is no HPC cluster hpc-1 in cn-hangzhou: check the id, the region and the account.",
    );
    service.add("farm");
    expect(await importCluster(operation, "hpc-1", { urn: "urn:other" })).toMatchObject({ name: "farm" });
  });
});

describe("a diff fails before two resources that have one cluster delete it", () => {
  test("if this run has given the cluster to a new resource as well", async () => {
    const old = await create({ clientToken: "mine" });
    const operation = service.operation();
    await createCluster(operation, { ...inputs, clientToken: "mine" }, { resourceName: "new" });
    const { message } = await failureOf(
      diffCluster(operation, old.hpcClusterId, outputsOf(old), inputs, { resourceName: "old" }),
    );
    expect(message).toMatch(/hpc-1 of this resource has just been given to the resource "new" as well/);
    expect(message).toMatch(
      /values that this one.*\(pulumi state delete\).*depend on this one \(dependsOn\), or give it a clientToken\.$/,
    );
  });

  test("if two resources of the program have it, and names the two commands that repair it", async () => {
    const state = await create();
    const operation = service.operation();
    const diff = (__entry: string, resourceName: string) =>
      diffCluster(operation, state.hpcClusterId, outputsOf({ ...state, __entry }), inputs, {
        resourceName,
        urn: `urn:${resourceName}`,
      });
    await diff("a", "one");
    const { message } = await failureOf(diff("b", "two"));
    expect(message).toMatch(/hpc-1 belongs to both the resource "one" and the resource "two".*Remove one/);
    expect(message).toContain("pulumi state delete 'urn:one' or pulumi state delete 'urn:two'.");
  });

  test.each([
    ["urn:farm", "urn:farm"],
    [undefined, "urn:farm"],
    ["urn:farm", undefined],
  ])("but not if they may be one resource: %s and %s", async (first, second) => {
    const state = await create();
    const operation = service.operation();
    const diff = (__entry: string, urn: string | undefined) =>
      diffCluster(operation, state.hpcClusterId, outputsOf({ ...state, __entry }), inputs, { urn });
    await diff("a", first);
    expect(await diff("b", second)).toEqual({ updates: [], replaces: [], adds: [] });
  });
});

describe("delete removes only what is its own", () => {
  test("keeps a cluster that another entry holds, with a warning, until that entry goes", async () => {
    const old = await create({ clientToken: "mine" });
    const operation = service.operation();
    const renamed = await createCluster(
      operation,
      { ...inputs, clientToken: "mine" },
      { resourceName: "new" },
    );
    expect(renamed.hpcClusterId).toBe(old.hpcClusterId);
    await read(old, operation);
    await deleteCluster(operation, old);
    expect(service.ids).toEqual(["hpc-1"]);
    expect(operation.warnings).toEqual([
      expect.stringMatching(/already had the HPC cluster hpc-1/),
      expect.stringMatching(/hpc-1 is kept.*the resource "new" holds it/),
    ]);
    await deleteCluster(operation, renamed);
    expect(service.ids).toEqual([]);
  });

  test("names the instances of a cluster that is not empty: up to ten, and the count", async () => {
    const state = await create();
    service.instances = Array.from({ length: 12 }, (_, at) => `i-${at}`);
    service.errors = { DeleteHpcCluster: "NotEmpty.HpcCluster" };
    const error = await failureOf(deleteCluster(service.operation(), state));
    expect(error.message).toMatch(/NotEmpty.HpcCluster.*contains 12 instances \(i-0, .*, i-9, and 2 more\)/);
    service.errors["DescribeInstances"] = "Forbidden.RAM";
    const bare = await failureOf(deleteCluster(service.operation(), state), EcsError);
    expect(bare.message).not.toContain("i-0");
  });

  test("a replacement of a cluster with instances is announced once, and nothing else is", async () => {
    const state = await create();
    const operation = service.operation();
    const diff = (change: object) =>
      diffCluster(operation, state.hpcClusterId, outputsOf(state), { ...inputs, ...change }, {});
    const replaced = { regionId: "cn-beijing" };
    await diff(replaced);
    service.instances = ["i-1"];
    await diff({ name: "renamed" });
    expect(operation.warnings).toEqual([]);
    await diff(replaced);
    await diff(replaced);
    expect(operation.warnings).toEqual([
      expect.stringMatching(/would be replaced.*1 instance \(i-1\).*release the instances first\.$/),
    ]);
    expect(service.sent("DescribeInstances")).toHaveLength(3);
  });

  test.each<[string, (operation: Operation, state: ClusterState) => Promise<unknown>]>([
    ["a refresh has dropped", (operation, state) => read(state, operation)],
    ["the run has deleted", deleteCluster],
  ])("a cluster that %s is held by nobody any more", async (_what, drop) => {
    const own = { ...inputs, clientToken: "mine" };
    const state = await createCluster(service.operation(), own, origin);
    const operation = service.operation();
    await read(state, operation);
    service.clock.advance(61_000);
    service.clusters[0]!.isDeleted = true;
    await drop(operation, state);
    await expect(createCluster(operation, own, origin)).rejects.toThrow(/hpc-1, .* has been deleted since/);
  });
});

describe("gone needs proof", () => {
  test("a refresh waits for a cluster that shows late", async () => {
    service.lateMs = { 1: 6_000 };
    const state: ClusterState = { ...inputs, hpcClusterId: service.add("farm") };
    expect(await read(state)).toMatchObject({ hpcClusterId: "hpc-1" });
  });

  test("a refresh drops a cluster that does not show over several reads", async () => {
    const state = await create();
    service.clusters[0]!.isDeleted = true;
    const before = service.sent("DescribeHpcClusters").length;
    expect(await read(state)).toBeUndefined();
    expect(service.sent("DescribeHpcClusters").length - before).toBeGreaterThan(3);
  });

  test.each<[string, (state: ClusterState) => Promise<unknown>]>([
    ["a refresh", (state) => read(state)],
    ["a deletion", (state) => deleteCluster(service.operation(), state)],
    ["an update", (state) => updateCluster(service.operation(), state, inputs)],
  ])("%s with credentials of another account names both accounts and drops nothing", async (_what, run) => {
    service.accountId = "1001";
    const state = await create();
    expect(state.__accountId).toBe("1001");
    service.accountId = "2002";
    service.clusters[0]!.isDeleted = true;
    expect((await failureOf(run(state))).message).toMatch(
      /hpc-1 is in the account 1001.*account 2002\. .*run the same command again with credentials of the cluster's account\.$/,
    );
  });

  test.each([
    [undefined, undefined],
    [undefined, "1001"],
    ["1001", undefined],
    ["1001", "1001"],
  ])("a cluster of the account %s is dropped by credentials of the account %s", async (before, now) => {
    service.accountId = before;
    const state = await create();
    expect(state.__accountId).toBe(before);
    service.accountId = now;
    service.clusters[0]!.isDeleted = true;
    expect(await read(state)).toBeUndefined();
  });
});

describe("a preview with new clusters", () => {
  const warningsOf = async (...names: string[]): Promise<string[]> => {
    const operation = service.operation();
    for (const name of names) {
      expect((await checkCluster(operation, {}, { name })).failures).toEqual([]);
    }
    operation.session.sameNames.report();
    // A canceled run ends twice.
    operation.session.sameNames.report();
    return operation.warnings;
  };

  test("lists a region once, and warns at its end of clusters with the same name, without advice that loses one", async () => {
    service.add("farm");
    service.add("farm");
    const [warning, ...others] = await warningsOf("farm", "farm", "other");
    expect(warning).toMatch(
      /cn-hangzhou already has 2 HPC clusters named "farm": hpc-1, hpc-2. `pulumi up` continues with it if .*Before you adopt.*look whose.*would still delete it\.$/,
    );
    expect(others).toEqual([]);
    expect(service.sent("DescribeHpcClusters")).toHaveLength(1);
  });

  test("warns of each name", async () => {
    service.add("farm");
    service.add("other");
    expect(await warningsOf("farm", "other")).toEqual([
      expect.stringContaining('already has an HPC cluster named "farm": hpc-1.'),
      expect.stringContaining('already has an HPC cluster named "other": hpc-2.'),
    ]);
  });

  test("does not show a name that is a secret", async () => {
    service.add("farm");
    const operation = service.operation();
    await checkCluster(operation, {}, { name: "farm" }, new Set(["name"]));
    operation.session.sameNames.report();
    expect(operation.warnings).toEqual([]);
  });

  test("is quiet about a cluster that a resource of the stack holds, also one that is checked later", async () => {
    const state = await create();
    const operation = service.operation();
    await checkCluster(operation, {}, { name: "farm" });
    await diffCluster(operation, state.hpcClusterId, outputsOf(state), inputs, {});
    operation.session.sameNames.report();
    expect(operation.warnings).toEqual([]);
  });

  test("says so if the names cannot be listed, and goes on", async () => {
    service.errors = { DescribeHpcClusters: "Forbidden.RAM" };
    expect(await warningsOf("farm", "other")).toEqual([expect.stringContaining("Forbidden.RAM")]);
  });

  test("does not show the value of a secret that breaks a rule", async () => {
    const { failures } = await checkCluster(service.operation(), {}, { name: "2-secret" }, new Set(["name"]));
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining("name") as string }]);
    expect(JSON.stringify(failures)).not.toContain("2-secret");
  });
});

describe("`up`", () => {
  /** The next `up` of a new resource with these values, and what it warns of. */
  async function up(before: () => Promise<unknown> = () => Promise.resolve()): Promise<string[]> {
    const operation = service.operation();
    await checkCluster(operation, {}, inputs);
    await before();
    await createCluster(operation, inputs, origin);
    operation.session.sameNames.report();
    return operation.warnings;
  }

  test("says which cluster from before it continues with, and that a destroy will delete it", async () => {
    await create();
    expect(await up()).toEqual([
      expect.stringMatching(
        /already had the HPC cluster hpc-1.*interrupted run.*retainOnDelete.*destroy will.*give it a clientToken of its own\.$/s,
      ),
    ]);
    expect(service.ids).toEqual(["hpc-1"]);
  });

  test("warns only of a cluster with the same name that it has not taken over", async () => {
    service.add("farm");
    expect(await up()).toEqual([
      expect.stringMatching(/named "farm": hpc-1. This run has not taken it over/),
    ]);
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("names a cluster that was changed since, and passes over it once", async () => {
    await create();
    service.clusters[0]!.description = "blue";
    expect(await up()).toEqual([expect.stringMatching(/hpc-1 .* changed since \(description\)/)]);
    service.clusters[1]!.description = "green";
    await expect(up()).rejects.toThrow(
      /hpc-1 \(has been changed [^)]*\)[^)]*\), hpc-2 \(.*changed.*: none of them is taken\. .*clientToken/s,
    );
    expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
  });

  test("is quiet about the cluster that a replacement has just deleted", async () => {
    const state = await create();
    const operation = service.operation();
    await checkCluster(operation, {}, inputs);
    await deleteCluster(operation, state);
    await createCluster(operation, inputs, origin);
    operation.session.sameNames.report();
    expect(operation.warnings).toEqual([]);
  });
});

test("the advice without the permission to modify ends the loop", async () => {
  const state = await create();
  await deleteCluster(service.operation(), state);
  service.errors = { ModifyHpcClusterAttribute: "Forbidden.RAM" };
  const dead = (await failureOf(create(), InitializationError)).state;
  expect(dead.hpcClusterId).toBe("hpc-1");
  expect(await read(dead)).toBeUndefined();
  expect(await create({ clientToken: "never used" })).toMatchObject({ hpcClusterId: "hpc-2" });
});

describe("answers that are not complete", () => {
  const item = (id: string, name: string | undefined = "farm") => ({ HpcClusterId: id, Name: name });
  const client = (...answers: Answer[]) =>
    new EcsClient(withoutRetry(async () => answers.shift() ?? expect.fail("one call more than expected")));
  const page = (total: number, ...items: unknown[]): Answer => ({
    TotalCount: total,
    HpcClusters: { HpcCluster: items },
  });

  test("the pages of a read are all fetched", async () => {
    const first = page(2, item("hpc-1"));
    const ecs = client(first, first, page(2, item("hpc-2")));
    expect(await ecs.describeHpcClusters(regionId, ["hpc-1", "hpc-2"])).toEqual([
      item("hpc-1"),
      item("hpc-2"),
    ]);
  });

  test("fewer clusters than TotalCount is an error, unless all that were asked for are there", async () => {
    const answer = page(2, item("hpc-1"));
    expect(await client(answer).describeHpcCluster(regionId, "hpc-1")).toEqual(item("hpc-1"));
    for (const id of ["hpc-2", "hpc-3"]) {
      const { message } = await failureOf(client(answer, answer, answer).describeHpcCluster(regionId, id));
      expect(message).toContain("only 1 of 2");
    }
  });

  test("an item without a name, a null, or another item twice does not count as the missing one", async () => {
    for (const broken of [item("hpc-2", ""), null, item("hpc-1")]) {
      const answer = page(2, item("hpc-1"), broken);
      const ecs = client(answer, answer, page(2));
      const { message } = await failureOf(ecs.describeHpcCluster(regionId, "hpc-2"));
      expect(message).toContain("only 1 of 2");
    }
  });

  test("the same page for ever ends the list with an error", async () => {
    const ecs = new EcsClient(withoutRetry(async () => page(500, item("hpc-1"))));
    expect((await failureOf(ecs.listHpcClusters(regionId), EcsError)).message).toContain("only 1 of 500");
  });

  test("an answer with an id is a cluster, also without a RequestId", async () => {
    const ecs = client({ HpcClusterId: "hpc-1" });
    expect(await ecs.createHpcCluster(regionId, {})).toMatchObject({ hpcClusterId: "hpc-1" });
  });

  test("a missing list is repeated", async () => {
    const answers = [{}, page(1, item("hpc-1"))];
    const clock = new FakeClock();
    const options = { maxRetryTimeoutMs: 60_000, maxInFlight: 1, namespace: "alicloud", clock } as const;
    const ecs = new EcsClient(withRetry(async () => answers.shift()!, options));
    expect(await ecs.describeHpcCluster(regionId, "hpc-1")).toEqual(item("hpc-1"));
  });

  test("lone surrogates are replaced in messages and values", async () => {
    const ecs = client(page(1, { ...item("hpc-1"), Description: "a\ud800" }));
    expect((await ecs.describeHpcCluster(regionId, "hpc-1"))?.Description).toBe("a\ufffd");
    const error = new EcsError({ action: "A", regionId, code: "C", serviceMessage: "\udfff" });
    expect(error.message.isWellFormed()).toBe(true);
  });
});

test("a wait that the service asks for, longer than the deadline, fails the other calls at once", async () => {
  const clock = new FakeClock();
  const send: Send = async ({ action }) => {
    throw new FailedAttempt({
      action,
      regionId,
      code: "Throttling.User",
      serviceMessage: "No",
      status: 400,
      retryAfterMs: 3_600_000,
    });
  };
  const options = { maxRetryTimeoutMs: 300_000, maxInFlight: 20, namespace: "alicloud", clock } as const;
  const call = unparsed(withRetry(send, options));
  const errors: EcsError[] = [];
  for (const parameters of [{}, {}]) {
    errors.push(await failureOf(call({ action: "CreateHpcCluster", regionId, parameters }), EcsError));
  }
  expect(errors.map(({ code }) => code)).toEqual(["Throttling.User", "Throttling.User"]);
  expect(clock.sleeps).toEqual([]);
});
