import { afterEach, describe, expect, test, vi } from "vitest";
import { CanceledError, cancelableClock } from "../../provider/ecs/clock.ts";
import type { EcsFailure } from "../../provider/ecs/ecsFailure.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import type { Answer, Call, Send } from "../../provider/ecs/http/transport.ts";
import { withRetry, type RetryOptions } from "../../provider/ecs/retry.ts";
import { failureOf } from "./failureOf.ts";
import { FakeClock } from "./fakeClock.ts";

const call: Call = {
  action: "CreateHpcCluster",
  regionId: "cn-hangzhou",
  parameters: { RegionId: "cn-hangzhou", Name: "render-farm", ClientToken: "token" },
};

function ecsError(failure: Partial<EcsFailure> & Pick<EcsFailure, "code">): EcsError {
  return new EcsError({ ...call, serviceMessage: "No", status: 500, ...failure });
}
const internalError = () => ecsError({ code: "InternalError" });

interface Attempt extends Call {
  at: number;
}

/** A transport with retries that fails with these errors, one after the other, and then succeeds. */
function failing(errors: readonly Error[], options: Partial<RetryOptions> = {}) {
  const clock = new FakeClock();
  const attempts: Attempt[] = [];
  const send = withRetry(
    (sent) => {
      attempts.push({ ...sent, at: clock.now() });
      const error = errors[attempts.length - 1];
      return error === undefined ? Promise.resolve({ RequestId: "R" }) : Promise.reject(error);
    },
    { maxRetryTimeoutMs: 60_000, maxInFlight: 20, clock, ...options },
  );
  return { send, attempts, clock };
}

/** More errors than any deadline allows attempts. */
const forever = Array.from({ length: 1_000 }, internalError);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("attempts", () => {
  test.each([0, 1, 5])("after %i transient errors the next attempt's answer is returned", async (count) => {
    const { send, attempts } = failing(Array.from({ length: count }, internalError));
    await expect(send(call)).resolves.toEqual({ RequestId: "R" });
    expect(attempts.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: count + 1 }, (_, index) => index + 1),
    );
  });

  test("all have the same parameters, so the ClientToken stays", async () => {
    const { send, attempts } = failing([internalError(), ecsError({ code: "ECONNRESET", transport: true })]);
    await send(call);
    expect(attempts).toHaveLength(3);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ action: call.action, regionId: call.regionId });
      expect(attempt.parameters).toBe(call.parameters);
    }
  });

  test("end at a final error, which counts them", async () => {
    const once = failing([ecsError({ code: "Invalid.Parameter", status: 400 })]);
    expect((await failureOf(once.send(call), EcsError)).message).toContain("attempt 1)");
    expect(once.attempts).toHaveLength(1);

    const twice = failing([internalError(), ecsError({ code: "Forbidden.RAM", status: 403 })]);
    const error = await failureOf(twice.send(call), EcsError);
    expect(error.code).toBe("Forbidden.RAM");
    expect(error.message).toMatch(/2 attempts over \d+\.\d s\)$/);
    expect(twice.attempts).toHaveLength(2);
  });

  test("end at an error that is not an EcsError, which is thrown unchanged", async () => {
    const mistake = new TypeError("a bug");
    const { send, attempts } = failing([mistake]);
    await expect(send(call)).rejects.toBe(mistake);
    expect(attempts).toHaveLength(1);
  });

  test("are separated by full jitter up to a bound that doubles", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    const { send, clock } = failing(Array.from({ length: 10 }, internalError));
    await send(call);
    expect(random).toHaveBeenCalledTimes(10);
    expect(clock.sleeps).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
  });

  test("wait at least as long as the service asks", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const { send, clock } = failing([ecsError({ code: "ServiceUnavailable", retryAfterMs: 3_000 })]);
    await send(call);
    expect(clock.sleeps).toEqual([3_000]);
  });
});

