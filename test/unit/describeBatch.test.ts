import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HpcClusterItem } from "../../provider/ecs/items.ts";
import { DESCRIBE_LIMIT, DescribeBatch } from "../../provider/ecs/describeBatch.ts";
import { DEFAULT_WORKERS } from "../../provider/ecs/createRhythm.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import type { CallOptions } from "../../provider/ecs/http/transport.ts";

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    }),
);
afterEach(() => void vi.useRealTimers());

const regionId = "cn-hangzhou";
const idOf = (number: number): string => `hpc-${number}`;
const ids = (count: number): string[] => Array.from({ length: count }, (_, number) => idOf(number));
const itemOf = (hpcClusterId: string): HpcClusterItem => ({
  HpcClusterId: hpcClusterId,
  Name: `name of ${hpcClusterId}`,
});

/** The error of a call; `transport`: there was no answer. */
const failure = (code: string, transport = false): EcsError =>
  new EcsError({ action: "DescribeHpcClusters", regionId, code, serviceMessage: "no", transport });

/** A batch over a service that answers as the test says, and the calls that it received. */
function batchAnswered(
  answer: (asked: readonly string[]) => HpcClusterItem[] | EcsError = (asked) => asked.map(itemOf),
): { batch: DescribeBatch; calls: string[][] } {
  const calls: string[][] = [];
  const batch = new DescribeBatch((asked) => {
    calls.push([...asked]);
    const result = answer(asked);
    return result instanceof EcsError ? Promise.reject(result) : Promise.resolve({ items: result });
  });
  return { batch, calls };
}

/** The result of each load: a name, "none", or an error's code. */
async function outcomes(loads: readonly Promise<HpcClusterItem | undefined>[]): Promise<string[]> {
  const settled = Promise.allSettled(loads);
  await vi.runAllTimersAsync();
  return (await settled).map((result) =>
    result.status === "fulfilled" ? (result.value?.Name ?? "none") : (result.reason as EcsError).code,
  );
}

test("sends loads at the same time in one call", async () => {
  const { batch, calls } = batchAnswered();
  expect(await outcomes(ids(DESCRIBE_LIMIT).map((id) => batch.load(id)))).toEqual(
    ids(DESCRIBE_LIMIT).map((id) => `name of ${id}`),
  );
  expect(calls).toEqual([ids(DESCRIBE_LIMIT)]);
});

test("adds a load to the batch that waits", async () => {
  const { batch, calls } = batchAnswered();
  const first = batch.load("hpc-a");
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([]);
  await outcomes([first, batch.load("hpc-b")]);
  expect(calls).toEqual([["hpc-a", "hpc-b"]]);
});

test("sends the first load after at most 300 ms of a steady stream", async () => {
  const { batch, calls } = batchAnswered();
  let answeredAfter: number | undefined;
  const first = batch.load("hpc-first").then(() => (answeredAfter = performance.now() - started));
  const started = performance.now();
  for (let number = 0; number < 80; number += 1) {
    void batch.load(idOf(number));
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.runAllTimersAsync();
  await first;
  expect(answeredAfter).toBeLessThanOrEqual(300);
  // And the loads are still batched.
  expect(calls.length).toBeLessThanOrEqual(80 / 4);
});

test("does not wait when as many loads wait as were ever in flight: no more will come", async () => {
  const { batch, calls } = batchAnswered();
  await outcomes(ids(8).map((id) => batch.load(id)));
  const again = ids(8).map((id) => batch.load(id));
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([ids(8), ids(8)]);
  await Promise.all(again);
});

test("sends a full batch at once", async () => {
  const { batch, calls } = batchAnswered();
  const loads = ids(DESCRIBE_LIMIT).map((id) => batch.load(id));
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([ids(DESCRIBE_LIMIT)]);
  await Promise.all(loads);
});

test(`the ${DESCRIBE_LIMIT + 1}st id goes into a second call`, async () => {
  const { batch, calls } = batchAnswered();
  const asked = ids(DESCRIBE_LIMIT + 1);
  expect(await outcomes(asked.map((id) => batch.load(id)))).toEqual(asked.map((id) => `name of ${id}`));
  expect(calls.map((call) => call.length)).toEqual([DESCRIBE_LIMIT, 1]);
});

test("sends an id that is loaded twice once, and answers both loads", async () => {
  const { batch, calls } = batchAnswered();
  expect(await outcomes([batch.load("hpc-a"), batch.load("hpc-b"), batch.load("hpc-a")])).toEqual([
    "name of hpc-a",
    "name of hpc-b",
    "name of hpc-a",
  ]);
  expect(calls).toEqual([["hpc-a", "hpc-b"]]);
});

test("caches nothing: a later load makes a new call", async () => {
  let name = "before";
  const { batch, calls } = batchAnswered((asked) => asked.map((id) => ({ HpcClusterId: id, Name: name })));
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["before"]);
  name = "after";
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["after"]);
  expect(calls).toHaveLength(2);
});

