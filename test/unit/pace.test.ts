import { describe, expect, test } from "vitest";
import { Pace } from "../../provider/ecs/pace.ts";
import { FakeClock } from "./fakeClock.ts";

/** A pace whose service has answered `count` calls, evenly over the last `ms` milliseconds. */
async function keptUpWith(count: number, ms: number): Promise<{ pace: Pace; clock: FakeClock }> {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  for (let call = 0; call < count; call += 1) {
    await pace.turn();
    clock.advance(ms / count);
    pace.succeeded();
  }
  expect(clock.sleeps).toEqual([]);
  return { pace, clock };
}

/** The distances between the next turns, each of which succeeds at once. */
async function distances(pace: Pace, clock: FakeClock, count: number): Promise<number[]> {
  const turns: number[] = [await pace.turn()];
  while (turns.length <= count) {
    turns.push(await pace.turn());
  }
  expect(clock.now()).toBe(turns.at(-1));
  return turns.slice(1).map((turn, at) => turn - turns[at]!);
}

describe("without throttling", () => {
  test("nobody waits, however many come", async () => {
    const clock = new FakeClock();
    const pace = new Pace(clock);
    const turns = await Promise.all(Array.from({ length: 500 }, () => pace.turn()));
    expect(new Set(turns)).toEqual(new Set([clock.now()]));
    for (let call = 0; call < 500; call += 1) pace.succeeded();
    await pace.turn();
    expect(clock.sleeps).toEqual([]);
  });
});

describe("after a call has been throttled", () => {
  test("the others keep the distance at which the service kept up", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    pace.throttled(await pace.turn());
    for (const distance of await distances(pace, clock, 5)) expect(distance).toBeCloseTo(1_000 / 20);
  });

  test("only the last second counts for what the service can do", async () => {
    const { pace, clock } = await keptUpWith(50, 500);
    clock.advance(10_000);
    for (let call = 0; call < 4; call += 1) pace.succeeded();
    pace.throttled(await pace.turn());
    for (const distance of await distances(pace, clock, 3)) expect(distance).toBeCloseTo(1_000 / 4);
  });

  test("a service that has answered nothing yet gets a call a second", async () => {
    const { pace, clock } = await keptUpWith(0, 0);
    pace.throttled(await pace.turn());
    for (const distance of await distances(pace, clock, 3)) expect(distance).toBe(1_000);
  });

  test("calls sent before the slow-down say nothing new; one sent after it slows further", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    const underWay = await Promise.all(Array.from({ length: 10 }, () => pace.turn()));
    clock.advance(5);
    for (const sentAt of underWay) pace.throttled(sentAt);
    const [distance] = await distances(pace, clock, 1);
    expect(distance).toBeCloseTo(1_000 / 20);

    pace.throttled(await pace.turn());
    const [longer] = await distances(pace, clock, 1);
    expect(longer).toBeGreaterThan(distance!);
  });

  test("the distance grows with each slow-down, up to five seconds and no further", async () => {
    const { pace, clock } = await keptUpWith(0, 0);
    for (let times = 0; times < 30; times += 1) pace.throttled(await pace.turn());
    for (const distance of await distances(pace, clock, 3)) expect(distance).toBe(5_000);
  });

  test("the service's own wish holds for the next call of all", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    const sentAt = await pace.turn();
    pace.throttled(sentAt, 7_000);
    const throttledAt = clock.now();
    expect((await pace.turn()) - throttledAt).toBeGreaterThanOrEqual(7_000);
  });

  test("the wish holds too where the call was sent before the last slow-down", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    const underWay = await Promise.all([pace.turn(), pace.turn()]);
    clock.advance(5);
    pace.throttled(underWay[0]);
    pace.throttled(underWay[1], 3_000);
    const throttledAt = clock.now();
    expect((await pace.turn()) - throttledAt).toBeGreaterThanOrEqual(3_000);
  });

  test("a shorter wish does not shorten a longer one", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    const sentAt = await pace.turn();
    pace.throttled(sentAt, 7_000);
    const throttledAt = clock.now();
    pace.throttled(sentAt, 100);
    expect((await pace.turn()) - throttledAt).toBeGreaterThanOrEqual(7_000);
  });
});

describe("when calls succeed again", () => {
  test("the distance shrinks a little with each, to nothing in the end", async () => {
    const { pace, clock } = await keptUpWith(20, 900);
    pace.throttled(await pace.turn());
    const [before] = await distances(pace, clock, 1);
    pace.succeeded();
    const [after] = await distances(pace, clock, 1);
    expect(after).toBeLessThan(before!);
    expect(after).toBeGreaterThan(before! * 0.9);

    for (let call = 0; call < 1_000; call += 1) {
      await pace.turn();
      pace.succeeded();
    }
    const waitsSoFar = clock.sleeps.length;
    await Promise.all(Array.from({ length: 50 }, () => pace.turn()));
    expect(clock.sleeps).toHaveLength(waitsSoFar);
  });
});
