/** The published numbers: summary.json, of which the tables of docs/speed.md and docs/speed.svg are made. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { type Contestant, contestants } from "./contestants.ts";
import { growthRows } from "./growth.ts";
import { steps } from "./life.ts";
import { type ResultRow, Results } from "./results.ts";

/** When, where and with what a benchmark ran. */
export interface Circumstances {
  /** `2026-11-24` */
  date: string;
  cores: number;
  cpu: string;
  node: string;
  engine: string;
  sdk: string;
  commit: string;
  rounds: number;
  /**
   * Processes that ran or waited to run, for each core: before the first life, and the median of those before all lives. Absent
   * where it was not measured: until November 2026.
   */
  load?: { start: number; median: number };
  /** @pulumi/alicloud, with its version and where it was found, or why it did not run. */
  peer: string;
}

/** Bytes on disk. */
export interface InstallSize {
  contestant: Contestant;
  /** Of the npm package and its dependencies, without @pulumi/pulumi. */
  packages: number;
  /** Of the plugin that the engine downloads besides. */
  plugin: number;
}

/** A run with 1 and 200 clusters. */
export interface Comparison {
  measured: Circumstances;
  rows: ResultRow[];
  installSizes: InstallSize[];
  /** How long the package takes to load after @pulumi/pulumi, milliseconds. */
  loadMs: number;
  /** The throttled `up`, by contestant: seconds from the first call to the last answer, and the least that the limit allows. */
  throttled: { contestant: Contestant; seconds: number; leastSeconds: number }[];
}

/** A run with 1 to 1,000 clusters. */
export interface GrowthRun {
  measured: Circumstances;
  rows: ResultRow[];
  /** The same with the state written only at the end. */
  withoutCheckpoints: ResultRow[];
}

export interface Published {
  comparison: Comparison;
  growth: GrowthRun;
}

export const summaryFile = path.join(import.meta.dirname, "summary.json");

export function readPublished(): Published {
  const { comparison, growth } = JSON.parse(readFileSync(summaryFile, "utf8")) as Stored;
  return {
    comparison: { ...comparison, rows: objects(comparison.rows) },
    growth: {
      ...growth,
      rows: objects(growth.rows),
      withoutCheckpoints: objects(growth.withoutCheckpoints),
    },
  };
}

/** Writes one part of summary.json and keeps the other. */
export async function publish(part: Partial<Published>): Promise<void> {
  const { comparison, growth } = { ...readPublished(), ...part };
  const stored: Stored = {
    comparison: { ...comparison, rows: table(comparison.rows) },
    growth: { ...growth, rows: table(growth.rows), withoutCheckpoints: table(growth.withoutCheckpoints) },
  };
  const formatting = { ...(await resolveConfig(summaryFile)), parser: "json" };
  writeFileSync(summaryFile, await format(JSON.stringify(stored), formatting));
}

/** The columns are named once, and each row is a list, so that the file stays short. */
interface Table {
  columns: string[];
  rows: unknown[][];
}
interface Stored {
  comparison: Omit<Comparison, "rows"> & { rows: Table };
  growth: Omit<GrowthRun, "rows" | "withoutCheckpoints"> & { rows: Table; withoutCheckpoints: Table };
}

/** The stored columns, and how many decimals are kept. */
const columns: Readonly<Record<keyof ResultRow, number>> = {
  contestant: 0,
  step: 0,
  clusters: 0,
  latencyMs: 0,
  seconds: 3,
  leastSeconds: 3,
  greatestSeconds: 3,
  calls: 0,
  describeCalls: 0,
  cpuSeconds: 2,
  providerPeakMegabytes: 1,
  stateBytesPerCluster: 0,
};

function table(rows: readonly ResultRow[]): Table {
  const names = Object.keys(columns) as (keyof ResultRow)[];
  const cell = (value: unknown, decimals: number) =>
    typeof value === "number" ? Number(value.toFixed(decimals)) : (value ?? null);
  return { columns: names, rows: rows.map((row) => names.map((name) => cell(row[name], columns[name]))) };
}

function objects({ columns: names, rows }: Table): ResultRow[] {
  return rows.map(
    (row) =>
      Object.fromEntries(names.map((name, at) => [name, row[at] ?? undefined])) as unknown as ResultRow,
  );
}

/** The tables of docs/speed.md. Each takes the numbers from the file when it is called. */
export const benchmarkTables: Readonly<Record<string, () => string>> = {
  "benchmark.comparison": () => comparisonText(readPublished().comparison),
  "benchmark.growth": () => {
    const { measured, rows, withoutCheckpoints } = readPublished().growth;
    return `${circumstancesText(measured)}\n\n${growthTable(new Results(rows), withoutCheckpoints)}`;
  },
  "benchmark.install": () => installTable(readPublished().comparison.installSizes),
};

