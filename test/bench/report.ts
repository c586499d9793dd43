/** Markdown tables of a benchmark. */
import { contestants } from "./contestants.ts";
import type { GrowthRow } from "./growth.ts";
import { type Step, type StepResult, steps } from "./life.ts";
import { type Medians, sum } from "./medians.ts";
import type { Circumstances, InstallSize } from "./published.ts";
import type { Target } from "./targets.ts";

/** Seconds, and in parentheses the share of the floor's, of all contestants side by side. */
export function comparisonTable(medians: Medians, latencyMs: number): string {
  const rows = medians.sizes.flatMap((clusters) =>
    medians.contestants.flatMap((contestant) => {
      const life = medians.life(contestant, clusters, latencyMs);
      if (life.length === 0) {
        return [];
      }
      const callsOf = (step: Step) => fixed(medians.of(contestant, step, clusters, latencyMs)?.calls, 0);
      return [
        [
          clusters.toLocaleString("en"),
          contestant,
          ...steps.map((step) => {
            const seconds = fixed(medians.of(contestant, step, clusters, latencyMs)?.seconds, 2);
            const ratio = medians.ratio(contestant, step, clusters, latencyMs);
            return contestant === "floor" || ratio === undefined
              ? seconds
              : `${seconds} (${ratio.toFixed(2)})`;
          }),
          contestants[contestant].callsService ? `${callsOf("up")} / ${callsOf("refresh")}` : "",
          fixed(medians.peakMegabytes(contestant, clusters, latencyMs), 0),
          fixed(life.find(({ step }) => step === "up")?.stateBytesPerCluster, 0),
        ],
      ];
    }),
  );
  const uses = ["calls of `up` / `refresh`", "provider's peak MB", "state, bytes a cluster"];
  return markdown(["clusters", "who", ...steps.map((step) => `\`${step}\``), ...uses], rows);
}

/** The lines that were fitted to the times. */
export function growthTable(rows: readonly GrowthRow[], latencies: readonly number[]): string {
  const cells = rows.map(({ step, contestant, growths, largest }) => {
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
  const perCluster = latencies.map((latencyMs) => `a cluster, ${latencyMs} ms of latency, ms`);
  const others = ["more for 1,000 in the state, ms", "most clusters, s", "without checkpoints, s"];
  return markdown(["operation", "who", "fixed, s", ...perCluster, ...others], cells);
}

export function installTable(sizes: readonly InstallSize[]): string {
  const rows = sizes.map(({ contestant, packages, plugin }) => [
    contestant,
    megabytes(packages),
    plugin === 0 ? "" : megabytes(plugin),
  ]);
  return markdown(["who", "npm packages, MB", "plugin, MB"], rows);
}

export function targetTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, atMost, unit, value }) => [
    what,
    `${atMost} ${unit}`,
    value === undefined ? "–" : fixed(value, value < 10 ? 3 : 1),
    value === undefined ? "not measured" : value <= atMost ? "met" : "MISSED",
  ]);
  return markdown(["target", "at most", "measured", ""], rows);
}

/** What is measured, but not published. */
export function useTable(medians: Medians, latencyMs: number): string {
  const rows = medians.sizes.flatMap((clusters) =>
    medians.contestants.flatMap((contestant) => {
      const life = medians.life(contestant, clusters, latencyMs);
      const stored = life.find(({ step }) => step === "up");
      const cpu = life.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
      const row = [
        String(clusters),
        contestant,
        fixed(sum(life.map(({ seconds }) => seconds)), 1),
        fixed(cpu.length < life.length ? undefined : sum(cpu), 1),
        fixed(sum(life.map(({ calls }) => calls)), 0),
        fixed(stored?.providerTextBytes, 0),
      ];
      return life.length === 0 ? [] : [row];
    }),
  );
  const header = `clusters|all operations, ${latencyMs} ms|s|CPU s|calls|bytes of __provider`;
  return markdown(header.split("|"), rows);
}

export function throttledTable(throttled: readonly StepResult[]): string {
  const rows = throttled.map(({ contestant, clusters, createSeconds, seconds, calls }) => [
    contestant,
    String(clusters),
    fixed(createSeconds, 2),
    fixed(seconds, 2),
    String(calls["CreateHpcCluster"] ?? 0),
  ]);
  return markdown(["throttled `up` of", "clusters", "creates, s", "all, s", "CreateHpcCluster calls"], rows);
}

/** When, where and with what. */
export function circumstancesText(measured: Circumstances): string {
  const { date, cores, cpu, node, engine, sdk, others, leftOut } = measured;
  return [
    `${date}: ${cores} cores (${cpu}), Node.js ${node}, engine ${engine}, @pulumi/pulumi ${sdk}.`,
    ...others.map((other) => `${other}.`),
    ...Object.entries(leftOut).map(([contestant, reason]) => `Left out: ${contestant} (${reason}).`),
  ].join(" ");
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, at) => Math.max(...[header, ...rows].map((row) => row[at]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function megabytes(bytes: number): string {
  return fixed(bytes / 1e6, bytes < 1e7 ? 1 : 0);
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(digits);
}
