/** The medians of a benchmark: the detailed ones of a run, and the few that are published in summary.json. */
import type { Contestant } from "./contestants.ts";
import { type Step, type StepResult, steps } from "./life.ts";

/** The medians of one operation of one contestant, over all rounds. */
export interface MedianRow {
  contestant: Contestant;
  step: Step;
  clusters: number;
  latencyMs: number;
  seconds: number;
  /** API calls of all actions. */
  calls: number;
  /** Absent in the published rows. */
  use?: Use | undefined;
}

/** What an operation used besides time. */
interface Use {
  describeCalls: number;
  /** Of the program, the engine and the provider; undefined where the provider's process could not be watched. */
  cpuSeconds: number | undefined;
  providerPeakMegabytes: number | undefined;
  stateBytesPerCluster: number;
  providerTextBytes: number;
}

/** Groups the results of all rounds by contestant, operation, number of clusters and latency. */
export function medianRows(results: readonly StepResult[]): MedianRow[] {
  const groups = new Map<string, StepResult[]>();
  for (const result of results) {
    const { contestant, step, clusters, latencyMs } = result;
    const key = JSON.stringify([latencyMs, clusters, steps.indexOf(step), contestant]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const [{ contestant, step, clusters, latencyMs }] = group as [StepResult];
    const medianOf = (valueOf: (result: StepResult) => number) => median(group.map(valueOf));
    const isWatched = group.every(({ provider }) => provider !== undefined);
    return {
      contestant,
      step,
      clusters,
      latencyMs,
      seconds: medianOf(({ seconds }) => seconds),
      calls: medianOf(({ calls }) => sum(Object.values(calls))),
      use: {
        describeCalls: medianOf(({ calls }) => calls["DescribeHpcClusters"] ?? 0),
        cpuSeconds: isWatched
          ? medianOf(
              ({ programCpuSeconds, provider }) =>
                programCpuSeconds + provider!.cpuSeconds + provider!.engineCpuSeconds,
            )
          : undefined,
        providerPeakMegabytes: isWatched ? medianOf(({ provider }) => provider!.peakMegabytes) : undefined,
        stateBytesPerCluster: medianOf(({ stateBytes }) => stateBytes),
        providerTextBytes: medianOf(({ providerTextBytes }) => providerTextBytes),
      },
    };
  });
}

/** Finds rows, and relates them to each other. */
export class Medians {
  readonly rows: readonly MedianRow[];
  readonly latencies: readonly number[];
  readonly sizes: readonly number[];

  constructor(rows: readonly MedianRow[]) {
    this.rows = rows;
    const distinct = (values: number[]) => [...new Set(values)].sort((one, other) => one - other);
    this.latencies = distinct(rows.map(({ latencyMs }) => latencyMs));
    this.sizes = distinct(rows.map(({ clusters }) => clusters));
  }

  of(contestant: Contestant, step: Step, clusters: number, latencyMs: number): MedianRow | undefined {
    return this.life(contestant, clusters, latencyMs).find((row) => row.step === step);
  }

  /** All operations of one contestant at one number of clusters and one latency. */
  life(contestant: Contestant, clusters: number, latencyMs: number): MedianRow[] {
    return this.rows.filter(
      (row) => row.contestant === contestant && row.clusters === clusters && row.latencyMs === latencyMs,
    );
  }

  /** The time of an operation divided by the floor's. */
  ratio(contestant: Contestant, step: Step, clusters: number, latencyMs: number): number | undefined {
    const own = this.of(contestant, step, clusters, latencyMs)?.seconds;
    const floor = this.of("floor", step, clusters, latencyMs)?.seconds;
    return own === undefined || floor === undefined ? undefined : own / floor;
  }

  /** The provider's highest memory use in all operations. */
  peakMegabytes(contestant: Contestant, clusters: number, latencyMs: number): number | undefined {
    const peaks = this.life(contestant, clusters, latencyMs).flatMap(
      ({ use }) => use?.providerPeakMegabytes ?? [],
    );
    return peaks.length === 0 ? undefined : Math.max(...peaks);
  }
}

/** When and where a benchmark ran. */
export interface Circumstances {
  /** `2026-11-24` */
  date: string;
  cores: number;
  cpu: string;
  node: string;
  engine: string;
  sdk: string;
  commit: string;
  /** How long the package takes to load after @pulumi/pulumi. */
  loadMs: number;
}

/** The content of summary.json: the columns are named once, and each row is a list. */
interface Published {
  measured: Circumstances;
  columns: string[];
  rows: unknown[][];
}
const columns = ["contestant", "step", "clusters", "latencyMs", "seconds", "calls"] as const;

/** The file's text, before formatting. */
export function publishedText(measured: Circumstances, rows: readonly MedianRow[]): string {
  const rounded = rows.map((row) => ({ ...row, seconds: Math.round(row.seconds * 1000) / 1000 }));
  const published: Published = {
    measured,
    columns: [...columns],
    rows: rounded.map((row) => columns.map((column) => row[column])),
  };
  return JSON.stringify(published);
}

export function readPublished(text: string): { measured: Circumstances; medians: Medians } {
  const { measured, columns: names, rows } = JSON.parse(text) as Published;
  const objects = rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
  return { measured, medians: new Medians(objects as unknown as MedianRow[]) };
}

/** The middle value, or the mean of the two in the middle. NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) {
    return Number.NaN;
  }
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
