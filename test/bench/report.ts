/** From measurements to what is compared with the goals: medians over the rounds, ratios to the floor, tables. */
import { type Contestant, contestants } from "./contestants.ts";
import { type Step, type StepResult, steps } from "./life.ts";
import type { LoadTime } from "./loadTime.ts";
import { median } from "./statistics.ts";

/** The medians of one contestant's step at one number of clusters and one latency. */
export interface Summary {
  contestant: Contestant;
  step: Step;
  clusters: number;
  latencyMs: number;
  seconds: number;
  /** All rounds, in their order. */
  samples: number[];
  programCpuSeconds: number;
  providerCpuSeconds: number | undefined;
  /** Of program, engine and provider: it depends less on what else this machine is doing. */
  cpuSeconds: number | undefined;
  providerPeakMegabytes: number | undefined;
  calls: number;
  callsByAction: Record<string, number>;
  stateBytes: number;
  providerTextBytes: number;
}

/** A number that was promised, and what came of it; undefined where it was not measured in this run. */
export interface Goal {
  what: string;
  atMost: number;
  unit: string;
  value: number | undefined;
}

/** All rounds of each combination put together, in the order of measuring. */
export function summarize(results: readonly StepResult[]): Summary[] {
  const groups = new Map<string, StepResult[]>();
  for (const result of results) {
    const { contestant, step, clusters, latencyMs } = result;
    const key = JSON.stringify([latencyMs, clusters, steps.indexOf(step), contestant]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [StepResult];
    const { contestant, step, clusters, latencyMs } = first;
    const middle = (of: (result: StepResult) => number) => median(group.map(of));
    const watched = group.flatMap(({ provider }) => provider ?? []);
    const seen = (of: (use: (typeof watched)[number]) => number) =>
      watched.length === 0 ? undefined : median(watched.map(of));
    return {
      ...{ contestant, step, clusters, latencyMs },
      seconds: middle(({ seconds }) => seconds),
      samples: group.map(({ seconds }) => seconds),
      programCpuSeconds: middle(({ programCpuSeconds }) => programCpuSeconds),
      providerCpuSeconds: seen(({ cpuSeconds }) => cpuSeconds),
      cpuSeconds:
        watched.length < group.length
          ? undefined
          : middle(
              ({ programCpuSeconds, provider }) =>
                programCpuSeconds + provider!.cpuSeconds + provider!.engineCpuSeconds,
            ),
      providerPeakMegabytes: seen(({ peakMegabytes }) => peakMegabytes),
      calls: middle(({ calls }) => sum(Object.values(calls))),
      callsByAction: Object.fromEntries(
        [...new Set(group.flatMap(({ calls }) => Object.keys(calls)))].map((action) => [
          action,
          middle(({ calls }) => calls[action] ?? 0),
        ]),
      ),
      stateBytes: middle(({ stateBytes }) => stateBytes),
      providerTextBytes: middle(({ providerTextBytes }) => providerTextBytes),
    };
  });
}

/** Looks summaries up. */
export class Summaries {
  readonly all: readonly Summary[];
  readonly latencies: number[];
  readonly sizes: number[];

  constructor(all: readonly Summary[]) {
    this.all = all;
    const numbers = (of: (summary: Summary) => number) =>
      [...new Set(all.map(of))].sort((one, other) => one - other);
    this.latencies = numbers(({ latencyMs }) => latencyMs);
    this.sizes = numbers(({ clusters }) => clusters);
  }

  of(contestant: Contestant, step: Step, clusters: number, latencyMs: number): Summary | undefined {
    return this.all.find(
      (one) =>
        one.contestant === contestant &&
        one.step === step &&
        one.clusters === clusters &&
        one.latencyMs === latencyMs,
    );
  }

  /** All steps of a life, as one. */
  life(contestant: Contestant, clusters: number, latencyMs: number): Summary[] {
    return this.all.filter(
      (one) => one.contestant === contestant && one.clusters === clusters && one.latencyMs === latencyMs,
    );
  }

