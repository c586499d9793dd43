import { expect, test } from "vitest";
import type { StepResult } from "./life.ts";
import { type MedianRow, Medians } from "./medians.ts";
import { targetsOf } from "./targets.ts";

const row = (changes: Partial<MedianRow>): MedianRow => ({
  ...{ contestant: "package", step: "up", clusters: 200, latencyMs: 0, seconds: 1, calls: 0 },
  ...changes,
});
const valueOf = (rows: MedianRow[], what: string, throttled: StepResult[] = []): number | undefined =>
  targetsOf(new Medians(rows), throttled, undefined).find((target) => target.what.startsWith(what))?.value;

test("times are shares of the floor's, with as many clusters", () => {
  const rows = [
    row({ seconds: 9 }),
    row({ contestant: "floor", seconds: 10 }),
    row({ contestant: "floor", clusters: 1, seconds: 3 }),
  ];
  expect(valueOf(rows, "up, 200 clusters")).toBe(0.9);
  expect(valueOf(rows, "up, 1 clusters")).toBeUndefined();
});

test("memory is the difference of the highest peaks", () => {
  const rows = [
    row({ providerPeakMegabytes: 140 }),
    row({ step: "destroy", providerPeakMegabytes: 150 }),
    row({ contestant: "floor", providerPeakMegabytes: 133 }),
  ];
  expect(valueOf(rows, "provider's peak memory over the floor's, 200 clusters")).toBe(17);
});

test("the throttled up is related to the time that the limit allows", () => {
  const throttled = {
    ...{ contestant: "package", clusters: 200, createSeconds: 10.3 },
  } as unknown as StepResult;
  expect(valueOf([row({})], "up, 200 clusters at 20 creates", [throttled])).toBeCloseTo(1.03, 9);
});
