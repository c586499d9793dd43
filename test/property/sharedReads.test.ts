/** Promise: reads of clusters share a request only while they wait anyway, and each gets its own cluster or its own error. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EcsClient } from "../../provider/ecs/client.ts";
import { EcsError, FailedAttempt } from "../../provider/ecs/errors.ts";
import type { Answer, Call, Send } from "../../provider/ecs/http/transport.ts";
import type { HpcClusterItem } from "../../provider/ecs/answerFields.ts";
import { withRetry } from "../../provider/ecs/retry.ts";
import { VirtualClock } from "../unit/virtualClock.ts";

const regionId = "cn-hangzhou";
const SLOTS = 3;
const LIMIT_MS = 600_000;

/** A client with few slots. */
const clientOf = (transport: Send, clock: VirtualClock) =>
  new EcsClient(
    withRetry(transport, { maxRetryTimeoutMs: LIMIT_MS, maxInFlight: SLOTS, namespace: "alicloud", clock }),
  );
const noClusters = { TotalCount: 0, HpcClusters: { HpcCluster: [] } };

/** A difficult service: everything here is allowed by its documentation, or has happened. */
interface Service {
  existing: ReadonlySet<string>;
  /** The ids that make any request with them fail. */
  rejected: ReadonlySet<string>;
  /** An item may come twice, one that was not asked for may come too, and the order is any. */
  repeats: boolean;
  stranger: boolean;
  reversed: boolean;
  /** How long each request takes, and how it fails; used in turn. */
  latencies: readonly number[];
  failures: readonly ("" | "ECONNRESET" | "Throttling.User")[];
}

interface Load {
  id: string;
  at: number;
  result?: { item: HpcClusterItem | undefined } | { error: unknown };
}

const idOf = (number: number): string => `hpc-${number}`;
const subset = (size: number, percent: number): fc.Arbitrary<Set<string>> =>
  fc
    .array(fc.integer({ min: 0, max: 99 }), { minLength: size, maxLength: size })
    .map((draws) => new Set(draws.flatMap((draw, number) => (draw < percent ? [idOf(number)] : []))));

const scenario = fc.integer({ min: 1, max: 260 }).chain((size) =>
  fc.record({
    service: fc.record({
      existing: subset(size, 80),
      rejected: fc.oneof(fc.constant(new Set<string>()), subset(size, 2)),
      repeats: fc.boolean(),
      stranger: fc.boolean(),
      reversed: fc.boolean(),
      latencies: fc.array(fc.constantFrom(1, 7, 50), { minLength: 1, maxLength: 5 }),
      // Most requests succeed, so that no read runs out of time.
      failures: fc
        .array(
          fc.oneof(
            { weight: 8, arbitrary: fc.constant("" as const) },
            { weight: 1, arbitrary: fc.constant("ECONNRESET" as const) },
            { weight: 1, arbitrary: fc.constant("Throttling.User" as const) },
          ),
          { minLength: 1, maxLength: 7 },
        )
        .filter((each) => each.filter((failure) => failure === "").length > each.length / 2),
    }),
    /** Which id is read, and how long after the one before. */
    loads: fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: size - 1 }).map(idOf),
        pause: fc.oneof(
          { weight: 12, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.constantFrom(1, 9, 60, 500) },
        ),
      }),
      // Without "max", fast-check's arrays have about ten elements.
      { minLength: 1, maxLength: 400, size: "max" },
    ),
  }),
);

/** Each item's name says which request returned it. */
async function run(service: Service, plan: readonly { id: string; pause: number }[]) {
  const clock = new VirtualClock();
  const requests: { ids: readonly string[]; sentAt: number; onTheWay: number }[] = [];
  let onTheWay = 0;
  const transport = async (call: Call): Promise<Answer> => {
    const number = requests.length;
    const ids = JSON.parse(String(call.parameters["HpcClusterIds"])) as string[];
    onTheWay += 1;
    requests.push({ ids, sentAt: clock.now(), onTheWay });
    await clock.sleep(service.latencies[number % service.latencies.length]!);
    onTheWay -= 1;
    const failure = service.failures[number % service.failures.length]!;
    const code =
      failure || (ids.some((id) => service.rejected.has(id)) ? "InvalidHpcClusterIds.Malformed" : "");
    if (code !== "") {
      const transport = code === "ECONNRESET";
      const retryAfterMs = code === "Throttling.User" ? 100 : undefined;
      throw new FailedAttempt({
        ...call,
        code,
        serviceMessage: `request ${number}`,
        transport,
        retryAfterMs,
      });
    }
    const items = ids
      .filter((id) => service.existing.has(id))
      .flatMap((id) => {
        const item = { HpcClusterId: id, Name: `${id} by request ${number}` };
        return service.repeats ? [item, item] : [item];
      });
    if (service.stranger) {
      items.push({ HpcClusterId: "hpc-stranger", Name: "stranger" });
    }
    const TotalCount = new Set(items.map(({ HpcClusterId }) => HpcClusterId)).size;
    return { TotalCount, HpcClusters: { HpcCluster: service.reversed ? items.reverse() : items } };
  };
  const ecs = clientOf(transport, clock);
  const loads = [];
  for (const { id, pause } of plan) {
    if (pause > 0) {
      await clock.advance(pause);
    }
    const load: Load = { id, at: clock.now() };
    loads.push(load);
    ecs.describeHpcCluster(regionId, id).then(
      (item) => (load.result = { item }),
      (error: unknown) => (load.result = { error }),
    );
  }
  await clock.advance(2 * LIMIT_MS);
  return { requests, loads };
}