describe("the deadline", () => {
  test.each([0.001, 0.5, 0.999])("is not passed by an attempt (jitter %f)", async (jitter) => {
    vi.spyOn(Math, "random").mockReturnValue(jitter);
    const { send, attempts } = failing(forever, { maxRetryTimeoutMs: 10_000 });
    const error = await failureOf(send(call), EcsError);
    expect(error).toMatchObject({ code: "InternalError", attempts: attempts.length });
    expect(error.message).toContain(`${attempts.length} attempts over `);
    expect(attempts.length).toBeGreaterThan(3);
    expect(attempts.at(-1)!.at - attempts[0]!.at).toBeLessThan(10_000);
  });

  test("ends the call at once if the service asks to wait beyond it", async () => {
    const { send, clock } = failing([ecsError({ code: "ServiceUnavailable", retryAfterMs: 60_000 })]);
    expect((await failureOf(send(call), EcsError)).attempts).toBe(1);
    expect(clock.sleeps).toEqual([]);
  });

  test("is the call's own where that is shorter, and never longer than the setting's", async () => {
    for (const [withinMs, limit] of [
      [2_000, 2_000],
      [90_000, 60_000],
    ] as const) {
      const { send, clock } = failing(forever);
      const start = clock.now();
      await failureOf(send({ ...call, withinMs }), EcsError);
      expect(clock.now() - start).toBeLessThan(limit);
      expect(clock.now() - start).toBeGreaterThan(limit / 10);
    }
  });

  test.each([10_000, 600_000])(
    "is the operation's where it has one, shorter or longer than the setting's (%i ms)",
    async (timeoutMs) => {
      const { send, attempts, clock } = failing(forever);
      const start = clock.now();
      const error = await failureOf(send({ ...call, deadline: start + timeoutMs }), EcsError);
      expect(error).toMatchObject({ code: "InternalError", attempts: attempts.length });
      // The longest pause between two attempts is 20 s.
      expect(clock.now() - start).toBeLessThan(timeoutMs);
      expect(clock.now() - start).toBeGreaterThan(timeoutMs - 20_000);
      // One attempt may not outlast the operation either.
      for (const { at, withinMs } of attempts) {
        expect(withinMs).toBe(start + timeoutMs - at);
      }
    },
  );

  test("of an operation that has passed lets no call be sent", async () => {
    const { send, attempts, clock } = failing([]);
    await failureOf(send({ ...call, deadline: clock.now() - 1 }), EcsError);
    expect(attempts).toEqual([]);
  });

  test("counts the time in the queue: a call whose turn comes too late fails without being sent", async () => {
    const clock = new FakeClock();
    const sent: unknown[] = [];
    const send = withRetry(
      async ({ parameters }) => {
        sent.push(parameters["Name"]);
        await clock.sleep(2_000);
        return {};
      },
      { maxRetryTimeoutMs: 5_000, maxInFlight: 1, clock },
    );
    const names = ["first", "second", "third", "fourth", "fifth"];
    const calls = await Promise.allSettled(names.map((Name) => send({ ...call, parameters: { Name } })));
    expect(calls.map(({ status }) => status)).toEqual([
      ...["fulfilled", "fulfilled", "fulfilled"],
      ...["rejected", "rejected"],
    ]);
    expect(sent).toEqual(["first", "second", "third"]);
  });
});

test("a repetition whose turn comes too late fails with the error of the last attempt", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const throttled = ecsError({ code: "Throttling.User", status: 400 });
  const { send, attempts } = failing(Array.from({ length: 100 }, () => throttled));
  const error = await failureOf(send({ ...call, withinMs: 2_000 }), EcsError);
  expect(error).toMatchObject({ code: "Throttling.User", attempts: attempts.length });
});

