import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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

const regionId = "cn-hangzhou";
const idOf = (number: number): string => `hpc-${number}`;
const ids = (count: number): string[] => Array.from({ length: count }, (_, number) => idOf(number));
const itemOf = (hpcClusterId: string): HpcClusterItem => ({ hpcClusterId, name: `name of ${hpcClusterId}` });

/** The failure of a call; one on the way has no answer. */
const failure = (code: string, transport = false): EcsError =>
  new EcsError({ action: "DescribeHpcClusters", regionId, code, serviceMessage: "no", transport });

/** A batch over a service that answers as it is told, and the calls it has got. */
function batchAnswered(
  answer: (asked: readonly string[]) => HpcClusterItem[] | EcsError = (asked) => asked.map(itemOf),
): { batch: DescribeBatch; calls: string[][] } {
  const calls: string[][] = [];
  const batch = new DescribeBatch((asked) => {
    calls.push([...asked]);
    const result = answer(asked);
    return result instanceof EcsError ? Promise.reject(result) : Promise.resolve(result);
  });
  return { batch, calls };
}

/** What each load comes to, once all the waiting is over: a name, "none", or an error's code. */
async function outcomes(loads: readonly Promise<HpcClusterItem | undefined>[]): Promise<string[]> {
  const settled = Promise.allSettled(loads);
  await vi.runAllTimersAsync();
  return (await settled).map((result) =>
    result.status === "fulfilled" ? (result.value?.name ?? "none") : (result.reason as EcsError).code,
  );
}

test("loads at the same time share one call", async () => {
  const { batch, calls } = batchAnswered();
  expect(await outcomes(ids(DESCRIBE_LIMIT).map((id) => batch.load(id)))).toEqual(
    ids(DESCRIBE_LIMIT).map((id) => `name of ${id}`),
  );
  expect(calls).toEqual([ids(DESCRIBE_LIMIT)]);
});

test("a load that comes while company is waited for joins", async () => {
  const { batch, calls } = batchAnswered();
  const first = batch.load("hpc-a");
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([]);
  await outcomes([first, batch.load("hpc-b")]);
  expect(calls).toEqual([["hpc-a", "hpc-b"]]);
});

test("a steady stream of loads does not keep the first one waiting", async () => {
  const { batch, calls } = batchAnswered();
  let answeredAfter: number | undefined;
  const first = batch.load("hpc-first").then(() => (answeredAfter = performance.now() - started));
  const started = performance.now();
  for (let number = 0; number < 400; number += 1) {
    void batch.load(idOf(number));
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.runAllTimersAsync();
  await first;
  expect(answeredAfter).toBeLessThanOrEqual(350);
  // And it still is batched.
  expect(calls.length).toBeLessThanOrEqual(400 / 4);
});

test("as many as were ever under way at once are not kept waiting: nobody else will come", async () => {
  const { batch, calls } = batchAnswered();
  await outcomes(ids(8).map((id) => batch.load(id)));
  const again = ids(8).map((id) => batch.load(id));
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual([ids(8), ids(8)]);
  await Promise.all(again);
});

test("where many are under way at once, a longer pause between them does not part them", async () => {
  const { batch, calls } = batchAnswered();
  await outcomes(ids(DESCRIBE_LIMIT).map((id) => batch.load(id)));
  const first = batch.load("hpc-a");
  await vi.advanceTimersByTimeAsync(20);
  await outcomes([first, batch.load("hpc-b")]);
  expect(calls.slice(1)).toEqual([["hpc-a", "hpc-b"]]);
});

test(`the ${DESCRIBE_LIMIT + 1}st id goes into a second call`, async () => {
  const { batch, calls } = batchAnswered();
  const asked = ids(DESCRIBE_LIMIT + 1);
  expect(await outcomes(asked.map((id) => batch.load(id)))).toEqual(asked.map((id) => `name of ${id}`));
  expect(calls.map((call) => call.length)).toEqual([DESCRIBE_LIMIT, 1]);
});

test("an id that is loaded twice is asked for once, and answered twice", async () => {
  const { batch, calls } = batchAnswered();
  expect(await outcomes([batch.load("hpc-a"), batch.load("hpc-b"), batch.load("hpc-a")])).toEqual([
    "name of hpc-a",
    "name of hpc-b",
    "name of hpc-a",
  ]);
  expect(calls).toEqual([["hpc-a", "hpc-b"]]);
});

test("nothing is kept: a later load asks again", async () => {
  let name = "before";
  const { batch, calls } = batchAnswered((asked) => asked.map((id) => ({ hpcClusterId: id, name })));
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["before"]);
  name = "after";
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["after"]);
  expect(calls).toHaveLength(2);
});

test("nothing is kept of a failure either", async () => {
  let broken = true;
  const { batch } = batchAnswered((asked) => (broken ? failure("ECONNRESET", true) : asked.map(itemOf)));
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["ECONNRESET"]);
  broken = false;
  expect(await outcomes([batch.load("hpc-a")])).toEqual(["name of hpc-a"]);
});

test("an answer with none of the ids, and with others, is none for each", async () => {
  const { batch } = batchAnswered(() => [itemOf("hpc-other")]);
  expect(await outcomes(ids(3).map((id) => batch.load(id)))).toEqual(["none", "none", "none"]);
});

describe("a call that fails", () => {
  test.each(["InvalidHpcClusterIds.Malformed", "Invalid.Parameter"])(
    "because of an id (%s): that id alone fails, each neighbour is asked for by itself",
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
  ])("for another reason (%s) fails all its ids, and is not taken apart", async (code, transport) => {
    const { batch, calls } = batchAnswered(() => failure(code, transport));
    expect(await outcomes(ids(3).map((id) => batch.load(id)))).toEqual([code, code, code]);
    expect(calls).toHaveLength(1);
  });

  test("leaves the second call of the same moment alone", async () => {
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

  test("with something that is no Error still rejects with an Error", async () => {
    const batch = new DescribeBatch((asked) =>
      asked.length > 1
        ? Promise.reject(failure("InvalidHpcClusterIds.Malformed"))
        : // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as pop-core does
          Promise.reject({ name: "SyntaxError", text: "<html>" }),
    );
    const loads = Promise.allSettled([batch.load("hpc-a"), batch.load("hpc-b")]);
    await vi.runAllTimersAsync();
    for (const result of await loads) {
      expect(result.status === "rejected" && result.reason).toBeInstanceOf(Error);
    }
  });
});
