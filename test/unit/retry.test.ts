import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EcsError, type EcsFailure } from "../../provider/ecs/errors.ts";
import { withRetry, type RetryOptions } from "../../provider/ecs/retry.ts";
import type { Parameters, Send } from "../../provider/ecs/transport.ts";

const action = "CreateHpcCluster";
const regionId = "cn-hangzhou";
const parameters: Parameters = { RegionId: regionId, Name: "render-farm", ClientToken: "token" };

function failed(failure: Partial<EcsFailure> & Pick<EcsFailure, "code">): EcsError {
  return new EcsError({ action, regionId, serviceMessage: "No", status: 500, ...failure });
}
const internalError = () => failed({ code: "InternalError" });
const throttling = (retryAfterMs?: number) => failed({ code: "Throttling.User", status: 400, retryAfterMs });

interface Attempt {
  action: string;
  regionId: string;
  parameters: Parameters;
  attempt: number | undefined;
  at: number;
}

/** A `send` that fails with these one after the other, and then succeeds; and what it was asked. */
function failing(...failures: readonly Error[]): { send: Send; attempts: Attempt[] } {
  const attempts: Attempt[] = [];
  const send: Send = async (...[called, region, sent, attempt]) => {
    attempts.push({ action: called, regionId: region, parameters: sent, attempt, at: performance.now() });
    const failure = failures[attempts.length - 1];
    if (failure !== undefined) throw failure;
    return { RequestId: "R" };
  };
  return { send, attempts };
}

const always = (failure: () => EcsError) => {
  const attempts: number[] = [];
  const send: Send = async () => {
    attempts.push(performance.now());
    throw failure();
  };
  return { send, attempts };
};

const options: RetryOptions = { maxRetryTimeoutMs: 60_000, maxInFlight: 20 };

/** The outcome of a call, while the clock is moved on for as long as it takes. */
async function settled(call: Promise<unknown>): Promise<unknown> {
  const progress = { isOver: false };
  const outcome = call.then(
    (answer) => answer,
    (error: unknown) => error,
  );
  void outcome.then(() => (progress.isOver = true));
  while (!progress.isOver) await vi.advanceTimersByTimeAsync(50);
  return await outcome;
}

async function failureOf(call: Promise<unknown>): Promise<EcsError> {
  const error = await settled(call);
  expect(error).toBeInstanceOf(EcsError);
  return error as EcsError;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("attempts", () => {
  test.each([0, 1, 2, 5])("%i failures that pass: one attempt more, and the answer", async (count) => {
    const { send, attempts } = failing(...Array.from({ length: count }, internalError));
    const answer = await settled(withRetry(send, options)(action, regionId, parameters));
    expect(answer).toEqual({ RequestId: "R" });
    expect(attempts.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: count + 1 }, (_, at) => at + 1),
    );
  });

  test("all carry the very same parameters: the ClientToken stays", async () => {
    const { send, attempts } = failing(internalError(), failed({ code: "ECONNRESET", transport: true }));
    await settled(withRetry(send, options)(action, regionId, parameters));
    expect(attempts).toHaveLength(3);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ action, regionId });
      expect(attempt.parameters).toBe(parameters);
    }
  });

  test("a final failure is sent once", async () => {
    const { send, attempts } = failing(failed({ code: "Invalid.Parameter", status: 400 }));
    const error = await failureOf(withRetry(send, options)(action, regionId, parameters));
    expect(attempts).toHaveLength(1);
    expect(error.message).toContain("attempt 1)");
  });

  test("a final failure after one that passes ends it, and says how many attempts", async () => {
    const { send, attempts } = failing(internalError(), failed({ code: "Forbidden.RAM", status: 403 }));
    const error = await failureOf(withRetry(send, options)(action, regionId, parameters));
    expect(attempts).toHaveLength(2);
    expect(error.code).toBe("Forbidden.RAM");
    expect(error.message).toMatch(/2 attempts over \d+\.\d s\)$/);
  });

  test("what is no EcsError passes through as it is, at once", async () => {
    const mistake = new TypeError("a mistake of ours");
    const { send, attempts } = failing(mistake);
    expect(await settled(withRetry(send, options)(action, regionId, parameters))).toBe(mistake);
    expect(attempts).toHaveLength(1);
  });

  test("no two waits are the same: full jitter up to a bound that doubles", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    const { send, attempts } = failing(...Array.from({ length: 4 }, internalError));
    await settled(withRetry(send, options)(action, regionId, parameters));
    expect(random).toHaveBeenCalledTimes(4);
    const waits = attempts.slice(1).map(({ at }, index) => at - attempts[index]!.at);
    expect(waits).toEqual([100, 200, 400, 800]);
  });
});

describe("the service's own wish", () => {
  test("comes first: no attempt before it is over", async () => {
    const { send, attempts } = failing(failed({ code: "ServiceUnavailable", retryAfterMs: 3_000 }));
    await settled(withRetry(send, options)(action, regionId, parameters));
    expect(attempts[1]!.at - attempts[0]!.at).toBeGreaterThanOrEqual(3_000);
  });

  test("beyond the deadline ends it without waiting", async () => {
    const { send, attempts } = failing(failed({ code: "ServiceUnavailable", retryAfterMs: 60_000 }));
    const startedAt = performance.now();
    const error = await failureOf(withRetry(send, options)(action, regionId, parameters));
    expect(error.code).toBe("ServiceUnavailable");
    expect(attempts).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });
});