export function comparisonText({ measured, rows, loadMs, throttled }: Comparison): string {
  const results = new Results(rows);
  const tables = results.latencies.flatMap((latencyMs) => [
    latencyMs === 0 ? "Without latency:" : `With ${latencyMs} ms of latency a call:`,
    timesTable(results, latencyMs),
    "Shares of the medians:",
    sharesTable(results, latencyMs),
  ]);
  const loading = `Loading the package takes ${loadMs.toFixed(1)} ms after @pulumi/pulumi.`;
  const waits = throttled.map(
    ({ contestant, seconds, leastSeconds }) =>
      `${contestant} ${(seconds / leastSeconds).toFixed(2)} of the ${leastSeconds} s that the limit takes`,
  );
  const limit = waits.length === 0 ? [] : [`Against a service that throttles: ${waits.join(", ")}.`];
  return [[circumstancesText(measured), loading, ...limit].join(" "), ...tables].join("\n\n");
}

/** Seconds: the median, and the least and the greatest of all rounds. */
function timesTable(results: Results, latencyMs: number): string {
  const rows = results.sizes.flatMap((clusters) =>
    results.contestants.flatMap((contestant) => {
      const life = results.life(contestant, clusters, latencyMs);
      const row = (step: (typeof steps)[number]) => life.find((one) => one.step === step);
      return life.length === 0
        ? []
        : [
            [
              String(clusters),
              contestant,
              ...steps.map((step) => spread(row(step))),
              contestants[contestant].callsService ? `${row("up")?.calls} / ${row("refresh")?.calls}` : "",
              fixed(results.peakMegabytes(contestant, clusters, latencyMs), 0),
              fixed(row("up")?.stateBytesPerCluster, 0),
            ],
          ];
    }),
  );
  const uses = ["calls of `up` / `refresh`", "provider's peak MB", "state, bytes a cluster"];
  return markdown(["clusters", "who", ...steps.map((step) => `\`${step}\``), ...uses], rows);
}

function spread(row: ResultRow | undefined): string {
  const { seconds, leastSeconds: least, greatestSeconds: greatest } = row ?? {};
  return least === undefined || greatest === undefined || least === greatest
    ? fixed(seconds, 2)
    : `${fixed(seconds, 2)} (${fixed(least, 2)}–${fixed(greatest, 2)})`;
}

/** Each host beside its floor, and both beside @pulumi/alicloud. */
function sharesTable(results: Results, latencyMs: number): string {
  const pairs: [Contestant, Contestant][] = [
    ["package", "floor"],
    ["plugin", "plugin-floor"],
    ["package", "alicloud"],
    ["plugin", "alicloud"],
  ];
  const rows = results.sizes.flatMap((clusters) =>
    pairs.flatMap(([own, other]) => {
      const shares = steps.map((step) => results.ratio(own, other, step, clusters, latencyMs));
      return shares.every((share) => share === undefined)
        ? []
        : [[String(clusters), `${own} / ${other}`, ...shares.map((share) => fixed(share, 2))]];
    }),
  );
  return markdown(["clusters", "share", ...steps.map((step) => `\`${step}\``)], rows);
}

/** The lines that were fitted to the times. */
export function growthTable(results: Results, withoutCheckpoints: readonly ResultRow[]): string {
  const cells = growthRows(results, withoutCheckpoints).map(({ step, contestant, growths, largest }) => {
    const [lowest] = growths;
    return [
      `\`${step}\``,
      contestant,
      fixed(lowest?.fixed, 2),
      ...growths.map((growth) => fixed(growth && growth.perCluster * 1000, 1)),
      lowest === undefined || lowest.perSquare === 0 ? "" : fixed(lowest.perSquare * 1e6, 1),
      `${fixed(largest.seconds, 1)} (${largest.clusters.toLocaleString("en")})`,
      largest.withoutCheckpoints === undefined ? "" : fixed(largest.withoutCheckpoints, 1),
    ];
  });
  const perCluster = results.latencies.map((latencyMs) => `a cluster, ${latencyMs} ms of latency, ms`);
  const others = ["more for 1,000 in the state, ms", "most clusters, s", "without checkpoints, s"];
  return markdown(["operation", "who", "fixed, s", ...perCluster, ...others], cells);
}

function installTable(sizes: readonly InstallSize[]): string {
  const megabytes = (bytes: number) => fixed(bytes / 1e6, bytes < 1e7 ? 1 : 0);
  const rows = sizes.map(({ contestant, packages, plugin }) => [
    contestant,
    megabytes(packages),
    plugin === 0 ? "" : megabytes(plugin),
  ]);
  return markdown(["who", "npm packages, MB", "plugin, MB"], rows);
}

/** When, where and with what. */
function circumstancesText({
  date,
  cores,
  cpu,
  node,
  engine,
  sdk,
  rounds,
  load,
  peer,
}: Circumstances): string {
  const round = rounds === 1 ? "1 round" : `${rounds} rounds`;
  return [
    `${date}, ${round}: ${cores} cores (${cpu}), Node.js ${node}, engine ${engine}, @pulumi/pulumi ${sdk}.`,
    `${peer}.`,
    ...(load === undefined
      ? []
      : [`Load a core: ${fixed(load.start, 2)} before, ${fixed(load.median, 2)} meanwhile.`]),
  ].join(" ");
}

export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, at) => Math.max(...[header, ...rows].map((row) => row[at]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}
