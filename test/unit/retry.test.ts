import { afterEach, describe, expect, test, vi } from "vitest";
import { CanceledError, cancelableClock } from "../../provider/ecs/clock.ts";
import type { EcsFailure } from "../../provider/ecs/errorCodes.ts";
import { EcsError, FailedAttempt } from "../../provider/ecs/errors.ts";
import type { Answer, Call, Send } from "../../provider/ecs/http/transport.ts";
import { withRetry, type RetryOptions } from "../../provider/ecs/retry.ts";
import { unparsed } from "./requests.ts";
import { failureOf } from "./failureOf.ts";
import { FakeClock } from "./fakeClock.ts";
import { VirtualClock } from "./virtualClock.ts";

const call: Call = {
  action: "CreateHpcCluster",
  regionId: "cn-hangzhou",
  parameters: { RegionId: "cn-hangzhou", Name: "render-farm", ClientToken: "token" },
};

function failed(failure: Partial<EcsFailure> & Pick<EcsFailure, "code">): FailedAttempt {
  return new FailedAttempt({ ...call, serviceMessage: "No", status: 500, ...failure });
}
const internalError = () => failed({ code: "InternalError" });

function retrying(transport: Send, options: Omit<RetryOptions, "namespace">): Send {
  return unparsed(withRetry(transport, { namespace: "alicloud", ...options }));
}

interface Attempt extends Call {
  at: number;
}

/** A transport with retries that fails with these errors, one after the other, and then succeeds. */
function failing(errors: readonly Error[], options: Partial<RetryOptions> = {}) {
  const clock = new FakeClock();
  const attempts: Attempt[] = [];
  const send = retrying(
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
    const { send, attempts } = failing([internalError(), failed({ code: "ECONNRESET", transport: true })]);
    await send(call);
    expect(attempts).toHaveLength(3);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ action: call.action, regionId: call.regionId });
      expect(attempt.parameters).toBe(call.parameters);
    }
  });

  test("end at a final error, which counts them", async () => {
    const once = failing([failed({ code: "Invalid.Parameter", status: 400 })]);
    expect((await failureOf(once.send(call), EcsError)).message).toContain("attempt 1)");
    expect(once.attempts).toHaveLength(1);

    const twice = failing([internalError(), failed({ code: "Forbidden.RAM", status: 403 })]);
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

  test("are separated by a second at most while the service throttles", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const throttled = () => failed({ code: "Throttling.User", status: 400 });
    const { send, clock } = failing(Array.from({ length: 5 }, throttled));
    await send(call);
    expect(clock.sleeps).toEqual([100, 200, 400, 500, 500]);
  });

  test("wait at least as long as the service asks", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const { send, clock } = failing([failed({ code: "ServiceUnavailable", retryAfterMs: 3_000 })]);
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
    const { send, clock } = failing([failed({ code: "ServiceUnavailable", retryAfterMs: 60_000 })]);
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
});

