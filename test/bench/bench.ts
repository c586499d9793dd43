/**
 * Measures the package on the real engine and a local ECS, next to providers that do nothing (the floors) and to @pulumi/alicloud.
 *
 * They take turns, and the result is the median of several rounds, so that a busy moment affects all of them alike.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensureEngine, engineRootVariable, repositoryRoot } from "../engine/engine.ts";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { type Contestant, contestantNames } from "./contestants.ts";
import { installFloors } from "./floors.ts";
import { installedBytes } from "./installSize.ts";
import { type Place, type StepResult, live } from "./life.ts";
import { type Peer, preparePeer } from "./peer.ts";
import { type Circumstance, type LifePlan, guessSeconds, leastThrottledSeconds, plansOf } from "./plans.ts";
import {
  type Circumstances,
  type Comparison,
  type GrowthRun,
  comparisonText,
  fixed,
  growthTable,
  markdown,
  publish,
  summaryFile,
} from "./published.ts";
import { Results, median, resultRows, targetsOf } from "./results.ts";

const usage = `Usage: npm run bench -- [options]

  --growth           1, 10, 100 and 1,000 clusters, for 1,000 only without latency, and once more without checkpoints
  --clusters LIST    default 1,200
  --latency LIST     of the service, milliseconds; default 0,50
  --rounds N         default 3; 1 with --growth
  --only LIST        of ${contestantNames.join(", ")}
  --package FOLDER   another build of the package, in place of the one made from provider/
  --help

alicloud needs its plugin: on PATH, in the Pulumi home, or by the engine's download. Every run writes its raw data to
test/bench/results. A run with no options but --growth and --rounds also writes its part of test/bench/summary.json, which
\`npm run docs:tables\` shows in docs/speed.md; not where the load of the machine was above one a core.
`;

const { values: options } = parseArgs({
  strict: true,
  options: {
    growth: { type: "boolean", default: false },
    clusters: { type: "string" },
    latency: { type: "string", default: "0,50" },
    rounds: { type: "string" },
    only: { type: "string" },
    package: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const engine = await ensureEngine({ progress });
  if (engine.root !== "") {
    process.env[engineRootVariable] = engine.root;
  }
  const source = options.package ?? (await installPackedPackage({ progress })).folder;
  const place = await makePlace(source);
  const peer = chosen().includes("alicloud")
    ? await preparePeer(place.pulumiHome)
    : { missing: "not chosen" };
  const rounds = numbers("rounds", options.rounds ?? (options.growth ? "1" : "3"))[0] ?? 1;
  const plans = plansOf({
    contestants: chosen().filter((name) => name !== "alicloud" || "what" in peer),
    sizes: numbers("clusters", options.clusters ?? (options.growth ? "1,10,100,1000" : "1,200")),
    latencies: numbers("latency", options.latency),
    rounds,
    growth: options.growth,
  });
  const results = await measure(place, plans);
  const measured = circumstances(engine.version, rounds, peer, results);
  if (options.growth) {
    const rows = resultRows(during("usual", results));
    const growth = { measured, rows, withoutCheckpoints: resultRows(during("no checkpoints", results)) };
    process.stdout.write(`${growthTable(new Results(growth.rows), growth.withoutCheckpoints)}\n`);
    await finish({ growth }, results);
  } else {
    const comparison = comparisonOf(results, measured, place, source, peer);
    process.stdout.write(`${comparisonText(comparison)}\n\n${targetTable(comparison)}\n`);
    await finish({ comparison }, results);
  }
}

function progress(line: string): void {
  process.stderr.write(`[bench ${new Date().toTimeString().slice(0, 8)}] ${line}\n`);
}

function numbers(option: string, text: string): number[] {
  const list = text.split(",").map(Number);
  if (!list.every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new Error(
      `--${option} must be a comma-separated list of whole numbers, not ${JSON.stringify(text)}.`,
    );
  }
  return list;
}

function chosen(): Contestant[] {
  const names = options.only?.split(",") ?? contestantNames;
  const unknown = names.filter((name) => !contestantNames.some((known) => known === name));
  if (unknown.length > 0) {
    throw new Error(`--only knows ${contestantNames.join(", ")}, not ${unknown.join(", ")}.`);
  }
  return contestantNames.filter((name) => names.includes(name));
}

/** Makes a folder with the floors and a copy of the package in its node_modules, so that a later build changes nothing. */
async function makePlace(source: string): Promise<Place> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-bench-")));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const modules = path.join(folder, "node_modules");
  mkdirSync(modules);
  const { dependencies } = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const scopes = [...Object.keys(dependencies), "@pulumi/pulumi"].map((name) => name.split("/")[0]!);
  for (const name of new Set(scopes)) {
    symlinkSync(path.join(repositoryRoot, "node_modules", name), path.join(modules, name), "junction");
  }
  cpSync(source, path.join(modules, "pulumi-alicloud-hpc"), { recursive: true });
  const pulumiHome = path.join(folder, "pulumi-home");
  await installFloors(modules, pulumiHome);
  return { folder, pulumiHome };
}

