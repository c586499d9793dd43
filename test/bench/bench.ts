/**
 * Measures the package on the real engine and a local ECS, next to a provider that does nothing (the floor), to @pulumi/alicloud,
 * and to a naive provider.
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
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensureEngine, engineRootVariable, repositoryRoot } from "../engine/engine.ts";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { type Contestant, contestantNames, contestants } from "./contestants.ts";
import { installFloor } from "./floor.ts";
import { growthRows } from "./growth.ts";
import { installedBytes } from "./installSize.ts";
import { type Circumstance, type LifePlan, type StepResult, live } from "./life.ts";
import { type LoadTime, measureLoadTime } from "./loadTime.ts";
import { Medians, medianRows } from "./medians.ts";
import { type Extent, guessSeconds, plansOf } from "./plans.ts";
import type { Place } from "./place.ts";
import { type Circumstances, type InstallSize, publish, summaryFile } from "./published.ts";
import {
  comparisonTable,
  growthTable,
  installTable,
  targetTable,
  throttledTable,
  useTable,
} from "./report.ts";
import { targetsOf } from "./targets.ts";

const usage = `Usage: npm run bench -- [options]

  --quick            1 and 200 clusters, no latency, one round
  --growth           1, 10, 100 and 1,000 clusters, one round, without the naive provider; for 1,000 only without latency, and
                     once more without checkpoints
  --clusters LIST    default 1,200
  --latency LIST     of the service, milliseconds; default 0,50
  --rounds N         default 3, but 1 for the naive provider and the second latency; with this option N for all
  --only LIST        of ${contestantNames.join(", ")}
  --package FOLDER   another build of the package, in place of the one made from provider/
  --profile FOLDER   one round of 200 clusters without latency, with CPU profiles (test/bench/cpuProfile.ts reads them)
  --help

alicloud needs its plugin: on PATH, in the Pulumi home, or by the engine's download. Every run writes its raw data to
test/bench/results. A run with no options but --growth and --rounds also writes its part of test/bench/summary.json, which
\`npm run docs:tables\` shows in docs/speed.md.
`;

const { values: options } = parseArgs({
  strict: true,
  options: {
    quick: { type: "boolean", default: false },
    growth: { type: "boolean", default: false },
    clusters: { type: "string" },
    latency: { type: "string" },
    rounds: { type: "string" },
    only: { type: "string" },
    package: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function numbers(option: string, text: string): number[] {
  const list = text.split(",").map(Number);
  if (!list.every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new Error(
      `--${option} must be a comma-separated list of whole numbers, not ${JSON.stringify(text)}.`,
    );
  }
  return list;
}

function chosenContestants(): Contestant[] {
  const chosen = options.only?.split(",");
  const unknown = chosen?.filter((name) => !contestantNames.some((known) => known === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`--only knows ${contestantNames.join(", ")}, not ${unknown.join(", ")}.`);
  }
  return contestantNames.filter(
    (name) => chosen?.includes(name) ?? !(options.growth && contestants[name].isSlow),
  );
}

function progress(line: string): void {
  process.stderr.write(`[bench ${new Date().toTimeString().slice(0, 8)}] ${line}\n`);
}

/** @param running the contestants that can run here */
function extentOf(running: readonly Contestant[]): Extent {
  const { quick, growth, profile } = options;
  const isOneRound = quick || growth || profile !== undefined;
  const sizes = growth ? "1,10,100,1000" : profile === undefined ? "1,200" : "200";
  const [rounds = 1] = numbers("rounds", options.rounds ?? (isOneRound ? "1" : "3"));
  const chosenSizes = numbers("clusters", options.clusters ?? sizes);
  return {
    contestants: running,
    sizes: chosenSizes,
    latencies: numbers("latency", options.latency ?? (quick || profile !== undefined ? "0" : "0,50")),
    rounds,
    isEven: options.rounds !== undefined,
    throttled: growth || profile !== undefined ? undefined : 200,
    withoutCheckpoints: growth ? Math.max(...chosenSizes) : undefined,
  };
}

/** Makes a folder with the floor and a copy of the package in its node_modules, so that a later build changes nothing. */
function makePlace(source: string): Place {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-bench-")));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const modules = path.join(folder, "node_modules");
  mkdirSync(modules);
  const scopes = [...dependenciesOf(source), "@pulumi/pulumi"].map((name) => name.split("/")[0]!);
  for (const name of new Set(scopes)) {
    symlinkSync(path.join(repositoryRoot, "node_modules", name), path.join(modules, name), "junction");
  }
  cpSync(source, path.join(modules, "pulumi-alicloud-hpc"), { recursive: true });
  installFloor(modules);
  const profiles = options.profile === undefined ? undefined : path.resolve(options.profile);
  return { folder, pulumiHome: path.join(folder, "pulumi-home"), profiles };
}

function dependenciesOf(folder: string): string[] {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  return Object.keys((JSON.parse(text) as { dependencies?: Record<string, string> }).dependencies ?? {});
}

/** Who can run here, and what the reader has to know of them. */
interface Field {
  running: Contestant[];
  others: string[];
  leftOut: Partial<Record<Contestant, string>>;
  pluginBytes: Partial<Record<Contestant, number>>;
}

