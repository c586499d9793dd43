import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HpcClusterItem } from "../../provider/ecs/items.ts";
import { DESCRIBE_LIMIT, DescribeBatch } from "../../provider/ecs/describeBatch.ts";
import { EcsError } from "../../provider/ecs/errors.ts";

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    }),
);
afterEach(() => void vi.useRealTimers());

/** A difficult service: everything here is allowed by its documentation, or has happened. */
interface Service {
  /** The ids that exist; the others are left out of every answer. */
  existing: ReadonlySet<string>;
  /** The ids that make any call with them fail. */
  rejected: ReadonlySet<string>;
  /** The seed of each answer's order. An item may come twice, and one that was not requested may come too. */
  order: number;
  repeats: boolean;
  stranger: boolean;
  /** How long each call takes, and whether its connection fails; used in turn. */
  latencies: readonly number[];
  breaks: readonly boolean[];
}

interface Call {
  ids: readonly string[];
  startedAt: number;
  failure: EcsError | undefined;
}

interface Load {
  id: string;
  at: number;
  /** Undefined until it settles. */
  result?: { item: HpcClusterItem | undefined } | { error: unknown };
}

const idOf = (number: number): string => `hpc-${number}`;
const subset = (size: number, share: fc.Arbitrary<boolean>): fc.Arbitrary<Set<string>> =>
  fc
    .array(share, { minLength: size, maxLength: size })
    .map((flags) => new Set(flags.flatMap((flag, number) => (flag ? [idOf(number)] : []))));
const often = (weight: number): fc.Arbitrary<boolean> =>
  fc.oneof({ weight, arbitrary: fc.constant(true) }, { weight: 10 - weight, arbitrary: fc.constant(false) });

const scenario = fc.integer({ min: 1, max: 260 }).chain((size) =>
  fc.record({
    service: fc.record({
      existing: subset(size, often(8)),
      rejected: fc.oneof(
        fc.constant(new Set<string>()),
        fc.integer({ max: size - 1, min: 0 }).map((number) => new Set([idOf(number)])),
        subset(size, often(1)),
      ),
      order: fc.integer(),
      repeats: fc.boolean(),
      stranger: fc.boolean(),
      latencies: fc.array(fc.constantFrom(0, 1, 7, 50, 400), { minLength: 1, maxLength: 5 }),
      breaks: fc.array(often(1), { minLength: 1, maxLength: 7 }),
    }),
    /** Which id is loaded, and how long after the one before. */
    loads: fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: size - 1 }).map(idOf),
        pause: fc.oneof(
          { weight: 12, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.constantFrom(1, 9, 11, 60, 130) },
        ),
      }),
      // Without "max", fast-check's arrays have about ten elements.
      { minLength: 1, maxLength: 400, size: "max" },
    ),
  }),
);

/** A repeatable shuffle. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  const result = [...values];
  let state = seed >>> 0;
  for (let at = result.length - 1; at > 0; at -= 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = state % (at + 1);
    [result[at], result[other]] = [result[other]!, result[at]!];
  }
  return result;
}

/** Each item's name says which call returned it. */
async function run(service: Service, plan: readonly { id: string; pause: number }[]) {
  const calls: Call[] = [];
  const batch = new DescribeBatch(async (ids) => {
    const number = calls.length;
    const isRejected = ids.some((id) => service.rejected.has(id));
    const broken = service.breaks[number % service.breaks.length]!;
    const code = broken ? "ECONNRESET" : isRejected ? "InvalidHpcClusterIds.Malformed" : undefined;
    const failure =
      code === undefined
        ? undefined
        : new EcsError({
            action: "DescribeHpcClusters",
            regionId: "cn-hangzhou",
            code,
            serviceMessage: `call ${number}`,
            transport: broken,
          });
    calls.push({ ids: [...ids], startedAt: performance.now(), failure });
    await new Promise((resolve) => setTimeout(resolve, service.latencies[number % service.latencies.length]));
    if (failure !== undefined) {
      throw failure;
    }
    const items = ids
      .filter((id) => service.existing.has(id))
      .flatMap((id) => {
        const item = { HpcClusterId: id, Name: `${id} by call ${number}` };
        return service.repeats ? [item, { ...item }] : [item];
      });
    if (service.stranger) {
      items.push({ HpcClusterId: "hpc-stranger", Name: "stranger" });
    }
    return { items: shuffled(items, service.order + number) };
  });

  const loads: Load[] = [];
  for (const { id, pause } of plan) {
    if (pause > 0) {
      await vi.advanceTimersByTimeAsync(pause);
    }
    const load: Load = { id, at: performance.now() };
    loads.push(load);
    batch.load(id).then(
      (item) => (load.result = { item }),
      (error: unknown) => (load.result = { error }),
    );
  }
  await vi.runAllTimersAsync();
  return { calls, loads };
}

