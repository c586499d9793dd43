/**
 * Measures the package on the real engine and a local ECS, next to a provider that does nothing (the floor) and a naive one.
 *
 * The three take turns, and the result is the median of several rounds, so that a busy moment affects all of them alike.
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
import { format, resolveConfig } from "prettier";
import { ensureEngine, engineRootVariable, repositoryRoot } from "../engine/engine.ts";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { contestants, installFloor } from "./contestants.ts";
import { type LifePlan, type Place, type StepResult, live } from "./life.ts";
import { measureLoadTime } from "./loadTime.ts";
import { type Circumstances, Medians, medianRows, publishedText } from "./medians.ts";
import { reportOf } from "./report.ts";

const usage = `Usage: npm run bench -- [options]

  --quick            1, 50 and 200 clusters, no latency, one round: a few minutes
  --clusters LIST    default 1,50,200,1000
  --latency LIST     of the service, milliseconds; default 0,50
  --rounds N         default 3; for 1,000 clusters and more 1, the naive ones only at the first latency
  --only LIST        of package, floor and naive
  --package FOLDER   another build of the package, in place of the one made from provider/
  --profile FOLDER   one round of 200 clusters without latency, with CPU profiles (test/bench/cpuProfile.ts reads them)
  --help

Every run writes its raw data to test/bench/results. A run without options also writes test/bench/summary.json, which
\`npm run docs:tables\` shows in docs/speed.md.
`;

/**
 * From this number of clusters on, a life takes two minutes, and the naive provider's seven: the engine writes the whole state
 * after every step, and the naive provider's state is five times as big.
 */
const many = 1000;

const { values: options } = parseArgs({
  strict: true,
  options: {
    quick: { type: "boolean", default: false },
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

function progress(line: string): void {
  process.stderr.write(`[bench ${new Date().toTimeString().slice(0, 8)}] ${line}\n`);
}

/** All lives, in order: rounds outermost, contestants innermost and in a different order each round. */
function plans(): LifePlan[] {
  const short = options.quick || options.profile !== undefined;
  const sizes = numbers("clusters", options.clusters ?? (short ? "1,50,200" : "1,50,200,1000"));
  const latencies = numbers("latency", options.latency ?? (short ? "0" : "0,50"));
  const [rounds = 1] = numbers("rounds", options.rounds ?? (short ? "1" : "3"));
  const names = options.only?.split(",");
  const running = contestants.filter((contestant) => names?.includes(contestant) ?? true);
  const wanted = options.profile !== undefined && options.clusters === undefined ? [200] : sizes;
  return Array.from({ length: rounds }, (_, round) =>
    wanted
      .flatMap((clusters) =>
        latencies.flatMap((latencyMs) =>
          running.map((_contestant, at) => ({
            contestant: running[(at + round) % running.length]!,
            ...{ clusters, latencyMs, round },
          })),
        ),
      )
      .filter(
        ({ contestant, clusters, latencyMs }) =>
          options.rounds !== undefined ||
          clusters < many ||
          (round === 0 && (contestant !== "naive" || latencyMs === latencies[0])),
      ),
  ).flat();
}

/** A rough duration, for the progress report; only the proportions matter. */
function guessSeconds({ contestant, clusters, latencyMs }: LifePlan): number {
  const writing = (clusters / many) ** 2 * (contestant === "naive" ? 1500 : 250);
  return 12 + clusters * 0.12 + writing + (clusters * latencyMs) / 2000;
}

/** Makes a folder with the floor and a copy of the package in its node_modules, so that a later build changes nothing. */
async function makePlace(): Promise<Place> {
  const source =
    options.package ?? (await installPackedPackage({ progress: (line) => progress(line) })).folder;
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-bench-")));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const modules = path.join(folder, "node_modules");
  mkdirSync(modules);
  const manifest = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const scopes = [...Object.keys(manifest.dependencies), "@pulumi/pulumi"].map((name) => name.split("/")[0]!);
  for (const name of new Set(scopes)) {
    symlinkSync(path.join(repositoryRoot, "node_modules", name), path.join(modules, name), "junction");
  }
  cpSync(source, path.join(modules, "pulumi-alicloud-hpc"), { recursive: true });
  installFloor(modules);
  return { folder, profiles: options.profile === undefined ? undefined : path.resolve(options.profile) };
}

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const lives = plans();
  const engine = await ensureEngine({ progress });
  if (engine.root !== "") {
    process.env[engineRootVariable] = engine.root;
  }
  const place = await makePlace();
  const [load = 0] = loadavg();
  if (load > 0.7) {
    progress(`this machine is busy (load ${load.toFixed(1)}): the times will not be reliable`);
  }

  const loadTime = measureLoadTime(place.folder, options.quick ? 15 : 25);
  const results = await measure(place, lives);
  const medians = new Medians(medianRows(results));
  process.stdout.write(`${reportOf(medians, loadTime)}\n`);
  checkFairness(medians);
  if (options.profile !== undefined) {
    progress(`profiles are in ${options.profile}; read them with node test/bench/cpuProfile.ts FILE`);
    return;
  }
  const measured = { ...circumstances(engine.version), loadMs: Math.round(loadTime.ownMs * 10) / 10 };
  const raw = path.join(
    import.meta.dirname,
    "results",
    `${new Date().toISOString().replaceAll(":", "")}.json`,
  );
  mkdirSync(path.dirname(raw), { recursive: true });
  writeFileSync(raw, JSON.stringify({ measured, loadTime, results }, undefined, 1));
  progress(`wrote the raw data to ${raw}`);
  if (process.argv.length === 2) {
    const summary = path.join(import.meta.dirname, "summary.json");
    const formatting = { ...(await resolveConfig(summary)), parser: "json" };
    writeFileSync(summary, await format(publishedText(measured, medians.rows), formatting));
    progress(`wrote ${summary}; now run npm run docs:tables`);
  }
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
    const title = `${at + 1}/${lives.length} ${plan.contestant}, ${plan.clusters} clusters, ${plan.latencyMs} ms`;
    progress(`${title}, round ${plan.round + 1}; about ${minutesLeft} min left`);
    const done = await live(place, plan);
    results.push(...done);
    doneSeconds += guessSeconds(plan);
    progress(`  ${done.map(({ step, seconds }) => `${step} ${seconds.toFixed(2)}`).join(", ")} s`);
  }
  return results;
}

function circumstances(engine: string): Omit<Circumstances, "loadMs"> {
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

/** The comparison is fair only if the floor's provider text is as long as the package's. */
function checkFairness(medians: Medians): void {
  for (const clusters of medians.sizes) {
    for (const latencyMs of medians.latencies) {
      const [own, floor] = (["package", "floor"] as const).map(
        (contestant) => medians.of(contestant, "up", clusters, latencyMs)?.use?.providerTextBytes,
      );
      if (own !== undefined && floor !== undefined && own !== floor) {
        progress(`unfair: the provider's text has ${own} bytes, the floor's ${floor}`);
      }
    }
  }
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
