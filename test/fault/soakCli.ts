/**
 * `npm run soak -- --runs N --seed S`: random lives (randomLives.ts). Exits with 1 if anything was lost, left behind, created twice or
 * wrongly deleted; then it prints the shortest story, and the command that repeats it exactly.
 */
import { parseArgs } from "node:util";
import { soak } from "./randomLives.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    /** Of a failure: only this life. */
    path: { type: "string" },
    "replay-path": { type: "string" },
    /** Do not look for the shortest story. */
    quick: { type: "boolean", default: false },
  },
});
const numberOf = (option: "runs" | "seed"): number => {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new Error(`--${option} must be a whole number`);
  }
  return number;
};

const [runs, seed] = [numberOf("runs"), numberOf("seed")];
const startedAt = performance.now();
const { counts, failure } = await soak({
  ...{ runs, seed, path: values.path, replayPath: values["replay-path"] },
  ...(values.quick ? { shrinks: false } : {}),
});
const { kinds, ...sums } = counts;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
console.log(`soak, seed ${seed}, ${seconds} s`);
console.table({ ...sums, ...kinds });
if (failure !== undefined) {
  console.log(`found by life ${failure.lives}:\n  ${failure.story}\nagain: ${failure.again}`);
  process.exitCode = 1;
}
