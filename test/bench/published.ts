/** The published numbers: summary.json, of which docs/speed.md and docs/speed.svg are made. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import type { Contestant } from "./contestants.ts";
import type { MedianRow } from "./medians.ts";

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
  /** What else took part, with its version and where it was found. */
  others: string[];
  /** Why a contestant did not run. */
  leftOut: Partial<Record<Contestant, string>>;
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
  rows: MedianRow[];
  installSizes: InstallSize[];
  /** How long the package takes to load after @pulumi/pulumi, milliseconds. */
  loadMs: number;
}

/** A run with 1 to 1,000 clusters. */
export interface GrowthRun {
  measured: Circumstances;
  rows: MedianRow[];
  /** The same with the state written only at the end. */
  withoutCheckpoints: MedianRow[];
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
const columns: Readonly<Partial<Record<keyof MedianRow, number>>> = {
  contestant: 0,
  step: 0,
  clusters: 0,
  latencyMs: 0,
  seconds: 3,
  calls: 0,
  describeCalls: 0,
  cpuSeconds: 2,
  providerPeakMegabytes: 1,
  stateBytesPerCluster: 0,
};

function table(rows: readonly MedianRow[]): Table {
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const cell = (value: unknown, decimals: number) =>
    typeof value === "number" ? Number(value.toFixed(decimals)) : (value ?? null);
  return { columns: names, rows: rows.map((row) => names.map((name) => cell(row[name], columns[name]!))) };
}

function objects({ columns: names, rows }: Table): MedianRow[] {
  return rows.map(
    (row) =>
      Object.fromEntries(names.map((name, at) => [name, row[at] ?? undefined])) as unknown as MedianRow,
  );
}