  /** To the floor. */
  ratio(
    contestant: Contestant,
    step: Step,
    clusters: number,
    latencyMs: number,
    of: "seconds" | "cpuSeconds" = "seconds",
  ): number | undefined {
    const own = this.of(contestant, step, clusters, latencyMs)?.[of];
    const floor = this.of("floor", step, clusters, latencyMs)?.[of];
    return own === undefined || floor === undefined ? undefined : own / floor;
  }

  /** Over all steps. */
  peakMegabytes(contestant: Contestant, clusters: number, latencyMs: number): number | undefined {
    const peaks = this.life(contestant, clusters, latencyMs).flatMap(
      ({ providerPeakMegabytes }) => providerPeakMegabytes ?? [],
    );
    return peaks.length === 0 ? undefined : Math.max(...peaks);
  }
}

/** The goals of issue 6. */
export function goalsOf(summaries: Summaries, loadTime: LoadTime | undefined): Goal[] {
  const ratio = (step: Step, atMost: number): Goal => ({
    what: `${step}, 200 clusters, no latency`,
    atMost,
    unit: "of the floor",
    value: summaries.ratio("package", step, 200, 0),
  });
  const refresh = summaries.latencies
    .map((latencyMs) => summaries.of("package", "refresh -p 100", 1000, latencyMs))
    .flatMap((summary) => summary?.callsByAction["DescribeHpcClusters"] ?? []);
  const memory = (contestant: Contestant) => summaries.peakMegabytes(contestant, 1000, 0);
  const own = memory("package");
  const floor = memory("floor");
  return [
    ratio("up", 1.1),
    ratio("preview", 1.05),
    ratio("refresh", 1.1),
    ratio("destroy", 1.1),
    {
      what: "refresh of 1,000 clusters with --parallel 100",
      atMost: 20,
      unit: "Describe calls",
      value: refresh.length === 0 ? undefined : Math.max(...refresh),
    },
    {
      what: "load time over @pulumi/pulumi",
      atMost: 30,
      unit: "ms",
      value: loadTime?.ownMs,
    },
    {
      what: "provider's memory over the floor's, 1,000 clusters",
      atMost: 20,
      unit: "MB",
      value: own === undefined || floor === undefined ? undefined : own - floor,
    },
  ];
}

/** Everything, in Markdown. */
export function tablesOf(summaries: Summaries, loadTime: LoadTime | undefined): string {
  const parts: string[] = [];
  for (const latencyMs of summaries.latencies) {
    parts.push(`### ${latencyMs} ms of service latency\n`, timesTable(summaries, latencyMs));
    parts.push(usesTable(summaries, latencyMs));
  }
  if (loadTime !== undefined) {
    const { ownMs, sdkProcessMs, bothProcessMs, files, rounds } = loadTime;
    parts.push(
      `Loading the package takes ${fixed(ownMs, 1)} ms (${files} files) after @pulumi/pulumi; a whole process takes ` +
        `${fixed(sdkProcessMs, 0)} ms with the SDK alone, ${fixed(bothProcessMs, 0)} ms with both (medians of ${rounds}).\n`,
    );
  }
  parts.push(
    markdown(
      ["goal", "at most", "measured", ""],
      goalsOf(summaries, loadTime).map(({ what, atMost, unit, value }) => [
        what,
        `${atMost} ${unit}`,
        value === undefined ? "–" : fixed(value, value < 10 ? 3 : 1),
        value === undefined ? "not measured" : value <= atMost ? "met" : "MISSED",
      ]),
    ),
  );
  return parts.join("\n");
}

/** The numbers of clusters that the README shows. */
const readmeSizes = [200, 1000];

