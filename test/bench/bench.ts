/**
 * How fast, on the real engine and a local ECS, beside a provider that does nothing (the floor) and a naive one.
 *
 * In one run, interleaved, the medians of several rounds: this machine's moods befall all three alike.
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
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { ensureEngine, engineRootVariable, repositoryRoot } from "../engine/engine.ts";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { contestants, installFloor } from "./contestants.ts";
import { type LifePlan, type Place, type StepResult, live } from "./life.ts";
import { measureLoadTime } from "./loadTime.ts";
import { pictureOf } from "./picture.ts";
import { Summaries, goalsOf, readmeTable, summarize, tablesOf } from "./report.ts";

const usage = `Usage: npm run bench -- [options]

  --quick            1, 50 and 200 clusters, no latency, one round: a few minutes
  --clusters LIST    default 1,50,200,1000
  --latency LIST     of the service, milliseconds; default 0,50
  --rounds N         default 3; for 1,000 clusters and more 1, the naive ones only at the first latency
  --json FILE        default test/bench/benchmark.json
  --svg FILE         default test/bench/benchmark.svg
  --only LIST        of package, floor and naive
  --package FOLDER   another build of the package, in place of the one made from provider/
  --profile FOLDER   one round of 200 clusters without latency, with CPU profiles (test/bench/cpuProfile.ts reads them)
  --help
`;

/**
 * From this number of clusters on a life takes two minutes, the naive one's seven: with every step the engine
 * writes the whole state, and its state is five times as big.
 */
const many = 1000;

const { values: options } = parseArgs({
  strict: true,
  options: {
    quick: { type: "boolean", default: false },
    clusters: { type: "string" },
    latency: { type: "string" },
    rounds: { type: "string" },
    json: { type: "string" },
    svg: { type: "string" },
    only: { type: "string" },
    package: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function numbers(option: string, text: string): number[] {
  const list = text.split(",").map(Number);
  if (list.every((value) => Number.isSafeInteger(value) && value >= 0)) return list;
  throw new Error(`--${option} must be whole numbers with commas between, not ${JSON.stringify(text)}.`);
}

function progress(line: string): void {
  process.stderr.write(`[bench ${new Date().toTimeString().slice(0, 8)}] ${line}\n`);
}

/** Every life to come. Rounds outermost and contestants innermost, in another order each round. */
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

/** What a life takes on the machine that this was written on; only the proportions matter. */
function guessSeconds({ contestant, clusters, latencyMs }: LifePlan): number {
  const writing = (clusters / many) ** 2 * (contestant === "naive" ? 1500 : 250);
  return 12 + clusters * 0.12 + writing + (clusters * latencyMs) / 2000;
}

/** A folder with a node_modules: a snapshot of the package, so that a build meanwhile does no harm, and the floor. */
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
  if (engine.root !== "") process.env[engineRootVariable] = engine.root;
  const place = await makePlace();
  const startedAt = new Date();
  const loadBefore = loadavg()[0]!;
  if (loadBefore > 0.7)
    progress(`this machine is busy (load ${loadBefore.toFixed(1)}): do not trust the times`);

  const loadTime =
    options.profile === undefined ? measureLoadTime(place.folder, options.quick ? 15 : 25) : undefined;
  const results: StepResult[] = [];
  let guessed = 0;
  const toGuess = lives.reduce((sum, plan) => sum + guessSeconds(plan), 0);
  for (const [at, plan] of lives.entries()) {
    const elapsed = (Date.now() - startedAt.getTime()) / 1000;
    const left =
      guessed === 0 ? toGuess - guessed : ((toGuess - guessed) * elapsed) / Math.max(guessed, Number.EPSILON);
    const title = `${at + 1}/${lives.length} ${plan.contestant}, ${plan.clusters} clusters, ${plan.latencyMs} ms`;
    progress(`${title}, round ${plan.round + 1}; about ${Math.ceil(left / 60)} min left`);
    const done = await live(place, plan, () => undefined);
    results.push(...done);
    guessed += guessSeconds(plan);
    progress(`  ${done.map(({ step, seconds }) => `${step} ${seconds.toFixed(2)}`).join(", ")} s`);
  }

  const summaries = new Summaries(summarize(results));
  process.stdout.write(`${tablesOf(summaries, loadTime)}\n`);
  checkFairness(summaries);
  if (options.profile !== undefined) {
    progress(`profiles are in ${options.profile}; read them with node test/bench/cpuProfile.ts FILE`);
    return;
  }
  const json = path.resolve(options.json ?? path.join(import.meta.dirname, "benchmark.json"));
  const svg = path.resolve(options.svg ?? path.join(import.meta.dirname, "benchmark.svg"));
  const { version: sdk } = JSON.parse(
    readFileSync(path.join(repositoryRoot, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
  ) as { version: string };
  const measured = {
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    startedAt: startedAt.toISOString(),
    minutes: Math.round((Date.now() - startedAt.getTime()) / 6000) / 10,
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memoryGigabytes: Math.round(totalmem() / 2 ** 30),
      loadBefore,
    },
    versions: { node: process.version, engine: engine.version, sdk, commit: commit() },
    loadTime,
    goals: goalsOf(summaries, loadTime),
    summaries: summaries.all,
  };
  writeFileSync(
    json,
    await format(JSON.stringify(measured), { ...(await resolveConfig(json)), parser: "json" }),
  );
  writeFileSync(svg, pictureOf(summaries));
  process.stdout.write(`\nFor the README:\n\n${readmeTable(summaries)}\n`);
  progress(`wrote ${json} and ${svg}`);
}

/** The floor is one only if its state is as big. */
function checkFairness(summaries: Summaries): void {
  const sizes = ["package", "floor"] as const;
  for (const clusters of summaries.sizes) {
    for (const latencyMs of summaries.latencies) {
      const [own, floor] = sizes.map(
        (one) => summaries.of(one, "up", clusters, latencyMs)?.providerTextBytes,
      );
      if (own !== floor) progress(`unfair: the provider's text has ${own} bytes, the floor's ${floor}`);
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
