import { expect, test } from "vitest";
import { fitGrowth, growthRows } from "./growth.ts";
import { type ResultRow, Results } from "./results.ts";

const sizes = [1, 10, 100, 1000];
const along = (secondsOf: (clusters: number) => number) =>
  sizes.map((clusters) => ({ clusters, seconds: secondsOf(clusters) }));

test("a straight line is found again", () => {
  const growth = fitGrowth(
    along((clusters) => 1.5 + 0.004 * clusters),
    false,
  )!;
  expect(growth.fixed).toBeCloseTo(1.5, 9);
  expect(growth.perCluster).toBeCloseTo(0.004, 9);
  expect(growth.perSquare).toBe(0);
});

test("the time of the state's writes is separate from the clusters' own time", () => {
  const growth = fitGrowth(
    along((clusters) => 1.5 + 0.01 * clusters + 0.00004 * clusters ** 2),
    true,
  )!;
  expect(growth.fixed).toBeCloseTo(1.5, 6);
  expect(growth.perCluster).toBeCloseTo(0.01, 6);
  expect(growth.perSquare).toBeCloseTo(0.00004, 9);
});

test("a line that bends down has no negative writes", () => {
  const growth = fitGrowth(
    along((clusters) => 1 + 0.1 * Math.sqrt(clusters)),
    true,
  )!;
  expect(growth.perSquare).toBe(0);
  expect(growth.perCluster).toBeGreaterThan(0);
});

test("a line that goes down, as noise makes it, has no negative slope", () => {
  const growth = fitGrowth(
    along((clusters) => 2 - 0.0005 * clusters),
    true,
  )!;
  expect(growth).toMatchObject({ perCluster: 0, perSquare: 0 });
  expect(growth.fixed).toBeGreaterThan(1);
});

test("errors count by their share, so that the smallest size is met as well as the largest", () => {
  const measured = along((clusters) => 1 + 0.1 * clusters).map((one) =>
    one.clusters === 1000 ? { ...one, seconds: one.seconds * 1.05 } : one,
  );
  expect(fitGrowth(measured, false)!.fixed).toBeCloseTo(1, 1);
});

test("one size has no slope", () => {
  expect(fitGrowth([{ clusters: 1, seconds: 1 }], false)).toBeUndefined();
});

test("rows name the largest size with and without checkpoints", () => {
  const row = (clusters: number, seconds: number): ResultRow => ({
    ...{ contestant: "package", step: "up", latencyMs: 0, calls: 0, describeCalls: 0 },
    ...{ leastSeconds: seconds, greatestSeconds: seconds, stateBytesPerCluster: 0 },
    ...{ clusters, seconds },
  });
  const rows = growthRows(new Results([row(1, 2), row(1000, 60)]), [row(1000, 15)]);
  expect(rows).toMatchObject([
    {
      ...{ step: "up", contestant: "package" },
      largest: { clusters: 1000, seconds: 60, withoutCheckpoints: 15 },
    },
  ]);
});
