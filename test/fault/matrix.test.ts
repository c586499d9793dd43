/** Every fault that passes by itself, at every operation: it ends well, with exactly the right clusters. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { describe, expect, vi } from "vitest";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import {
  type ActionName,
  type Emulator,
  type FaultRule,
  type RequestRecord,
  startEmulator,
} from "../../emulator/emulator.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";

// Many operations each; one takes ten seconds where every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

/** Two times each, then the service has recovered. */
const times = 2;
const both = (
  kind:
    | "internalError"
    | "codeless500"
    | "badGateway"
    | "empty503"
    | "serviceUnavailable"
    | "xmlError"
    | "reset"
    | "noAnswer",
) =>
  (["beforeCommit", "afterCommit"] as const).map((when): [string, FaultRule] => [
    `${kind} ${when}`,
    { kind, when, times },
  ]);

/** One fault a cluster, each in a region of its own: so one operation has them all. */
const faults: [string, FaultRule][] = [
  ["Throttling.User", { kind: "throttling", times }],
  [
    "Throttling with a wish",
    { kind: "throttling", code: "Throttling", status: 429, retryAfterMs: 300, times },
  ],
  ["Throttling.Api, 403", { kind: "throttling", code: "Throttling.Api", status: 403, times }],
  ...both("internalError"),
  ...both("codeless500"),
  ...both("badGateway"),
  ...both("empty503"),
  ...both("serviceUnavailable"),
  ...both("xmlError"),
  ...both("reset"),
  ...both("noAnswer"),
  ["InternalError, 404", { kind: "error", status: 404, code: "InternalError", message: "Failed", times }],
  ["SystemBusy", { kind: "error", status: 400, code: "SystemBusy", message: "Busy", times }],
  ["answers after the time-out", { kind: "delay", ms: 1_500, when: "afterCommit", times }],
  ["calls still running after the time-out", { kind: "delay", ms: 1_500, when: "beforeCommit", times: 1 }],
  ["a byte now and then", { kind: "drip", intervalMs: 1, bytes: 2, times }],
  ["a late cluster", { kind: "lateVisible", describes: 2, times: 1 }],
  ["slow calls", { kind: "latency", ms: 100, times }],
];

const configuration = { "alicloud:clientReadTimeout": "1000", "alicloud:maxRetryTimeout": "60" };
const regionOf = (ecs: Emulator, at: number) => ecs.regions[at]!;

const program =
  (ecs: Emulator, suffix: string, count = faults.length): Program =>
  async () => {
    for (let at = 0; at < count; at += 1) {
      new HpcCluster(`farm-${at}`, { name: `farm-${at}${suffix}`, regionId: regionOf(ecs, at) });
    }
  };

function plant(ecs: Emulator, action: ActionName): { name: string; injected: () => number }[] {
  return faults.map(([name, fault], at) => {
    const active = ecs.faults.add({ ...fault, action, regionId: regionOf(ecs, at) });
    return { name, injected: () => active.injected };
  });
}

/** The faults that have not struck: none, but those that only a create can meet. */
const notStruck = (planted: { name: string; injected: () => number }[]) =>
  planted.filter(({ injected }) => injected() === 0).map(({ name }) => name);