test("caches no failure", async () => {
  let broken = true;
  const { batch } = batchAnswered((asked) => (broken ? failure("ECONNRESET", true) : asked.map(itemOf)));
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["ECONNRESET"]);
  broken = false;
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["name of hpc-a"]);
});

test("returns undefined for each id that the answer lacks", async () => {
  const { batch } = batchAnswered(() => [itemOf("hpc-other")]);
  expect(await outcomes(ids(3).map((id) => batch.load(id)))).toEqual(["none", "none", "none"]);
});

describe("a call that fails", () => {
  test.each(["InvalidHpcClusterIds.Malformed", "Invalid.Parameter"])(
    "because of an id (%s) is repeated for each id alone, and only that id fails",
    async (code) => {
      const { batch, calls } = batchAnswered((asked) =>
        asked.includes("hpc-1") ? failure(code) : asked.map(itemOf),
      );
      expect(await outcomes(ids(3).map((id) => batch.load(id)))).toEqual([
        "name of hpc-0",
        code,
        "name of hpc-2",
      ]);
      expect(calls).toEqual([ids(3), ["hpc-0"], ["hpc-1"], ["hpc-2"]]);
    },
  );

  test("because of its only id is not repeated", async () => {
    const { batch, calls } = batchAnswered(() => failure("InvalidHpcClusterIds.Malformed"));
    expect(await outcomes([batch.load("x"), batch.load("x")])).toEqual([
      "InvalidHpcClusterIds.Malformed",
      "InvalidHpcClusterIds.Malformed",
    ]);
    expect(calls).toEqual([["x"]]);
  });

  test.each([
    ["ECONNRESET", true],
    ["RequestTimeout", true],
    ["Throttling.User", false],
    ["Forbidden.RAM", false],
    ["InvalidRegionId.NotFound", false],
  ])("for another reason (%s) fails all its ids, and is not repeated", async (code, transport) => {
    const { batch, calls } = batchAnswered(() => failure(code, transport));
    expect(await outcomes(ids(3).map((id) => batch.load(id)))).toEqual([code, code, code]);
    expect(calls).toHaveLength(1);
  });

  test("does not affect the second call of the batch", async () => {
    let calls = 0;
    const { batch } = batchAnswered((asked) =>
      (calls += 1) === 1 ? failure("ECONNRESET", true) : asked.map(itemOf),
    );
    const asked = ids(DESCRIBE_LIMIT + 2);
    expect(await outcomes(asked.map((id) => batch.load(id)))).toEqual([
      ...ids(DESCRIBE_LIMIT).map(() => "ECONNRESET"),
      `name of ${idOf(DESCRIBE_LIMIT)}`,
      `name of ${idOf(DESCRIBE_LIMIT + 1)}`,
    ]);
  });
});

