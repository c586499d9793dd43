/** `npm run soak -- --runs N --seed S`: see soak.ts. Exits with 1 if anything was lost, left behind or created twice. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ensureEngine } from "../engine/engine.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import { installPackedPackage } from "../engine/packedPackage.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    /** Each run with a number divisible by this one takes place on the real engine; 0 for none. */
    "engine-every": { type: "string", default: "50" },
    /** Runs at the same time. */
    width: { type: "string", default: "8" },
  },
});
const numberOf = (option: keyof typeof values): number => {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new Error(`--${option} must be a whole number`);
  }
  return number;
};
const [runs, seed, engineEvery, width] = [
  numberOf("runs"),
  numberOf("seed"),
  numberOf("engine-every"),
  Math.max(1, numberOf("width")),
];

const { folder } = await installPackedPackage();
// Node removes the types of the tests, but does not compile the provider's TypeScript: take the compiled files.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const file = /\/provider\/(.*)\.ts$/.exec(specifier)?.[1];
    return nextResolve(
      file === undefined ? specifier : pathToFileURL(`${folder}/dist/${file}.js`).href,
      context,
    );
  },
});
if (engineEvery > 0) {
  await ensureEngine();
}
isolateEnvironment();
let lostConnections = 0;
// The SDK drops this promise of an inline program that could not connect to its engine (engineStage.ts).
process.on("unhandledRejection", (reason) => {
  const { code, message } = reason as { code?: unknown; message?: unknown };
  if (code !== 14 || !String(message).includes("No connection established")) {
    throw reason;
  }
  lostConnections += 1;
});
const { soak, storyOf, summaryOf } = await import("./soak.ts");
const { EngineStage } = await import("./engineStage.ts");

const startedAt = performance.now();
let done = 0;
const report = await soak({
  runs,
  seed,
  engineEvery,
  width,
  createEngineStage: (ecs, configuration, seed) => EngineStage.create(ecs, configuration, seed),
  onRun: (run) => {
    done += 1;
    if (run.duplicates.length + run.orphans.length + run.lost.length + run.problems.length > 0) {
      console.log(storyOf(run));
    }
    if (done % 50 === 0) {
      console.log(`${done} of ${runs} runs`);
    }
  },
});
console.log(summaryOf(report, seed, (performance.now() - startedAt) / 1000));
if (lostConnections > 0) {
  console.log(`  ${"programs not run".padEnd(22)}${lostConnections} (see engineStage.ts)`);
}
process.exitCode = report.failures.length === 0 ? 0 : 1;