describe("the deadline", () => {
  test("ends it with an error that says how many attempts over how long", async () => {
    const { send, attempts } = always(internalError);
    const error = await failureOf(
      withRetry(send, { ...options, maxRetryTimeoutMs: 10_000 })(action, regionId, parameters),
    );
    expect(error.code).toBe("InternalError");
    expect(error.attempts).toBe(attempts.length);
    expect(attempts.length).toBeGreaterThan(3);
    expect(error.message).toContain(`${attempts.length} attempts over `);
  });

  test.each([0.001, 0.5, 0.999])("comes before the last attempt is sent (jitter %f)", async (jitter) => {
    vi.spyOn(Math, "random").mockReturnValue(jitter);
    const { send, attempts } = always(internalError);
    await failureOf(withRetry(send, { ...options, maxRetryTimeoutMs: 10_000 })(action, regionId, parameters));
    expect(attempts.at(-1)! - attempts[0]!).toBeLessThanOrEqual(10_000);
  });

  test("does not count the time before the first attempt: a long queue is no failure", async () => {
    const send: Send = async (_action, _region, sent) => {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      if (sent["Name"] === "last" && performance.now() < lastMayPassAt) throw internalError();
      return {};
    };
    const call = withRetry(send, { maxRetryTimeoutMs: 5_000, maxInFlight: 1 });
    const lastMayPassAt = performance.now() + 23_000;
    const queue = Array.from({ length: 10 }, () => call(action, regionId, parameters));
    const last = call(action, regionId, { ...parameters, Name: "last" });
    expect(await settled(Promise.all([...queue, last]))).toHaveLength(11);
  });
});

describe("calls in flight", () => {
  /** A `send` that answers when told to, and how many calls it has open, by region. */
  function answeringWhenTold() {
    const open = new Map<string, (() => void)[]>();
    const of = (region: string) => {
      const waiting = open.get(region) ?? [];
      open.set(region, waiting);
      return waiting;
    };
    const send: Send = (_action, region) =>
      new Promise((resolve) => of(region).push(() => resolve({ RequestId: "R" })));
    return { send, of };
  }

  test("are bounded in a region, and those that wait go on one by one", async () => {
    const { send, of } = answeringWhenTold();
    const call = withRetry(send, { ...options, maxInFlight: 3 });
    const calls = Array.from({ length: 10 }, () => call(action, regionId, parameters));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(of(regionId)).toHaveLength(3);
    for (let answered = 0; answered < 10; answered += 1) {
      of(regionId)[answered]!();
      await vi.advanceTimersByTimeAsync(1);
      expect(of(regionId)).toHaveLength(Math.min(10, answered + 4));
    }
    await Promise.all(calls);
  });

  test("count for all actions of a region together", async () => {
    const { send, of } = answeringWhenTold();
    const call = withRetry(send, { ...options, maxInFlight: 2 });
    const calls = [action, "DescribeHpcClusters", "DeleteHpcCluster"].map((name) => call(name, regionId, {}));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(of(regionId)).toHaveLength(2);
    of(regionId)[0]!();
    await vi.advanceTimersByTimeAsync(1);
    expect(of(regionId)).toHaveLength(3);
    for (const answer of of(regionId)) answer();
    await Promise.all(calls);
  });

  test("of one region do not hold up another", async () => {
    const { send, of } = answeringWhenTold();
    const call = withRetry(send, { ...options, maxInFlight: 1 });
    const [first, second] = [call(action, regionId, {}), call(action, "cn-beijing", {})];
    await vi.advanceTimersByTimeAsync(1);
    expect(of(regionId)).toHaveLength(1);
    expect(of("cn-beijing")).toHaveLength(1);
    of("cn-beijing")[0]!();
    await second;
    of(regionId)[0]!();
    await first;
  });

  test("do not include calls that wait for their next attempt", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { send, attempts } = failing(internalError());
    const call = withRetry(send, { ...options, maxInFlight: 1 });
    const first = call(action, regionId, { ...parameters, Name: "first" });
    const second = call(action, regionId, { ...parameters, Name: "second" });
    await settled(Promise.all([first, second]));
    expect(attempts.map((attempt) => attempt.parameters["Name"])).toEqual(["first", "second", "first"]);
  });
});

describe("throttling", () => {
  test("of one call slows the others of its action in its region down, and no others", async () => {
    // Pace sleeps in real time: the wish is short.
    vi.useRealTimers();
    const sent: { action: string; regionId: string; at: number }[] = [];
    let isThrottled = true;
    const send: Send = async (called, region) => {
      sent.push({ action: called, regionId: region, at: performance.now() });
      if (isThrottled) {
        isThrottled = false;
        throw throttling(300);
      }
      return {};
    };
    const call = withRetry(send, options);
    const first = call(action, regionId, parameters);
    await vi.waitUntil(() => !isThrottled);
    const others = [
      call(action, regionId, {}),
      call("DeleteHpcCluster", regionId, {}),
      call(action, "cn-beijing", {}),
    ];
    await Promise.all([first, ...others]);
    const throttledAt = sent[0]!.at;
    const later = sent.slice(1).filter((one) => one.action === action && one.regionId === regionId);
    expect(later).toHaveLength(2);
    // Node's timers count whole milliseconds, and may come a fraction of one early.
    for (const { at } of later) expect(Math.ceil(at - throttledAt)).toBeGreaterThanOrEqual(300);
    // What was not throttled did not wait for what was: it was sent first.
    expect(
      sent
        .slice(1, 3)
        .map((one) => `${one.action} ${one.regionId}`)
        .sort(),
    ).toEqual(["CreateHpcCluster cn-beijing", "DeleteHpcCluster cn-hangzhou"]);
  });
});