describe("calls on their way", () => {
  /** A transport that takes so long, or fails with the errors of an action, one after the other. */
  function service(maxInFlight: number, latencyMs: number, errors: Record<string, Error[]> = {}) {
    const clock = new VirtualClock();
    const start = clock.now();
    const sent: { call: Call; at: number }[] = [];
    const send = retrying(
      async (each) => {
        sent.push({ call: each, at: clock.now() - start });
        await clock.sleep(latencyMs);
        const error = errors[each.action]?.shift();
        if (error !== undefined) {
          throw error;
        }
        return {};
      },
      { maxRetryTimeoutMs: 60_000, maxInFlight, clock },
    );
    const sentAt = () => sent.map(({ at }) => at);
    return { send, sent, sentAt, clock, start };
  }

  test("are limited in a region, for all actions together; the others follow in order", async () => {
    const { send, sent, sentAt, clock } = service(3, 100);
    const names = Array.from({ length: 10 }, (_, index) => `farm-${index}`);
    const actions = ["CreateHpcCluster", "ModifyHpcClusterAttribute", "DeleteHpcCluster"];
    const calls = names.map((Name, index) =>
      send({ ...call, action: actions[index % 3]!, parameters: { Name } }),
    );
    await clock.advance(400);
    await Promise.all(calls);
    expect(sentAt()).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 300]);
    expect(sent.map((each) => each.call.parameters["Name"])).toEqual(names);
  });

  test("of one region do not delay another", async () => {
    const { send, sentAt, clock } = service(1, 100);
    const calls = [send(call), send({ ...call, regionId: "cn-beijing" })];
    await clock.advance(100);
    await Promise.all(calls);
    expect(sentAt()).toEqual([0, 0]);
  });

  test("do not include those that wait for their next attempt, or for what the service has asked for", async () => {
    const throttled = () => failed({ code: "Throttling.User", status: 400, retryAfterMs: 5_000 });
    const { send, sent, clock } = service(2, 100, { [call.action]: [throttled(), throttled()] });
    const creates = Array.from({ length: 20 }, () => send(call));
    await clock.advance(150);
    const others = ["DescribeHpcClusters", "DeleteHpcCluster"].map((action) => send({ ...call, action }));
    await clock.advance(100);
    await Promise.all(others);
    expect(sent).toHaveLength(4);
    await clock.advance(20_000);
    await Promise.all(creates);
  });

  test("give their slots on where the service has asked to wait since", async () => {
    const throttled = failed({ code: "Throttling.User", status: 400, retryAfterMs: 5_000 });
    const { send, sent, sentAt, clock } = service(1, 100, { [call.action]: [throttled] });
    const calls = [call, call, { ...call, action: "DeleteHpcCluster" }].map((each) => send(each));
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(sent.slice(0, 2).map((each) => each.call.action)).toEqual([call.action, "DeleteHpcCluster"]);
    expect(sentAt()[2]).toBeGreaterThanOrEqual(5_100);
  });

  test("do not hold back the end of a canceled run", async () => {
    const cancellation = new AbortController();
    const send = retrying(() => new Promise(() => undefined), {
      maxRetryTimeoutMs: 60_000,
      maxInFlight: 1,
      clock: cancelableClock(cancellation.signal),
    });
    send(call).catch(() => undefined);
    const waiting = failureOf(send(call), CanceledError);
    cancellation.abort();
    await waiting;
  });

  test("make the others wait until their deadlines, and the error says so", async () => {
    const { send, sent, clock, start } = service(1, 30_000);
    const first = send(call);
    let failedAt = 0;
    const late = failureOf(send({ ...call, withinMs: 2_000 }), EcsError).finally(
      () => (failedAt = clock.now() - start),
    );
    const after = send({ ...call, withinMs: 40_000 });
    await clock.advance(31_000);
    const error = await late;
    expect(failedAt).toBe(2_000);
    expect(error.code).toBe("QueueTimeout");
    expect(error.message).toMatch(/the 2 s that the call may take were over before the other calls/);
    await clock.advance(30_000);
    await Promise.all([first, after]);
    expect(sent).toHaveLength(2);
  });
});

test("a repetition whose turn comes too late fails with the error of the last attempt", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.25);
  const clock = new VirtualClock();
  const errors = [internalError(), failed({ code: "Throttling.User", status: 400, retryAfterMs: 9_000 })];
  const send = retrying(
    async () => {
      await clock.sleep(100);
      throw errors.shift()!;
    },
    { maxRetryTimeoutMs: 60_000, maxInFlight: 2, clock },
  );
  const failure = failureOf(send({ ...call, withinMs: 1_000 }), EcsError);
  const throttled = failureOf(send({ ...call, withinMs: 1_000 }), EcsError);
  await clock.advance(1_000);
  expect(await failure).toMatchObject({ code: "InternalError", attempts: 1 });
  expect(await throttled).toMatchObject({ code: "Throttling.User", attempts: 1 });
});

test("throttling slows the other calls of the action in the region, and no others", async () => {
  const throttled = failed({ code: "Throttling.User", status: 400, retryAfterMs: 700 });
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
    const busy = (retryAfterMs: number) => failed({ code: "ServiceUnavailable", retryAfterMs });
    const { send, clock } = failing([busy(4_040), busy(499)]);
    await send({ ...call, onWait });
    expect(clock.sleeps).toEqual([4_040, 499]);
    expect(onWait.mock.calls).toEqual([["CreateHpcCluster: ServiceUnavailable, next call in 4.0 s"]]);
  });

  test("is reported too if another call was throttled", async () => {
    const { send } = failing([failed({ code: "Throttling.User", status: 400, retryAfterMs: 7_000 })]);
    await failureOf(send({ ...call, withinMs: 500 }), EcsError);
    await send({ ...call, onWait });
    expect(onWait.mock.calls).toEqual([["CreateHpcCluster: Throttling.User, next call in 7.0 s"]]);
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
    const send = retrying(
      (each) => {
        sent.push(each);
        return Promise.reject(failed({ code: "ServiceUnavailable", retryAfterMs: 50_000 }));
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
      const send = retrying(() => answered, {
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
      answer.reject(failed({ code: "ServiceUnavailable", retryAfterMs: 100 }));
      await failureOf(result, CanceledError);
    });
  });
});