test("each read gets its own cluster, undefined, or the error of its own id", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ service, loads: plan }) => {
      const { requests, loads } = await run(service, plan);
      for (const { ids, onTheWay } of requests) {
        expect(ids.length).toBeGreaterThan(0);
        expect(ids.length).toBeLessThanOrEqual(100);
        expect(new Set(ids).size).toBe(ids.length);
        expect(onTheWay).toBeLessThanOrEqual(SLOTS);
      }
      for (const { id, at, result } of loads) {
        if (result === undefined) {
          return expect.fail(`the read of ${id} never settled`);
        }
        if ("error" in result) {
          expect((result.error as EcsError).code).toBe("InvalidHpcClusterIds.Malformed");
          expect(service.rejected.has(id)).toBe(true);
        } else if (result.item === undefined) {
          expect(service.existing.has(id)).toBe(false);
          expect(service.rejected.has(id)).toBe(false);
        } else {
          expect(service.rejected.has(id)).toBe(false);
          // From a request with this id that was sent after the read had begun: nothing is remembered.
          const [, name, number] = /^(.*) by request (\d+)$/.exec(result.item.Name)!;
          expect([result.item.HpcClusterId, name]).toEqual([id, id]);
          expect(requests[Number(number)]!.ids).toContain(id);
          expect(requests[Number(number)]!.sentAt).toBeGreaterThanOrEqual(at);
        }
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

const easy = (ids: readonly string[], failures: Service["failures"] = [""]): Service => ({
  existing: new Set(ids),
  rejected: new Set(),
  repeats: false,
  stranger: false,
  reversed: false,
  latencies: [50],
  failures,
});
const ids = (count: number) => Array.from({ length: count }, (_, number) => idOf(number));
const sizes = async (service: Service, plan: readonly { id: string; pause: number }[]) =>
  (await run(service, plan)).requests.map((request) => request.ids.length);

test("reads are sent alone and at once while there is a slot; those that wait for one share up to 100 a request", async () => {
  const all = ids(250);
  const apart = all.map((id, at) => ({ id, pause: at <= SLOTS ? 1 : 0 }));
  expect(await sizes(easy(all), apart)).toEqual([1, 1, 1, 100, 100, 47]);
  // Never more than there are slots: none waits, and none shares.
  const inTurn = all.map((id) => ({ id, pause: 50 }));
  expect(await sizes(easy(all), inTurn)).toEqual(all.map(() => 1));
});

test("reads that are throttled share the next request", async () => {
  const all = ids(SLOTS);
  const throttled = [...all.map(() => "Throttling.User" as const), "" as const];
  expect(
    await sizes(
      easy(all, throttled),
      all.map((id) => ({ id, pause: 1 })),
    ),
  ).toEqual([1, 1, 1, SLOTS]);
});

test("reads of the same moment share a request, and the slots stay as many", async () => {
  const clock = new VirtualClock();
  const sentAt: number[] = [];
  const start = clock.now();
  const ecs = clientOf(async () => {
    sentAt.push(clock.now() - start);
    await clock.sleep(50);
    return noClusters;
  }, clock);
  const reads = ids(SLOTS).map((id) => ecs.describeHpcCluster(regionId, id));
  await clock.advance(50);
  await Promise.all(reads);
  const deletions = ids(SLOTS + 1).map((id) => ecs.deleteHpcCluster(regionId, id));
  await clock.advance(100);
  await Promise.all(deletions);
  expect(sentAt).toEqual([0, ...ids(SLOTS).map(() => 50), 100]);
});

test("a shared request ends with the first of its reads' deadlines, and has no limit of its own if none of them has", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const calls: Call[] = [];
  const ecs = clientOf((call) => {
    calls.push(call);
    return Promise.resolve(noClusters);
  }, clock);
  for (const limits of [
    [9_000, undefined, 5_000],
    [undefined, undefined],
  ]) {
    const reads = limits.map((withinMs, number) => ecs.describeHpcCluster(regionId, idOf(number), withinMs));
    await clock.advance(0);
    await Promise.all(reads);
  }
  expect(
    calls.map(({ withinMs, deadline, hpcClusterIds }) => [withinMs, deadline, hpcClusterIds?.length]),
  ).toEqual([
    [5_000, start + 5_000, 3],
    [undefined, start + LIMIT_MS, 2],
  ]);
});