test("each load gets its own cluster, undefined, or the error of a call with its id", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ service, loads: plan }) => {
      const { calls, loads } = await run(service, plan);
      const asked = new Set(plan.map(({ id }) => id));
      for (const { ids } of calls) {
        expect(ids.length).toBeGreaterThan(0);
        expect(ids.length).toBeLessThanOrEqual(DESCRIBE_LIMIT);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.every((id) => asked.has(id))).toBe(true);
      }
      for (const { id, at, result } of loads) {
        if (result === undefined) {
          return expect.fail(`the load of ${id} never settled`);
        }
        const mine = calls.filter(({ ids, startedAt }) => startedAt >= at && ids.includes(id));
        expect(mine.length).toBeGreaterThan(0);
        if ("error" in result) {
          // The error of a call with this id: about this id, or of the connection.
          const call = mine.find(({ failure }) => failure === result.error);
          expect(call).toBeDefined();
          const { code } = result.error as EcsError;
          if (code !== "ECONNRESET") {
            expect(service.rejected.has(id)).toBe(true);
            // A call that fails because of one of several ids says nothing about the others.
            expect(call?.ids).toEqual([id]);
          }
        } else if (result.item === undefined) {
          expect(service.existing.has(id)).toBe(false);
          expect(service.rejected.has(id)).toBe(false);
        } else {
          expect(service.rejected.has(id)).toBe(false);
          expect(result.item.HpcClusterId).toBe(id);
          // From a call that was made after the load, and succeeded.
          const number = Number(/ by call (\d+)$/.exec(result.item.Name)?.[1]);
          expect(result.item.Name).toBe(`${id} by call ${number}`);
          expect(mine).toContain(calls[number]);
          expect(calls[number]?.failure).toBeUndefined();
        }
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("a call whose connection fails rejects all its loads, and no others", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ service, loads: plan }) => {
      const { calls, loads } = await run({ ...service, rejected: new Set() }, plan);
      const errors = new Map<unknown, Set<string>>();
      for (const { id, result } of loads) {
        if (result !== undefined && "error" in result) {
          errors.set(result.error, (errors.get(result.error) ?? new Set()).add(id));
        }
      }
      const failed = calls.filter(({ failure }) => failure !== undefined);
      expect(errors.size).toBe(failed.length);
      for (const { ids, failure } of failed) {
        expect([...(errors.get(failure) ?? [])].sort()).toEqual([...ids].sort());
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("loads without a pause take the least number of calls", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 500, size: "max" }),
      async (numbers) => {
        const ids = numbers.map(idOf);
        const service: Service = {
          existing: new Set(ids),
          rejected: new Set(),
          order: 0,
          repeats: false,
          stranger: false,
          latencies: [50],
          breaks: [false],
        };
        const { calls } = await run(
          service,
          ids.map((id) => ({ id, pause: 0 })),
        );
        expect(calls).toHaveLength(Math.ceil(ids.length / DESCRIBE_LIMIT));
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);