describe("calls in flight", () => {
  /** A transport that answers when the test says so. */
  function pending(maxInFlight: number) {
    const open: { call: Call; answer: () => void }[] = [];
    const send: Send = withRetry(
      (sent) => new Promise((resolve) => open.push({ call: sent, answer: () => resolve({}) })),
      { maxRetryTimeoutMs: 60_000, maxInFlight, clock: new FakeClock() },
    );
    return { send, open };
  }
  /** Lets everything run that waits for no answer. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test("are limited in a region, for all actions together; the others follow one by one", async () => {
    const { send, open } = pending(3);
    const actions = ["CreateHpcCluster", "DescribeHpcClusters", "DeleteHpcCluster"];
    const calls = Array.from({ length: 10 }, (_, index) => send({ ...call, action: actions[index % 3]! }));
    await settle();
    expect(open).toHaveLength(3);
    for (let answered = 0; answered < 10; answered += 1) {
      open[answered]!.answer();
      await settle();
      expect(open).toHaveLength(Math.min(10, answered + 4));
    }
    await Promise.all(calls);
  });

  test("of one region do not delay another", async () => {
    const { send, open } = pending(1);
    const calls = [send(call), send({ ...call, regionId: "cn-beijing" })];
    await settle();
    expect(open.map((each) => each.call.regionId)).toEqual(["cn-hangzhou", "cn-beijing"]);
    for (const { answer } of open) {
      answer();
    }
    await Promise.all(calls);
  });

  test("do not include a call that waits for its next attempt", async () => {
    const { send, attempts } = failing([internalError()], { maxInFlight: 1 });
    await Promise.all(["first", "second"].map((Name) => send({ ...call, parameters: { Name } })));
    expect(attempts.map(({ parameters }) => parameters["Name"])).toEqual(["first", "second", "first"]);
  });
});

test("throttling slows the other calls of the action in the region, and no others", async () => {
  const throttled = ecsError({ code: "Throttling.User", status: 400, retryAfterMs: 700 });
  const { send, clock } = failing([throttled]);
  await failureOf(send({ ...call, withinMs: 500 }), EcsError);
  await send({ ...call, action: "DeleteHpcCluster" });
  await send({ ...call, regionId: "cn-beijing" });
  expect(clock.sleeps).toEqual([]);
  await send(call);
  expect(clock.sleeps).toEqual([700]);
});

describe("a wait before the next attempt", () => {
  const onWait = vi.fn<(what: string) => void>();
  afterEach(() => onWait.mockReset());

  test("is reported with its reason and length, unless it is short", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const busy = (retryAfterMs: number) => ecsError({ code: "ServiceUnavailable", retryAfterMs });
    const { send, clock } = failing([busy(4_040), busy(499)]);
    await send({ ...call, onWait });
    expect(clock.sleeps).toEqual([4_040, 499]);
    expect(onWait.mock.calls).toEqual([["CreateHpcCluster: ServiceUnavailable, next call in 4.0 s"]]);
  });

  test("is reported too if another call was throttled", async () => {
    const { send } = failing([ecsError({ code: "Throttling.User", status: 400, retryAfterMs: 7_000 })]);
    await failureOf(send({ ...call, withinMs: 500 }), EcsError);
    await send({ ...call, onWait });
    expect(onWait.mock.calls).toEqual([["CreateHpcCluster: throttled, next call in 7.0 s"]]);
  });
});

describe("once the run is canceled", () => {
  test("no call is sent", async () => {
    const { send, attempts } = failing([], { clock: new FakeClock(AbortSignal.abort()) });
    const error = await failureOf(send(call), CanceledError);
    expect(error.message).toBe("CreateHpcCluster in cn-hangzhou: canceled before the service had answered.");
    expect(attempts).toEqual([]);
  });

  test("a wait for the next attempt ends, and the error names the call", async () => {
    const cancellation = new AbortController();
    const sent: Call[] = [];
    const send = withRetry(
      (each) => {
        sent.push(each);
        return Promise.reject(ecsError({ code: "ServiceUnavailable", retryAfterMs: 50_000 }));
      },
      { maxRetryTimeoutMs: 60_000, maxInFlight: 20, clock: cancelableClock(cancellation.signal) },
    );
    const error = await failureOf(send({ ...call, onWait: () => cancellation.abort() }), CanceledError);
    expect(error.message).toMatch(/^CreateHpcCluster in cn-hangzhou: canceled /);
    expect(sent).toHaveLength(1);
  });

  describe("a call that is on its way", () => {
    /** A call that is on its way when the run is canceled. */
    async function onItsWay() {
      vi.useFakeTimers();
      const cancellation = new AbortController();
      let answer = { resolve: (_: Answer): void => undefined, reject: (_: Error): void => undefined };
      const answered = new Promise<Answer>((resolve, reject) => (answer = { resolve, reject }));
      const send = withRetry(() => answered, {
        maxRetryTimeoutMs: 60_000,
        maxInFlight: 20,
        clock: cancelableClock(cancellation.signal),
      });
      let isSettled = false;
      const result = send(call).finally(() => (isSettled = true));
      result.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(0);
      cancellation.abort();
      return { answer, result, isSettled: () => isSettled };
    }

    test("has a second for its answer, which is returned", async () => {
      const { answer, result, isSettled } = await onItsWay();
      await vi.advanceTimersByTimeAsync(999);
      expect(isSettled()).toBe(false);
      answer.resolve({ HpcClusterId: "hpc-1" });
      await expect(result).resolves.toEqual({ HpcClusterId: "hpc-1" });
      expect(vi.getTimerCount()).toBe(0);
    });

    test("fails after that second, whatever comes later", async () => {
      const { answer, result } = await onItsWay();
      await vi.advanceTimersByTimeAsync(1_000);
      await failureOf(result, CanceledError);
      answer.reject(internalError());
    });

    test("is not repeated if it fails", async () => {
      const { answer, result } = await onItsWay();
      answer.reject(ecsError({ code: "ServiceUnavailable", retryAfterMs: 100 }));
      await failureOf(result, CanceledError);
    });
  });
});
