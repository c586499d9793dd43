import { describe, expect, test } from "vitest";
import { Pace } from "../../provider/ecs/pace.ts";
import { FakeClock } from "./fakeClock.ts";

/** When the next call may be sent. */
async function turnOf(pace: Pace): Promise<number> {
  return (await pace.turn()) ?? expect.fail("A turn without a deadline was refused.");
}

/** A pace after `count` successes, spread over the last `ms` milliseconds. */
async function paceAfter(count: number, ms: number): Promise<{ pace: Pace; clock: FakeClock }> {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  for (let call = 0; call < count; call += 1) {
    await turnOf(pace);
    clock.advance(ms / count);
    pace.succeeded();
  }
  expect(clock.sleeps).toEqual([]);
  return { pace, clock };
}

/** The intervals between the next turns. */
async function intervals(pace: Pace, clock: FakeClock, count: number): Promise<number[]> {
  const turns: number[] = [await turnOf(pace)];
  while (turns.length <= count) {
    turns.push(await turnOf(pace));
  }
  expect(clock.now()).toBe(turns.at(-1));
  return turns.slice(1).map((turn, at) => turn - turns[at]!);
}

describe("without throttling", () => {
  test("no call waits, however many there are", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    const turns = await Promise.all(Array.from({ length: 500 }, () => turnOf(pace)));
    expect(new Set(turns)).toEqual(new Set([clock.now()]));
    for (let call = 0; call < 500; call += 1) {
      pace.succeeded();
    }
    await turnOf(pace);
    expect(clock.sleeps).toEqual([]);
  });
});

describe("after a call has been throttled", () => {
  test("the next calls keep the interval at which calls succeeded", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    pace.throttled(await turnOf(pace));
    for (const interval of await intervals(pace, clock, 5)) {
      expect(interval).toBeCloseTo(1_000 / 20);
    }
  });

  test("only the successes of the last second count", async () => {
    const { pace, clock } = await paceAfter(50, 500);
    clock.advance(10_000);
    for (let call = 0; call < 4; call += 1) {
      pace.succeeded();
    }
    pace.throttled(await turnOf(pace));
    for (const interval of await intervals(pace, clock, 3)) {
      expect(interval).toBeCloseTo(1_000 / 4);
    }
  });

  test("without a success so far, the interval is a second", async () => {
    const { pace, clock } = await paceAfter(0, 0);
    pace.throttled(await turnOf(pace));
    for (const interval of await intervals(pace, clock, 3)) {
      expect(interval).toBe(1_000);
    }
  });

  test("calls sent before the slow-down do not slow again; one sent after it does", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    const underWay = await Promise.all(Array.from({ length: 10 }, () => turnOf(pace)));
    clock.advance(5);
    for (const sentAt of underWay) {
      pace.throttled(sentAt);
    }
    const [interval] = await intervals(pace, clock, 1);
    expect(interval).toBeCloseTo(1_000 / 20);

    pace.throttled(await turnOf(pace));
    const [longer] = await intervals(pace, clock, 1);
    expect(longer).toBeGreaterThan(interval!);
  });

  test("the interval grows with each slow-down, up to five seconds", async () => {
    const { pace, clock } = await paceAfter(0, 0);
    for (let times = 0; times < 30; times += 1) {
      pace.throttled(await turnOf(pace));
    }
    for (const interval of await intervals(pace, clock, 3)) {
      expect(interval).toBe(5_000);
    }
  });

  test("a call that waits for its turn hears how long, and one that does not wait hears nothing", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    const heard: number[] = [];
    const turn = (deadline = Infinity) => pace.turn(deadline, (waitMs) => heard.push(waitMs));
    const sentAt = await turn();
    expect(heard).toEqual([]);
    pace.throttled(sentAt!, 7_000);
    await turn();
    expect(heard).toEqual([7_000]);
    expect(clock.sleeps).toEqual(heard);
    // A turn after the deadline is refused at once, without a wait.
    pace.throttled(clock.now(), 9_000);
    expect(await turn(clock.now() + 1)).toBeUndefined();
    expect(heard).toHaveLength(1);
  });

  test("the next call waits as long as the service asks", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    const sentAt = await turnOf(pace);
    pace.throttled(sentAt, 7_000);
    const throttledAt = clock.now();
    expect((await turnOf(pace)) - throttledAt).toBeGreaterThanOrEqual(7_000);
  });

  test("the next call also waits if the throttled call was sent before the last slow-down", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    const underWay = await Promise.all([turnOf(pace), turnOf(pace)]);
    clock.advance(5);
    pace.throttled(underWay[0]);
    pace.throttled(underWay[1], 3_000);
    const throttledAt = clock.now();
    expect((await turnOf(pace)) - throttledAt).toBeGreaterThanOrEqual(3_000);
  });

  test("a shorter wait does not replace a longer one", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    const sentAt = await turnOf(pace);
    pace.throttled(sentAt, 7_000);
    const throttledAt = clock.now();
    pace.throttled(sentAt, 100);
    expect((await turnOf(pace)) - throttledAt).toBeGreaterThanOrEqual(7_000);
  });
});

describe("when calls succeed again", () => {
  test("the interval shrinks a little with each success, and disappears in the end", async () => {
    const { pace, clock } = await paceAfter(20, 900);
    pace.throttled(await turnOf(pace));
    const [before] = await intervals(pace, clock, 1);
    pace.succeeded();
    const [after] = await intervals(pace, clock, 1);
    expect(after).toBeLessThan(before!);
    expect(after).toBeGreaterThan(before! * 0.9);

    for (let call = 0; call < 1_000; call += 1) {
      await turnOf(pace);
      pace.succeeded();
    }
    const waitsSoFar = clock.sleeps.length;
    await Promise.all(Array.from({ length: 50 }, () => turnOf(pace)));
    expect(clock.sleeps).toHaveLength(waitsSoFar);
  });
});
