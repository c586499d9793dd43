/** A short soak. `npm run soak -- --runs N --seed S` is the long one. */
import { expect, test } from "vitest";
import { soak } from "../randomLives.ts";

test("random lives under random faults and stops lose, duplicate and wrongly delete no cluster", async () => {
  const { counts, failure } = await soak({ runs: 30, seed: 20_260_101 });
  console.log(counts);
  expect(failure === undefined ? "" : `${failure.story}\nagain: ${failure.again}`).toBe("");
  // There was enough for this to mean something.
  expect(counts.stopped).toBeGreaterThan(10);
  expect(counts.faults).toBeGreaterThan(100);
  expect(Object.keys(counts.kinds).length).toBeGreaterThan(15);
}, 600_000);

test("the same seed gives the same log of requests", async () => {
  const first = await soak({ runs: 5, seed: 7 });
  const second = await soak({ runs: 5, seed: 7 });
  expect(first.log.length).toBeGreaterThan(50);
  expect(second.log).toEqual(first.log);
}, 300_000);