/** What the README shows: the ratios to the floor at each latency, of the package and of the naive provider. */
export function readmeTable(summaries: Summaries): string {
  const { latencies } = summaries;
  const [lowest = 0] = latencies;
  const rows = readmeSizes.flatMap((clusters) =>
    steps.map((step) => {
      const ratio = (contestant: Contestant, latencyMs: number) =>
        fixed(summaries.ratio(contestant, step, clusters, latencyMs), 2);
      const calls = (contestant: Contestant) =>
        fixed(summaries.of(contestant, step, clusters, lowest)?.calls, 0);
      return [
        clusters.toLocaleString("en"),
        step,
        fixed(summaries.of("floor", step, clusters, lowest)?.seconds, 1),
        ...latencies.flatMap((latencyMs) => [ratio("package", latencyMs), ratio("naive", latencyMs)]),
        calls("package"),
        calls("naive"),
      ];
    }),
  );
  const times = latencies.flatMap((latencyMs) => [`÷ floor, ${latencyMs} ms`, `naive, ${latencyMs} ms`]);
  return markdown(["clusters", "operation", "floor, s", ...times, "calls", "naive's calls"], rows);
}

function timesTable(summaries: Summaries, latencyMs: number): string {
  const rows = summaries.sizes.flatMap((clusters) =>
    steps.flatMap((step) => {
      const [own, floor, naive] = contestants.map((contestant) =>
        summaries.of(contestant, step, clusters, latencyMs),
      );
      if (own === undefined && floor === undefined && naive === undefined) return [];
      const ratio = (contestant: Contestant, of?: "cpuSeconds") =>
        fixed(summaries.ratio(contestant, step, clusters, latencyMs, of), 2);
      return [
        [
          String(clusters),
          step,
          fixed(floor?.seconds, 2),
          fixed(own?.seconds, 2),
          ratio("package"),
          ratio("package", "cpuSeconds"),
          fixed(naive?.seconds, 2),
          ratio("naive"),
          ratio("naive", "cpuSeconds"),
          callsOf(own),
          callsOf(naive),
        ],
      ];
    }),
  );
  const header =
    "clusters|operation|floor s|package s|÷ floor|its CPU ÷ floor's|naive s|÷ floor|its CPU ÷ floor's|package's calls|naive's calls";
  return markdown(header.split("|"), rows);
}

function usesTable(summaries: Summaries, latencyMs: number): string {
  const rows = summaries.sizes.flatMap((clusters) =>
    contestants.flatMap((contestant) => {
      const life = summaries.life(contestant, clusters, latencyMs);
      if (life.length === 0) return [];
      const stored = summaries.of(contestant, "up", clusters, latencyMs);
      const cpu = life.flatMap(({ providerCpuSeconds }) => providerCpuSeconds ?? []);
      return [
        [
          String(clusters),
          contestant,
          fixed(sum(life.map(({ seconds }) => seconds)), 1),
          fixed(sum(life.map(({ programCpuSeconds }) => programCpuSeconds)), 2),
          fixed(cpu.length === 0 ? undefined : sum(cpu), 2),
          fixed(summaries.peakMegabytes(contestant, clusters, latencyMs), 0),
          fixed(sum(life.map(({ calls }) => calls)), 0),
          fixed(stored?.stateBytes, 0),
          fixed(stored?.providerTextBytes, 0),
        ],
      ];
    }),
  );
  const header =
    "clusters|whole life|s|program's CPU s|provider's CPU s|provider's peak MB|calls|state bytes a cluster|of these twice `__provider`";
  return markdown(header.split("|"), rows);
}

function callsOf(summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  const short = (action: string) => action.replace(/HpcClusters?(Attribute)?$/, "");
  const text = Object.entries(summary.callsByAction)
    .map(([action, count]) => `${fixed(count, 0)} ${short(action)}`)
    .join(", ");
  return text === "" ? "0" : text;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, at) => Math.max(...[header, ...rows].map((row) => row[at]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, at) => text.padEnd(widths[at]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line), ""].join("\n");
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
