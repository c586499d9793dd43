import { expect, test } from "vitest";
import { type Extent, leastThrottledSeconds, plansOf } from "./plans.ts";

const extent: Extent = {
  contestants: ["floor", "package", "alicloud"],
  sizes: [1, 200],
  latencies: [0, 50],
  rounds: 2,
  growth: false,
};
const shortly = (changes: Partial<Extent>): string[] =>
  plansOf({ ...extent, ...changes }).map(
    ({ contestant, circumstance, clusters, latencyMs, round }) =>
      `${contestant} ${clusters} ${latencyMs} ${round}${circumstance === "usual" ? "" : ` ${circumstance}`}`,
  );

test("contestants take turns, in another order each round, and one cluster is not throttled", () => {
  expect(shortly({ sizes: [1], latencies: [0] })).toEqual([
    "floor 1 0 0",
    "package 1 0 0",
    "alicloud 1 0 0",
    "package 1 0 1",
    "alicloud 1 0 1",
    "floor 1 0 1",
  ]);
});

test("latency is measured with the most clusters, without the floor, which calls nothing; throttling with the package", () => {
  expect(shortly({ rounds: 1 }).slice(-6)).toEqual([
    "floor 200 0 0",
    "package 200 0 0",
    "alicloud 200 0 0",
    "package 200 50 0",
    "alicloud 200 50 0",
    "package 200 0 0 throttled",
  ]);
});

test("growth: everybody, also without checkpoints; 1,000 clusters only without latency", () => {
  const plans = shortly({ sizes: [1, 1000], rounds: 1, growth: true });
  expect(plans.filter((plan) => plan.includes(" 50 "))).toEqual(["package 1 50 0", "alicloud 1 50 0"]);
  expect(plans.slice(-3)).toEqual([
    "floor 1000 0 0 no checkpoints",
    "package 1000 0 0 no checkpoints",
    "alicloud 1000 0 0 no checkpoints",
  ]);
});

test("200 clusters take at least nine seconds where 20 are taken at once, and then 20 a second", () => {
  expect(leastThrottledSeconds(200)).toBe(9);
});
