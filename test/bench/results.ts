/** What the measurements of all rounds come to. */
import { type Contestant, contestantNames, contestants } from "./contestants.ts";
import { type Step, type StepResult, steps } from "./life.ts";

/** One operation of one contestant over all rounds: medians, unless something else is said. */
export interface ResultRow {
  contestant: Contestant;
  step: Step;
  clusters: number;
  latencyMs: number;
  seconds: number;
  leastSeconds: number;
  greatestSeconds: number;
  /** API calls of all actions. */
  calls: number;
  describeCalls: number;
  /** Of the program, the engine and the provider; undefined where the provider's process could not be watched. */
  cpuSeconds?: number | undefined;
  providerPeakMegabytes?: number | undefined;
  stateBytesPerCluster: number;
}

/** Groups the results of all rounds by contestant, operation, number of clusters and latency. */
export function resultRows(results: readonly StepResult[]): ResultRow[] {
  const groups = new Map<string, StepResult[]>();
  for (const result of results) {
    const key = JSON.stringify([result.latencyMs, result.clusters, result.step, result.contestant]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const [{ contestant, step, clusters, latencyMs }] = group as [StepResult];
    const medianOf = (valueOf: (result: StepResult) => number) => median(group.map(valueOf));
    const isWatched = group.every(({ provider }) => provider !== undefined);
    const times = group.map(({ seconds }) => seconds);
    return {
      contestant,
      step,
      clusters,
      latencyMs,
      seconds: median(times),
      leastSeconds: Math.min(...times),
      greatestSeconds: Math.max(...times),
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
    };
  });
}

/** Finds rows, and relates them to each other. */
export class Results {
  readonly rows: readonly ResultRow[];
  readonly latencies: readonly number[];
  readonly sizes: readonly number[];
  /** Those that ran, in the order of the tables. */
  readonly contestants: readonly Contestant[];

  constructor(rows: readonly ResultRow[]) {
    this.rows = rows;
    const distinct = (values: number[]) => [...new Set(values)].sort((one, other) => one - other);
    this.latencies = distinct(rows.map(({ latencyMs }) => latencyMs));
    this.sizes = distinct(rows.map(({ clusters }) => clusters));
    this.contestants = contestantNames.filter((name) => rows.some(({ contestant }) => contestant === name));
  }

  of(contestant: Contestant, step: Step, clusters: number, latencyMs: number): ResultRow | undefined {
    return this.life(contestant, clusters, latencyMs).find((row) => row.step === step);
  }

  /** All operations of one contestant at one number of clusters and one latency. */
  life(contestant: Contestant, clusters: number, latencyMs: number): ResultRow[] {
    return this.rows.filter(
      (row) => row.contestant === contestant && row.clusters === clusters && row.latencyMs === latencyMs,
    );
  }

  /** The time of an operation divided by another contestant's. A floor, which calls nothing, has one time for all latencies. */
  ratio(
    contestant: Contestant,
    other: Contestant,
    step: Step,
    clusters: number,
    latencyMs: number,
  ): number | undefined {
    const [lowest = 0] = this.latencies;
    const own = this.of(contestant, step, clusters, latencyMs)?.seconds;
    const othersLatency = contestants[other].callsService ? latencyMs : lowest;
    const others = this.of(other, step, clusters, othersLatency)?.seconds;
    return own === undefined || others === undefined ? undefined : own / others;
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
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A number with an upper bound. */
export interface Target {
  what: string;
  atMost: number;
  /** Undefined where this run did not measure it. */
  value: number | undefined;
}

/** What the package aims at. @param throttledShare the throttled `up`'s time by the least that the limit allows */
export function targetsOf(results: Results, throttledShare: number | undefined): Target[] {
  const [lowest = 0] = results.latencies;
  const highest = results.latencies.at(-1) ?? 0;
  const besideFloors = (["package", "plugin"] as const).flatMap((contestant) =>
    results.sizes.flatMap((clusters) =>
      steps.map((step) => ({
        what: `${step} of ${clusters}: ${contestant} / its floor`,
        atMost: 1.25,
        value: results.ratio(contestant, contestants[contestant].floor!, step, clusters, lowest),
      })),
    ),
  );
  const besidePeer = (step: Step, atMost: number, latencyMs: number) => ({
    what: `${step} of 200 at ${latencyMs} ms: plugin / alicloud`,
    atMost,
    value: results.ratio("plugin", "alicloud", step, 200, latencyMs),
  });
  return [
    ...besideFloors,
    {
      what: "calls of refresh of 200",
      atMost: 3,
      value: results.of("package", "refresh", 200, lowest)?.calls,
    },
    besidePeer("refresh", 0.95, lowest),
    ...(highest === lowest ? [] : [besidePeer("refresh", 0.6, highest)]),
    besidePeer("destroy", 1.05, lowest),
    { what: "throttled up / the least that the limit allows", atMost: 1.1, value: throttledShare },
  ];
}
