/** Markdown tables of a benchmark: the published one, and all that a run prints. */
import { type Contestant, contestants } from "./contestants.ts";
import { type Step, steps } from "./life.ts";
import type { LoadTime } from "./loadTime.ts";
import { type Medians, sum } from "./medians.ts";

/** The numbers of clusters in the published table. */
export const publishedSizes = [200, 1000];

/** The ratios to the floor at each latency, for the package and the naive provider. */
export function speedTable(medians: Medians, sizes: readonly number[] = publishedSizes): string {
  const { latencies } = medians;
  const [lowest = 0] = latencies;
  const rows = sizes.flatMap((clusters) =>
    steps.map((step) => {
      const ratio = (contestant: Contestant, latencyMs: number) =>
        fixed(medians.ratio(contestant, step, clusters, latencyMs), 2);
      const calls = (contestant: Contestant) =>
        fixed(medians.of(contestant, step, clusters, lowest)?.calls, 0);
      return [
        clusters.toLocaleString("en"),
        `\`${step}\``,
        fixed(medians.of("floor", step, clusters, lowest)?.seconds, 1),
        ...latencies.flatMap((latencyMs) => [ratio("package", latencyMs), ratio("naive", latencyMs)]),
        calls("package"),
        calls("naive"),
      ];
    }),
  );
  const times = latencies.flatMap((latencyMs) => [`package, ${latencyMs} ms`, `naive, ${latencyMs} ms`]);
  return markdown(["clusters", "operation", "floor, s", ...times, "calls", "naive's calls"], rows);
}

/** Everything that was measured. */
export function reportOf(medians: Medians, loadTime: LoadTime): string {
  const goals = goalsOf(medians, loadTime).map(({ what, atMost, unit, value }) => [
    what,
    `${atMost} ${unit}`,
    value === undefined ? "–" : fixed(value, value < 10 ? 3 : 1),
    value === undefined ? "not measured" : value <= atMost ? "met" : "MISSED",
  ]);
  return [
    speedTable(medians, medians.sizes),
    ...medians.latencies.map((latencyMs) => useTable(medians, latencyMs)),
    markdown(["goal", "at most", "measured", ""], goals),
  ].join("\n\n");
}

/** A number with an upper bound; `value` is undefined where this run did not measure it. */
interface Goal {
  what: string;
  atMost: number;
  unit: string;
  value: number | undefined;
}

function goalsOf(medians: Medians, loadTime: LoadTime): Goal[] {
  const ratio = (step: Step, atMost: number): Goal => ({
    what: `${step}, 200 clusters, no latency`,
    atMost,
    unit: "of the floor",
    value: medians.ratio("package", step, 200, 0),
  });
  const describeCalls = medians.latencies.flatMap(
    (latencyMs) => medians.of("package", "refresh -p 100", 1000, latencyMs)?.use?.describeCalls ?? [],
  );
  const own = medians.peakMegabytes("package", 1000, 0);
  const floor = medians.peakMegabytes("floor", 1000, 0);
  return [
    ratio("up", 1.1),
    ratio("preview", 1.05),
    ratio("refresh", 1.1),
    ratio("destroy", 1.1),
    {
      what: "refresh of 1,000 clusters with --parallel 100",
      atMost: 20,
      unit: "Describe calls",
      value: describeCalls.length === 0 ? undefined : Math.max(...describeCalls),
    },
    { what: "load time over @pulumi/pulumi", atMost: 30, unit: "ms", value: loadTime.ownMs },
    {
      what: "provider's memory over the floor's, 1,000 clusters",
      atMost: 20,
      unit: "MB",
      value: own === undefined || floor === undefined ? undefined : own - floor,
    },
  ];
}

function useTable(medians: Medians, latencyMs: number): string {
  const rows = medians.sizes.flatMap((clusters) =>
    contestants.flatMap((contestant) => {
      const life = medians.life(contestant, clusters, latencyMs);
      const stored = life.find(({ step }) => step === "up")?.use;
      const cpu = life.flatMap(({ use }) => use?.cpuSeconds ?? []);
      const row = [
        String(clusters),
        contestant,
        fixed(sum(life.map(({ seconds }) => seconds)), 1),
        fixed(cpu.length < life.length ? undefined : sum(cpu), 1),
        fixed(medians.peakMegabytes(contestant, clusters, latencyMs), 0),
        fixed(sum(life.map(({ calls }) => calls)), 0),
        fixed(stored?.stateBytesPerCluster, 0),
      ];
      return life.length === 0 ? [] : [row];
    }),
  );
  const header = `clusters|all operations, ${latencyMs} ms|s|CPU s|provider's peak MB|calls|state bytes per cluster`;
  return markdown(header.split("|"), rows);
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, at) => Math.max(...[header, ...rows].map((row) => row[at]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}
