/** The medians of a benchmark. */
import { type Contestant, contestantNames } from "./contestants.ts";
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
  describeCalls?: number | undefined;
  /** Of the program, the engine and the provider; undefined where the provider's process could not be watched. */
  cpuSeconds?: number | undefined;
  providerPeakMegabytes?: number | undefined;
  stateBytesPerCluster?: number | undefined;
  /** Of these, the provider's text. */
  providerTextBytes?: number | undefined;
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
    };
  });
}

/** Finds rows, and relates them to each other. */
export class Medians {
  readonly rows: readonly MedianRow[];
  readonly latencies: readonly number[];
  readonly sizes: readonly number[];
  /** Those that ran, in the order of the tables. */
  readonly contestants: readonly Contestant[];

  constructor(rows: readonly MedianRow[]) {
    this.rows = rows;
    const distinct = (values: number[]) => [...new Set(values)].sort((one, other) => one - other);
    this.latencies = distinct(rows.map(({ latencyMs }) => latencyMs));
    this.sizes = distinct(rows.map(({ clusters }) => clusters));
    this.contestants = contestantNames.filter((name) => rows.some(({ contestant }) => contestant === name));
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

  /** The time of an operation divided by the floor's, which calls nothing and so has the same time at every latency. */
  ratio(contestant: Contestant, step: Step, clusters: number, latencyMs: number): number | undefined {
    const own = this.of(contestant, step, clusters, latencyMs)?.seconds;
    const [floor] = [latencyMs, ...this.latencies].flatMap(
      (latency) => this.of("floor", step, clusters, latency)?.seconds ?? [],
    );
    return own === undefined || floor === undefined ? undefined : own / floor;
  }

  /** The provider's highest memory use in all operations. */
  peakMegabytes(contestant: Contestant, clusters: number, latencyMs: number): number | undefined {
    const peaks = this.life(contestant, clusters, latencyMs).flatMap(
      ({ providerPeakMegabytes }) => providerPeakMegabytes ?? [],
    );
    return peaks.length === 0 ? undefined : Math.max(...peaks);
  }
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
