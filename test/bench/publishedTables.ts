/** The tables of docs/speed.md, made of summary.json. */
import { growthRows } from "./growth.ts";
import { Medians } from "./medians.ts";
import { readPublished } from "./published.ts";
import { circumstancesText, comparisonTable, growthTable, installTable } from "./report.ts";

/** Each takes the numbers from the file when it is called. */
export const benchmarkTables: Readonly<Record<string, () => string>> = {
  "benchmark.comparison": () => {
    const { measured, rows, loadMs } = readPublished().comparison;
    const medians = new Medians(rows);
    const tables = medians.latencies.flatMap((latencyMs) => [
      latencyMs === 0 ? "Without latency:" : `With ${latencyMs} ms of latency a call:`,
      comparisonTable(medians, latencyMs),
    ]);
    const load = `Loading the package takes ${loadMs} ms after @pulumi/pulumi.`;
    return [`${circumstancesText(measured)} ${load}`, ...tables].join("\n\n");
  },
  "benchmark.growth": () => {
    const { measured, rows, withoutCheckpoints } = readPublished().growth;
    const medians = new Medians(rows);
    const table = growthTable(growthRows(medians, withoutCheckpoints), medians.latencies);
    return `${circumstancesText(measured)}\n\n${table}`;
  },
  "benchmark.install": () => installTable(readPublished().comparison.installSizes),
};