async function prepare(place: Place): Promise<Field> {
  const field: Field = { running: [], others: [], leftOut: {}, pluginBytes: {} };
  for (const contestant of chosenContestants()) {
    const prepared = await contestants[contestant].prepare?.(place, progress);
    if (prepared !== undefined && "missing" in prepared) {
      field.leftOut[contestant] = prepared.missing;
      progress(`left out: ${contestant}: ${prepared.missing}`);
      continue;
    }
    field.running.push(contestant);
    if (prepared?.what !== undefined) {
      field.others.push(prepared.what);
      field.pluginBytes[contestant] = prepared.pluginBytes ?? 0;
      progress(`${contestant}: ${prepared.what}`);
    }
  }
  return field;
}

/** The npm package of each contestant that is one. */
function installSizes(source: string, { running, pluginBytes }: Field): InstallSize[] {
  const folders: Partial<Record<Contestant, string>> = {
    package: source,
    alicloud: path.join(repositoryRoot, "node_modules/@pulumi/alicloud"),
  };
  return running.flatMap((contestant) => {
    const folder = folders[contestant];
    const plugin = pluginBytes[contestant] ?? 0;
    return folder === undefined ? [] : [{ contestant, packages: installedBytes(folder), plugin }];
  });
}

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
  const place = makePlace(source);
  const field = await prepare(place);
  const [load = 0] = loadavg();
  if (load > 0.7) {
    progress(`this machine is busy (load ${load.toFixed(1)}): the times will not be reliable`);
  }

  const run: Run = {
    measured: { ...circumstances(engine.version), others: field.others, leftOut: field.leftOut },
    installSizes: installSizes(source, field),
    loadTime: measureLoadTime(place.folder, options.quick ? 15 : 25),
    results: await measure(place, plansOf(extentOf(field.running))),
  };
  process.stdout.write(`${reportOf(run)}\n`);
  if (options.profile !== undefined) {
    progress(`profiles are in ${options.profile}; read them with node test/bench/cpuProfile.ts FILE`);
    return;
  }
  const time = new Date().toISOString().replaceAll(":", "");
  const raw = path.join(import.meta.dirname, "results", `${time}.json`);
  mkdirSync(path.dirname(raw), { recursive: true });
  writeFileSync(raw, JSON.stringify(run, undefined, 1));
  progress(`wrote the raw data to ${raw}`);
  await publishRun(run);
}

/** All that a run has measured. */
interface Run {
  measured: Circumstances;
  installSizes: InstallSize[];
  loadTime: LoadTime;
  results: StepResult[];
}

function resultsIn({ results }: Run, circumstance: Circumstance): StepResult[] {
  return results.filter((result) => result.circumstance === circumstance);
}

function reportOf(run: Run): string {
  const medians = new Medians(medianRows(resultsIn(run, "usual")));
  const throttled = resultsIn(run, "throttled");
  const tables = medians.latencies.flatMap((latencyMs) => [
    `${latencyMs} ms of latency a call`,
    comparisonTable(medians, latencyMs),
    useTable(medians, latencyMs),
  ]);
  if (throttled.length > 0) {
    tables.push(throttledTable(throttled));
  }
  if (options.growth) {
    const withoutCheckpoints = medianRows(resultsIn(run, "no checkpoints"));
    tables.push(growthTable(growthRows(medians, withoutCheckpoints), medians.latencies));
  }
  tables.push(installTable(run.installSizes), targetTable(targetsOf(medians, throttled, run.loadTime)));
  return tables.join("\n\n");
}

/** Only runs of the full extent are published, with any number of rounds. */
async function publishRun(run: Run): Promise<void> {
  const { measured, installSizes: sizes, loadTime } = run;
  const { quick, clusters, latency, only, package: otherPackage } = options;
  if (quick || [clusters, latency, only, otherPackage].some((option) => option !== undefined)) {
    return;
  }
  const rows = medianRows(resultsIn(run, "usual"));
  if (options.growth) {
    const withoutCheckpoints = medianRows(resultsIn(run, "no checkpoints"));
    await publish({ growth: { measured, rows, withoutCheckpoints } });
  } else {
    const loadMs = Math.round(loadTime.ownMs * 10) / 10;
    await publish({ comparison: { measured, rows, installSizes: sizes, loadMs } });
  }
  progress(`wrote ${summaryFile}; now run npm run docs:tables`);
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
    const how = plan.circumstance === "usual" ? "" : `, ${plan.circumstance}`;
    const title = `${at + 1}/${lives.length} ${plan.contestant}, ${plan.clusters} clusters, ${plan.latencyMs} ms${how}`;
    progress(`${title}, round ${plan.round + 1}; about ${minutesLeft} min left`);
    const done = await live(place, plan);
    results.push(...done);
    doneSeconds += guessSeconds(plan);
    progress(`  ${done.map(({ step, seconds }) => `${step} ${seconds.toFixed(2)}`).join(", ")} s`);
  }
  return results;
}

function circumstances(engine: string): Omit<Circumstances, "others" | "leftOut"> {
  const manifest = path.join(repositoryRoot, "node_modules/@pulumi/pulumi/package.json");
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    node: process.versions.node,
    engine,
    sdk: (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version,
    commit: commit(),
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: repositoryRoot,
      encoding: "utf8",
    }).trim();
  } catch {
    return "unknown";
  }
}

await main();