function expectAgreement(ecs: Emulator, stack: TestStack, names: string[]): void {
  const stored = ecs.store.clusters();
  expect(stored.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  expect(
    clustersInState(stack)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(storedIds(ecs).toSorted());
}

test(`${faults.length} transient faults at once at create, refresh, update and delete`, async ({ ecs }) => {
  const names = (suffix: string) => faults.map((_, at) => `farm-${at}${suffix}`);
  expect(ecs.regions.length).toBeGreaterThanOrEqual(faults.length);
  await using stack = await createEcsStack(ecs, { program: program(ecs, "-a"), config: configuration });

  let planted = plant(ecs, "CreateHpcCluster");
  await stack.up();
  expect(notStruck(planted)).toEqual([]);
  expectAgreement(ecs, stack, names("-a"));
  for (let at = 0; at < faults.length; at += 1) {
    const calls = ecs.calls("CreateHpcCluster", regionOf(ecs, at));
    expect(new Set(calls.map(({ params }) => params["ClientToken"])).size, faults[at]![0]).toBe(1);
  }
  const ids = storedIds(ecs);

  ecs.faults.clear();
  planted = plant(ecs, "DescribeHpcClusters");
  const refreshed = await stack.refresh();
  expect(notStruck(planted)).toEqual(["a late cluster"]);
  expect(clusterOps(refreshed)).toEqual(
    Object.fromEntries(faults.map((_, at) => [`farm-${at}`, ["refresh"]])),
  );
  expectAgreement(ecs, stack, names("-a"));

  ecs.faults.clear();
  stack.setProgram(program(ecs, "-b"));
  planted = plant(ecs, "ModifyHpcClusterAttribute");
  await stack.up();
  expect(notStruck(planted)).toEqual(["a late cluster"]);
  expectAgreement(ecs, stack, names("-b"));
  expect(storedIds(ecs)).toEqual(ids);
  await stack.up({ expectNoChanges: true });

  ecs.faults.clear();
  planted = plant(ecs, "DeleteHpcCluster");
  await stack.destroy();
  expect(notStruck(planted)).toEqual(["a late cluster"]);
  expectAgreement(ecs, stack, []);
});

/** Errors that do not pass: a fault of each action that has not committed anything. */
const final: [ActionName, number, string][] = [
  ["CreateHpcCluster", 400, "MissingParameter"],
  ["CreateHpcCluster", 400, "InvalidHpcClusterName.Malformed"],
  ["CreateHpcCluster", 400, "InvalidHpcClusterDescription.Malformed"],
  ["CreateHpcCluster", 404, "InvalidRegionId.NotFound"],
  ["CreateHpcCluster", 400, "Invalid.Parameter"],
  ["CreateHpcCluster", 403, "Forbidden.RAM"],
  ["CreateHpcCluster", 400, "IdempotentParameterMismatch"],
  ["CreateHpcCluster", 404, "InvalidAccessKeyId.NotFound"],
  ["CreateHpcCluster", 400, "InvalidTimeStamp.Expired"],
  ["CreateHpcCluster", 400, "SignatureNonceUsed"],
  ["CreateHpcCluster", 400, "QuotaExceeded.SomethingNew"],
];

test("what does not pass by itself is sent once", async ({ ecs }) => {
  for (const [at, [action, status, code]] of final.entries()) {
    ecs.faults.add({ kind: "error", action, status, code, message: "No.", regionId: regionOf(ecs, at) });
  }
  await using stack = await createEcsStack(ecs, {
    program: program(ecs, "", final.length),
    // What is repeated all the same shows soon.
    config: { "alicloud:maxRetryTimeout": "3" },
  });
  const { output } = await failureOf(stack.up({ continueOnError: true }));
  for (const [at, [action, , code]] of final.entries()) {
    expect(ecs.calls(action, regionOf(ecs, at)), code).toHaveLength(1);
    expect(output).toContain(`${action} in ${regionOf(ecs, at)}: ${code}`);
  }
  expect(storedIds(ecs)).toEqual([]);

  ecs.faults.clear();
  await stack.up();
  const codes = ["Forbidden.RAM", "InvalidRegionId.NotFound", "Invalid.Parameter"];
  for (const action of ["DescribeHpcClusters", "ModifyHpcClusterAttribute", "DeleteHpcCluster"] as const) {
    for (const [at, code] of codes.entries()) {
      ecs.faults.add({
        kind: "error",
        action,
        status: 404,
        code,
        message: "No.",
        regionId: regionOf(ecs, at),
      });
    }
    const before = ecs.requests.length;
    stack.setProgram(program(ecs, "-b", final.length));
    const failed = await failureOf(
      action === "DescribeHpcClusters"
        ? stack.refresh()
        : action === "DeleteHpcCluster"
          ? stack.destroy({ continueOnError: true })
          : stack.up({ continueOnError: true }),
    );
    for (const [at, code] of codes.entries()) {
      const calls = ecs.requests.slice(before).filter((call) => call.action === action && call.code === code);
      expect(calls, `${action} ${code}`).toHaveLength(1);
      expect(calls[0]?.regionId).toBe(regionOf(ecs, at));
      expect(failed.output).toContain(`${action} in ${regionOf(ecs, at)}: ${code}`);
    }
    ecs.faults.clear();
    // None of them has taken a cluster out of the state.
    const ids = clustersInState(stack).map(({ id }) => id);
    for (const at of codes.keys()) {
      expect(ids).toContain(ecs.store.clusters({ regionId: regionOf(ecs, at) })[0]?.hpcClusterId);
    }
  }
});

describe("waiting", () => {
  const one: Program = async () => {
    new HpcCluster("rendering", { name: "render-farm" });
  };
  const starts = (calls: RequestRecord[]) => calls.map(({ startedAt }) => startedAt);

  test("as long as x-acs-retry-after says, at least", async ({ ecs }) => {
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", retryAfterMs: 800, times: 2 });
    await using stack = await createEcsStack(ecs, { program: one });
    await stack.up();
    const [first, second, third] = starts(ecs.calls("CreateHpcCluster"));
    // The service's clock counts whole milliseconds.
    expect(second! - first!).toBeGreaterThanOrEqual(799);
    expect(third! - second!).toBeGreaterThanOrEqual(799);
    expect(storedIds(ecs)).toHaveLength(1);
  });

  test("for an earlier call with the same token that is still running", async ({ ecs }) => {
    ecs.faults.add({ kind: "delay", action: "CreateHpcCluster", ms: 2_000, when: "beforeCommit", times: 1 });
    await using stack = await createEcsStack(ecs, {
      program: one,
      config: { "alicloud:clientReadTimeout": "400" },
    });
    await stack.up();
    const codes = ecs.calls("CreateHpcCluster").map(({ code }) => code);
    expect(codes).toContain("IdempotentProcessing");
    expect(storedIds(ecs)).toHaveLength(1);
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(storedIds(ecs));
    expect(new Set(sentTokens(ecs)).size).toBe(1);
  });

  test("for an answer, as long as alicloud:clientReadTimeout says; then the error says so", async ({
    ecs,
  }) => {
    ecs.faults.add({ kind: "noAnswer", action: "CreateHpcCluster", when: "afterCommit" });
    await using stack = await createEcsStack(ecs, {
      program: one,
      config: { "alicloud:clientReadTimeout": "300", "alicloud:maxRetryTimeout": "2" },
    });
    const { output } = await failureOf(stack.up());
    expect(output).toMatch(
      /CreateHpcCluster in cn-hangzhou: RequestTimeout: no answer from .* within 300 ms/,
    );
    const calls = ecs.calls("CreateHpcCluster");
    expect(calls.length).toBeGreaterThan(1);
    expect(output).toMatch(new RegExp(`${calls.length} attempts over \\d+\\.\\d s`));
    // It was made all the same; the next up finds it.
    const made = storedIds(ecs);
    expect(made).toHaveLength(1);
    expect(clustersInState(stack)).toEqual([]);
    ecs.faults.clear();
    await stack.up();
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(made);
    expect(storedIds(ecs)).toEqual(made);
  });

  test("no longer than alicloud:maxRetryTimeout: the error says how many attempts over how long", async ({
    ecs,
  }) => {
    ecs.faults.add({ kind: "serviceUnavailable", action: "CreateHpcCluster" });
    await using stack = await createEcsStack(ecs, {
      program: one,
      config: { "alicloud:maxRetryTimeout": "2" },
    });
    const { output } = await failureOf(stack.up());
    const calls = ecs.calls("CreateHpcCluster");
    expect(calls.length).toBeGreaterThan(1);
    expect(output).toMatch(
      new RegExp(
        `ServiceUnavailable: .*\\(HTTP 503, request .*, ${calls.length} attempts over \\d+\\.\\d s\\)`,
      ),
    );
    expect(storedIds(ecs)).toEqual([]);
  });

  test("at every operation it ends, and leaves the state as it was", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, {
      program: one,
      config: { "alicloud:maxRetryTimeout": "1" },
    });
    await stack.up();
    const ids = storedIds(ecs);
    ecs.faults.add({ kind: "badGateway" });
    stack.setProgram(async () => {
      new HpcCluster("rendering", { name: "farm-2" });
    });
    const failures = [
      [await failureOf(stack.refresh()), "DescribeHpcClusters"],
      [await failureOf(stack.up()), "ModifyHpcClusterAttribute"],
      [await failureOf(stack.destroy()), "DeleteHpcCluster"],
    ] as const;
    for (const [{ output }, action] of failures) {
      expect(output).toMatch(
        new RegExp(
          `${action} in cn-hangzhou: UnreadableAnswer: .*502 Bad Gateway.*HTTP 502, \\d+ attempts over`,
        ),
      );
    }
    expect(clustersInState(stack).map(({ id }) => id)).toEqual(ids);
    ecs.faults.clear();
    await stack.up();
    expect(storedIds(ecs)).toEqual(ids);
    expect(ecs.store.clusters()).toMatchObject([{ name: "farm-2" }]);
  });

  test("for a connection no longer than alicloud:maxRetryTimeout, and says that it was refused", async ({
    ecs,
  }) => {
    const gone = await startEmulator();
    const { port } = new URL(gone.endpoint);
    await gone.close();
    await using stack = await createEcsStack(ecs, {
      program: one,
      config: {
        "alicloud:endpoints": JSON.stringify([{ ecs: gone.endpoint }]),
        "alicloud:maxRetryTimeout": "1",
        "alicloud:clientConnectTimeout": "300",
      },
    });
    const { output } = await failureOf(stack.up());
    expect(output).toContain("The regions could not be checked");
    expect(output).toMatch(
      new RegExp(
        `CreateHpcCluster in cn-hangzhou: ECONNREFUSED: no answer from http://127.0.0.1:${port}: the connection was refused`,
      ),
    );
  });
});
