/** `npm run soak -- --runs N --seed S`: see soak.ts. Exits with 1 if anything was lost, left or made twice. */
import { parseArgs } from "node:util";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { ensureEngine } from "../engine/engine.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    /** Every so-manieth run on the real engine; 0 for none. */
    "engine-every": { type: "string", default: "50" },
    /** Runs at the same time. */
    width: { type: "string", default: "8" },
  },
});
const numberOf = (option: keyof typeof values): number => {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${option} must be a whole number`);
  return number;
};

await installPackedPackage();
if (numberOf("engine-every") > 0) await ensureEngine();
isolateEnvironment();
// The provider warns of what it could not check; under these faults that is nothing to look at.
let warnings = 0;
console.warn = () => {
  warnings += 1;
};
let lostConnections = 0;
// Of an inline program that could not connect to its engine (engineStage.ts) the SDK drops this promise.
process.on("unhandledRejection", (reason) => {
  const { code, message } = reason as { code?: unknown; message?: unknown };
  if (code !== 14 || !String(message).includes("No connection established")) throw reason;
  lostConnections += 1;
});
const { soak, storyOf, summaryOf } = await import("./soak.ts");

const seed = numberOf("seed");
const runs = numberOf("runs");
const startedAt = performance.now();
let done = 0;
const report = await soak({
  runs,
  seed,
  engineEvery: numberOf("engine-every"),
  width: Math.max(1, numberOf("width")),
  onRun: (run) => {
    done += 1;
    if (run.duplicates.length + run.orphans.length + run.lost.length + run.problems.length > 0) {
      console.log(storyOf(run));
    }
    if (done % 50 === 0) console.log(`${done} of ${runs} runs`);
  },
});
console.log(summaryOf(report, seed, (performance.now() - startedAt) / 1000));
console.log(`  ${"warnings".padEnd(22)}${warnings}`);
if (lostConnections > 0)
  console.log(`  ${"programs not run".padEnd(22)}${lostConnections} (see engineStage.ts)`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
