/** A short soak on the model of the engine. `npm run soak -- --runs N --seed S` is the long one. */
import { expect, test } from "vitest";
import { soak, soakOnce, storyOf, summaryOf } from "../soak.ts";

const seed = 20_260_101;

test("thirty random lives under random faults leave no duplicate, no orphan and no lost id, and delete no held cluster", async () => {
  const startedAt = performance.now();
  const report = await soak({ runs: 30, seed, engineEvery: 0, width: 15 });
  console.log(summaryOf(report, seed, (performance.now() - startedAt) / 1000));
  expect(report.failures.map(storyOf).join("\n")).toBe("");
  expect(report).toMatchObject({
    runs: 30,
    duplicates: 0,
    orphans: 0,
    lost: 0,
    wronglyDeleted: 0,
    problems: 0,
  });
  // There were enough faults for this to mean something.
  expect(report.kills).toBeGreaterThan(5);
  expect(Object.keys(report.injected).length).toBeGreaterThan(8);
  expect(Object.keys(report.kinds).length).toBeGreaterThan(10);
}, 60_000);

test("the same seed plans the same life", async () => {
  const [first, second] = await Promise.all([soakOnce(seed + 59), soakOnce(seed + 59)]);
  const planned = ({ steps }: { steps: string[] }) => steps.filter((step) => !step.startsWith("  "));
  expect(planned(second)).toEqual(planned(first));
}, 60_000);