describe("the read after a create", () => {
  /** Creates a cluster, and reads it. */
  const created = async (batch: DescribeBatch, id: string) => {
    await batch.create(() => Promise.resolve());
    return await batch.load(id);
  };

  test("is sent at once if no other create is announced", async () => {
    const { batch, calls } = batchAnswered();
    batch.announceCreate();
    const read = created(batch, "hpc-a");
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([["hpc-a"]]);
    await read;
  });

  test("waits for the creates that are announced, and no longer", async () => {
    const { batch, calls } = batchAnswered();
    batch.announceCreate();
    batch.announceCreate();
    const reads = [created(batch, "hpc-a")];
    await vi.advanceTimersByTimeAsync(45);
    expect(calls).toEqual([]);
    reads.push(created(batch, "hpc-b"));
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([["hpc-a", "hpc-b"]]);
    await Promise.all(reads);
  });

  test("waits for a create in flight, unless it fails", async () => {
    const { batch, calls } = batchAnswered();
    batch.announceCreate();
    batch.announceCreate();
    const failing = batch.create(async () => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      throw failure("Throttling.User");
    });
    const read = created(batch, "hpc-a");
    const failed = expect(failing).rejects.toThrow("Throttling.User");
    await vi.advanceTimersByTimeAsync(39);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(calls).toEqual([["hpc-a"]]);
    await Promise.all([read, failed]);
  });

  test("is sent when all workers but one wait", async () => {
    const { batch, calls } = batchAnswered();
    const count = Math.min(DEFAULT_WORKERS - 1, DESCRIBE_LIMIT);
    ids(2 * DEFAULT_WORKERS).forEach(() => batch.announceCreate());
    const reads = ids(count).map((id) => created(batch, id));
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([ids(count)]);
    await Promise.all(reads);
  });

  test("does not make other reads wait", async () => {
    const { batch, calls } = batchAnswered();
    batch.announceCreate();
    batch.announceCreate();
    const reads = [created(batch, "hpc-a")];
    await vi.advanceTimersByTimeAsync(1);
    reads.push(batch.load("hpc-b"));
    await vi.advanceTimersByTimeAsync(12);
    expect(calls).toEqual([["hpc-a", "hpc-b"]]);
    await Promise.all(reads);
  });

  test("waits in vain only a few times where the engine creates one cluster after the other", async () => {
    const { batch } = batchAnswered();
    ids(100).forEach(() => batch.announceCreate());
    const waits: number[] = [];
    for (const id of ids(10)) {
      const started = performance.now();
      const read = created(batch, id).then(() => performance.now() - started);
      await vi.advanceTimersByTimeAsync(100);
      waits.push(await read);
    }
    expect(waits.filter((ms) => ms > 10)).toHaveLength(3);
    expect(Math.max(...waits)).toBeLessThanOrEqual(50);
  });
});

describe("a call that several operations share", () => {
  /** What the call is made with, for loads of these operations. */
  async function optionsFor(operations: readonly CallOptions[]): Promise<CallOptions> {
    const calls: CallOptions[] = [];
    const batch = new DescribeBatch((asked, options) => {
      calls.push(options);
      return Promise.resolve({ items: asked.map(itemOf) });
    });
    await outcomes(operations.map((operation, index) => batch.load(idOf(index), operation)));
    const [only, ...others] = calls;
    expect(others).toEqual([]);
    return only!;
  }

  test("may take as long as the longest of them, or as the settings say if one has no time-out", async () => {
    expect(await optionsFor([{ deadline: 1_000 }, { deadline: 3_000 }, { deadline: 2_000 }])).toEqual({
      deadline: 3_000,
    });
    expect(await optionsFor([{ deadline: 1_000 }, {}])).toEqual({});
  });

  test("tells all of them what it waits for", async () => {
    const heard: string[] = [];
    const { onWait } = await optionsFor([
      { onWait: (what) => heard.push(`first: ${what}`) },
      {},
      { onWait: (what) => heard.push(`second: ${what}`) },
    ]);
    onWait?.("throttled");
    expect(heard).toEqual(["first: throttled", "second: throttled"]);
  });
});
