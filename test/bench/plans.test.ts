import { expect, test } from "vitest";
import { type Extent, plansOf } from "./plans.ts";

const extent: Extent = {
  contestants: ["floor", "package", "naive"],
  sizes: [1, 200],
  latencies: [0, 50],
  rounds: 2,
  isEven: false,
};
const shortly = (changes: Partial<Extent>): string[] =>
  plansOf({ ...extent, ...changes }).map(
    ({ contestant, circumstance, clusters, latencyMs, round }) =>
      `${contestant} ${clusters} ${latencyMs} ${round}${circumstance === "usual" ? "" : ` ${circumstance}`}`,
  );

test("contestants take turns, in another order each round", () => {
  expect(shortly({ sizes: [1], latencies: [0], isEven: true })).toEqual([
    "floor 1 0 0",
    "package 1 0 0",
    "naive 1 0 0",
    "package 1 0 1",
    "naive 1 0 1",
    "floor 1 0 1",
  ]);
});

test("the floor, which calls nothing, runs only at the first latency", () => {
  expect(shortly({ isEven: true }).filter((plan) => plan.startsWith("floor"))).toEqual([
    "floor 1 0 0",
    "floor 200 0 0",
    "floor 1 0 1",
    "floor 200 0 1",
  ]);
});

test("slow contestants, higher latencies and 1,000 clusters take one round, unless a number of rounds is given", () => {
  const sizes = [1, 1000];
  expect(shortly({ sizes }).filter((plan) => plan.endsWith(" 1"))).toEqual(["package 1 0 1", "floor 1 0 1"]);
  expect(shortly({ sizes, isEven: true }).filter((plan) => plan.endsWith(" 1"))).toHaveLength(10);
  expect(shortly({ sizes })).not.toContain("package 1000 50 0");
});

test("unusual lives come once, for those that they can say something of", () => {
  expect(shortly({ rounds: 0, throttled: 200, withoutCheckpoints: 1000 })).toEqual([
    "package 200 0 0 throttled",
    "floor 1000 0 0 no checkpoints",
    "package 1000 0 0 no checkpoints",
  ]);
});