async function measure(place: Place, lives: readonly LifePlan[]): Promise<StepResult[]> {
  const startedAt = performance.now();
  const results: StepResult[] = [];
  const allSeconds = lives.reduce((total, plan) => total + guessSeconds(plan), 0);
  let doneSeconds = 0;
  for (const [at, plan] of lives.entries()) {
    // The machine may be slower or faster than guessed.
    const pace = doneSeconds === 0 ? 1 : (performance.now() - startedAt) / 1000 / doneSeconds;
    const minutesLeft = Math.ceil(((allSeconds - doneSeconds) * pace) / 60);
    const { contestant, clusters, latencyMs, circumstance, round } = plan;
    const how = circumstance === "usual" ? "" : `, ${circumstance}`;
    const what = `${contestant}, ${clusters} clusters, ${latencyMs} ms${how}, round ${round + 1}`;
    progress(`${at + 1}/${lives.length} ${what}; about ${minutesLeft} min left`);
    const done = await live(place, plan);
    results.push(...done);
    doneSeconds += guessSeconds(plan);
    progress(`  ${done.map(({ step, seconds }) => `${step} ${seconds.toFixed(2)}`).join(", ")} s`);
  }
  return results;
}

function during(circumstance: Circumstance, results: readonly StepResult[]): StepResult[] {
  return results.filter((result) => result.circumstance === circumstance);
}

function circumstances(
  engine: string,
  rounds: number,
  peer: Peer,
  results: readonly StepResult[],
): Circumstances {
  const manifest = path.join(repositoryRoot, "node_modules/@pulumi/pulumi/package.json");
  const loads = results.map(({ load }) => load / cpus().length);
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    node: process.versions.node,
    engine,
    sdk: (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: repositoryRoot,
      encoding: "utf8",
    }).trim(),
    rounds,
    load: { start: round2(loads[0]!), median: round2(median(loads)) },
    peer: "what" in peer ? peer.what : `alicloud is left out: ${peer.missing}`,
  };
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function comparisonOf(
  results: readonly StepResult[],
  measured: Circumstances,
  place: Place,
  source: string,
  peer: Peer,
): Comparison {
  const official = path.join(repositoryRoot, "node_modules/@pulumi/alicloud");
  return {
    measured,
    rows: resultRows(during("usual", results)),
    installSizes: [
      { contestant: "package", packages: installedBytes(source), plugin: 0 },
      ...("what" in peer
        ? [{ contestant: "alicloud", packages: installedBytes(official), plugin: peer.pluginBytes } as const]
        : []),
    ],
    loadMs: round2(loadMilliseconds(place.folder)),
    throttled: during("throttled", results).map(({ contestant, clusters, createSeconds }) => ({
      contestant,
      seconds: round2(createSeconds),
      leastSeconds: leastThrottledSeconds(clusters),
    })),
  };
}

/** How long the package takes to load in a program that has already loaded @pulumi/pulumi: the median of fresh processes. */
function loadMilliseconds(cwd: string): number {
  const program = `
    require("@pulumi/pulumi");
    const started = performance.now();
    require("pulumi-alicloud-hpc");
    console.log(performance.now() - started);`;
  const measured = Array.from({ length: 15 }, () =>
    Number(execFileSync(process.execPath, ["-e", program], { cwd, encoding: "utf8" })),
  );
  return median(measured);
}

function targetTable({ rows, throttled }: Comparison): string {
  const shares = throttled.map(({ seconds, leastSeconds }) => seconds / leastSeconds);
  const targets = targetsOf(new Results(rows), shares.length === 0 ? undefined : Math.max(...shares));
  const cells = targets.map(({ what, atMost, value }) => [
    what,
    String(atMost),
    fixed(value, 2),
    value === undefined ? "not measured" : value <= atMost ? "met" : "MISSED",
  ]);
  return markdown(["target", "at most", "measured", ""], cells);
}

/** Writes the raw data, and publishes a run of the full extent, with any number of rounds, on a machine that had nothing else to do. */
async function finish(
  run: { comparison: Comparison } | { growth: GrowthRun },
  results: readonly StepResult[],
): Promise<void> {
  const time = new Date().toISOString().replaceAll(":", "");
  const raw = path.join(import.meta.dirname, "results", `${time}.json`);
  mkdirSync(path.dirname(raw), { recursive: true });
  writeFileSync(raw, JSON.stringify({ ...run, results }, undefined, 1));
  progress(`wrote the raw data to ${raw}`);
  const { load } = ("growth" in run ? run.growth : run.comparison).measured;
  const { start, median: meanwhile } = load ?? { start: Infinity, median: Infinity };
  const isPart =
    [options.clusters, options.only, options.package].some((option) => option !== undefined) ||
    options.latency !== "0,50";
  if (isPart) {
    progress("not published: only a run without --clusters, --latency, --only and --package is");
  } else if (start > 1 || meanwhile > 1) {
    progress(`not published: the load was ${start} a core before the run, ${meanwhile} in it; 1 is the most`);
    process.exitCode = 1;
  } else {
    await publish(run);
    progress(`wrote ${summaryFile}; now run npm run docs:tables`);
  }
}

await main();
