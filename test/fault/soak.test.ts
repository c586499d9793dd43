/** A short soak; `npm run soak -- --runs N --seed S` is the long one. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { soak, soakOnce, storyOf, summaryOf } from "./soak.ts";

const seed = 20_260_101;

beforeEach(() => {
  isolateEnvironment();
  // The provider warns of regions that it could not check: under these faults nothing to look at.
  vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => void vi.restoreAllMocks());

test("thirty random lives under random faults: no duplicate, no orphan, nothing lost, nothing left", async () => {
  const startedAt = performance.now();
  const report = await soak({ runs: 30, seed, engineEvery: 0, width: 8 });
  console.log(summaryOf(report, seed, (performance.now() - startedAt) / 1000));
  expect(report.failures.map(storyOf).join("\n")).toBe("");
  expect(report).toMatchObject({ runs: 30, duplicates: 0, orphans: 0, lost: 0, problems: 0 });
  // It has not passed for want of trouble.
  expect(report.kills).toBeGreaterThan(5);
  expect(Object.keys(report.injected).length).toBeGreaterThan(8);
});

test("one such life on the real engine", async () => {
  const report = await soakOnce(seed, true);
  expect(storyOf(report)).not.toContain("WRONG");
  expect(report).toMatchObject({ duplicates: [], orphans: [], lost: [], problems: [] });
});

test("the same seed is the same life", async () => {
  const [first, second] = [await soakOnce(seed + 1, false), await soakOnce(seed + 1, false)];
  const planned = ({ steps }: { steps: string[] }) => steps.filter((step) => !step.startsWith("  "));
  expect(planned(second)).toEqual(planned(first));
});
