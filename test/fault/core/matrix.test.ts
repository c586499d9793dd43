/** Every transient fault and every final error, at every operation, over real HTTP. Waiting costs no time. */
import { describe, expect, vi } from "vitest";
import {
  startEmulator,
  type ActionName,
  type Emulator,
  type FaultKind,
  type FaultRule,
} from "../../../emulator/emulator.ts";
import { sentTokens, storedIds } from "../localEcs.ts";
import { expectAgreement, failureOf, type SimulatedEcs, SimulatedStack, test } from "./simulatedStack.ts";
import type { Wants } from "./wanted.ts";

// A busy machine is slow: one request is sent after the other.
vi.setConfig({ testTimeout: 300_000 });

/** A stack; the retries may take an hour, of which none passes. */
function stackOf(ecs: SimulatedEcs, configuration: Record<string, string> = {}): SimulatedStack {
  return new SimulatedStack(ecs, { "alicloud:maxRetryTimeout": "3600", ...configuration });
}

/** Each fault occurs this often; after that the service has recovered. */
const times = 2;
const both = (kind: FaultKind) =>
  (["beforeCommit", "afterCommit"] as const).map((when): [string, FaultRule] => [
    `${kind} ${when}`,
    { kind, when, times } as FaultRule,
  ]);

/** One fault a cluster, each in a region of its own, so that one operation meets all of them. */
const faults: [string, FaultRule][] = [
  ["Throttling.User", { kind: "throttling", times }],
  [
    "Throttling with x-acs-retry-after",
    { kind: "throttling", code: "Throttling", status: 429, retryAfterMs: 30_000, times },
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
  ["an answer after the time-out", { kind: "delay", ms: 250, when: "afterCommit", times }],
  [
    "a call that is still running after the time-out",
    { kind: "delay", ms: 250, when: "beforeCommit", times: 1 },
  ],
  ["an answer in small pieces", { kind: "drip", intervalMs: 1, bytes: 4, times }],
  ["slow calls", { kind: "latency", ms: 50, times }],
];

const regionOf = (ecs: Emulator, at: number) => ecs.regions[at]!;

function clusters(ecs: Emulator, suffix: string, count: number): Wants {
  return new Map(
    Array.from({ length: count }, (_, at) => [
      `farm-${at}`,
      { name: `farm-${at}${suffix}`, regionId: regionOf(ecs, at) },
    ]),
  );
}

function addFaults(ecs: Emulator, action: ActionName): () => string[] {
  ecs.faults.clear();
  const added = faults.map(([name, fault], at) => ({
    name,
    fault: ecs.faults.add({ ...fault, action, regionId: regionOf(ecs, at) }),
  }));
  return () => added.filter(({ fault }) => fault.injected === 0).map(({ name }) => name);
}

test(`${faults.length} transient faults at once at create, refresh, update and delete`, async ({ ecs }) => {
  expect(ecs.regions.length).toBeGreaterThanOrEqual(faults.length);
  const names = (suffix: string) => faults.map((_, at) => `farm-${at}${suffix}`);
  const stack = stackOf(ecs, { "alicloud:clientReadTimeout": "150" });

  let unused = addFaults(ecs, "CreateHpcCluster");
  await stack.up(clusters(ecs, "-a", faults.length));
  expect(unused()).toEqual([]);
  expectAgreement(ecs, stack, names("-a"));
  for (const [at, [name]] of faults.entries()) {
    const calls = ecs.calls("CreateHpcCluster", regionOf(ecs, at));
    expect(new Set(calls.map(({ params }) => params["ClientToken"])).size, name).toBe(1);
  }
  const ids = storedIds(ecs);

  unused = addFaults(ecs, "DescribeHpcClusters");
  await stack.refresh();
  expect(unused()).toEqual([]);
  expectAgreement(ecs, stack, names("-a"));

  unused = addFaults(ecs, "ModifyHpcClusterAttribute");
  await stack.up(clusters(ecs, "-b", faults.length));
  expect(unused()).toEqual([]);
  expectAgreement(ecs, stack, names("-b"));
  expect(storedIds(ecs)).toEqual(ids);

  unused = addFaults(ecs, "DeleteHpcCluster");
  await stack.destroy();
  expect(unused()).toEqual([]);
  expectAgreement(ecs, stack, []);
});

/** Errors that do not go away by themselves. */
const finalErrors: [number, string][] = [
  [400, "MissingParameter"],
  [400, "InvalidHpcClusterName.Malformed"],
  [400, "InvalidHpcClusterDescription.Malformed"],
  [404, "InvalidRegionId.NotFound"],
  [400, "Invalid.Parameter"],
  [403, "Forbidden.RAM"],
  [400, "IdempotentParameterMismatch"],
  [404, "InvalidAccessKeyId.NotFound"],
  [400, "InvalidTimeStamp.Expired"],
  [400, "SignatureNonceUsed"],
  [400, "QuotaExceeded.SomethingNew"],
];

test("a final error is reported after one call, and leaves the state as it was", async ({ ecs }) => {
  const stack = stackOf(ecs);
  const count = finalErrors.length;
  // A derived ClientToken that is refused is followed by the next one: only an explicit one is an error.
  const wants = (suffix: string): Wants =>
    new Map(
      [...clusters(ecs, suffix, count)].map(([resource, wanted], at) => [
        resource,
        finalErrors[at]![1] === "IdempotentParameterMismatch" ? { ...wanted, clientToken: "own" } : wanted,
      ]),
    );
  const steps = [
    ["CreateHpcCluster", () => stack.up(wants(""))],
    ["DescribeHpcClusters", () => stack.refresh()],
    ["ModifyHpcClusterAttribute", () => stack.up(wants("-b"))],
    ["DeleteHpcCluster", () => stack.destroy()],
  ] as const;
  for (const [action, run] of steps) {
    for (const [at, [status, code]] of finalErrors.entries()) {
      ecs.faults.add({ kind: "error", action, status, code, message: "No.", regionId: regionOf(ecs, at) });
    }
    const before = { requests: ecs.requests.length, ids: storedIds(ecs) };
    const failure = (await failureOf(run())) as AggregateError;
    for (const [at, [, code]] of finalErrors.entries()) {
      expect(failure.message).toContain(`${action} in ${regionOf(ecs, at)}: ${code}`);
    }
    expect(failure.errors).toHaveLength(count);
    const sent = ecs.requests.slice(before.requests).filter((request) => request.action === action);
    // A refresh also tries the list of the region, before it reads by id.
    expect(sent, action).toHaveLength(action === "DescribeHpcClusters" ? 2 * count : count);
    expect(storedIds(ecs)).toEqual(before.ids);
    expectAgreement(
      ecs,
      stack,
      ecs.store.clusters().map(({ name }) => name),
    );

    ecs.faults.clear();
    if (action === "CreateHpcCluster") {
      await stack.up(wants(""));
      expect(storedIds(ecs)).toHaveLength(count);
    }
  }
});

describe("a call waits", () => {
  const one: Wants = new Map([["rendering", { name: "render-farm" }]]);

  test("for an earlier call with the same token that is still running", async ({ ecs }) => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const stack = stackOf(ecs, { "alicloud:clientReadTimeout": "200" });
    const running = stack.up(one);
    await ecs.until(() => ecs.calls("CreateHpcCluster").some(({ code }) => code === "IdempotentProcessing"));
    hold.release();
    await running;
    expectAgreement(ecs, stack, ["render-farm"]);
    expect(new Set(sentTokens(ecs)).size).toBe(1);
  });

  test("for an answer as long as alicloud:clientReadTimeout, and the next `up` finds the cluster", async ({
    ecs,
  }) => {
    ecs.faults.add({ kind: "noAnswer", action: "CreateHpcCluster", when: "afterCommit" });
    const stack = stackOf(ecs, { "alicloud:clientReadTimeout": "100", "alicloud:maxRetryTimeout": "1" });
    await expect(stack.up(one)).rejects.toThrow(
      /CreateHpcCluster in cn-hangzhou: RequestTimeout: no answer from .* within 100 ms/,
    );
    const created = storedIds(ecs);
    expect(created).toHaveLength(1);
    expect(stack.kept()).toEqual([]);
    ecs.faults.clear();
    await stack.up(one);
    expect(stack.kept()).toEqual([{ resource: "rendering", id: created[0] }]);
    expect(storedIds(ecs)).toEqual(created);
  });

  test("no longer than alicloud:maxRetryTimeout, and the error counts the attempts", async ({ ecs }) => {
    ecs.faults.add({ kind: "serviceUnavailable", action: "CreateHpcCluster" });
    const stack = stackOf(ecs, { "alicloud:maxRetryTimeout": "60" });
    const { message } = await failureOf(stack.up(one));
    const [, attempts, seconds] =
      /ServiceUnavailable: .*\(HTTP 503, request .*, (\d+) attempts over (\d+\.\d) s\)/.exec(message) ?? [];
    expect(Number(attempts)).toBe(ecs.calls("CreateHpcCluster").length);
    expect(Number(attempts)).toBeGreaterThan(2);
    expect(Number(seconds)).toBeLessThanOrEqual(60);
    expect(storedIds(ecs)).toEqual([]);
  });

  test("no longer than that at every operation, and the state stays as it was", async ({ ecs }) => {
    const stack = stackOf(ecs, { "alicloud:maxRetryTimeout": "10" });
    await stack.up(one);
    const kept = stack.kept();
    const fault = ecs.faults.add({ kind: "badGateway" });
    const renamed: Wants = new Map([["rendering", { name: "farm-2" }]]);
    const operations = [
      [() => stack.refresh(), "DescribeHpcClusters"],
      [() => stack.up(renamed), "ModifyHpcClusterAttribute"],
      [() => stack.destroy(), "DeleteHpcCluster"],
    ] as const;
    for (const [run, action] of operations) {
      await expect(run()).rejects.toThrow(
        new RegExp(
          `${action} in cn-hangzhou: UnreadableAnswer: .*502 Bad Gateway.*HTTP 502, \\d+ attempts over`,
        ),
      );
      expect(stack.kept()).toEqual(kept);
    }
    fault.remove();
    await stack.up(renamed);
    expectAgreement(ecs, stack, ["farm-2"]);
    expect(stack.kept()).toEqual(kept);
  });

  test("for a connection no longer than that, and the error says that it was refused", async ({ ecs }) => {
    const closed = await startEmulator();
    await closed.stop();
    const stack = stackOf(ecs, {
      "alicloud:endpoints": JSON.stringify([{ ecs: closed.endpoint }]),
      "alicloud:maxRetryTimeout": "10",
    });
    await expect(stack.up(one)).rejects.toThrow(
      `CreateHpcCluster in cn-hangzhou: ECONNREFUSED: no answer from ${closed.endpoint}: the connection was refused`,
    );
    expect(stack.printed).toEqual([expect.stringContaining("The regions could not be checked")]);
  });
});
