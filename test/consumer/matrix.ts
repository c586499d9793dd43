/**
 * Tries every consumer of cells.ts, one after the other, and prints how each fared. The exit code is 1 if one that
 * should work does not, or one that cannot work does.
 *
 *     node test/consumer/matrix.ts [--only CELL]
 */
import { parseArgs } from "node:util";
import { ensureEngine } from "../engine/engine.ts";
import { type Cell, cells } from "./cells.ts";
import { type CellResult, cellName, tryCell } from "./consumer.ts";
import { Toolbox } from "./toolbox.ts";

const headings = ["manager", "module", "language", "SDK", "Node", "s", "result"];

function row({ cell, seconds, verdict }: CellResult): string[] {
  const { layout, pnpmSettings } = cell;
  const manager = [
    cell.manager,
    ...(layout === undefined ? [] : [layout]),
    ...Object.keys(pnpmSettings ?? {}),
  ].join(", ");
  return [...[manager, cell.module, cell.language, cell.sdk, cell.node], ...[String(seconds), verdict]];
}

function table(rows: readonly string[][]): string {
  const widths = headings.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function chosenCells(only: string | undefined): readonly Cell[] {
  return only === undefined ? cells : cells.filter((cell) => cellName(cell).includes(only));
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  const chosen = chosenCells(values.only);
  if (chosen.length === 0) {
    console.error(`No cell's name has ${JSON.stringify(values.only)} in it. There are:`);
    for (const cell of cells) {
      console.error(`  ${cellName(cell)}`);
    }
    process.exitCode = 2;
    return;
  }
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const engine = await ensureEngine({ progress });
  using toolbox = new Toolbox(progress);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(130));
  }
  const results: CellResult[] = [];
  for (const cell of chosen) {
    const result = await tryCell(cell, toolbox);
    results.push(result);
    progress(`${cellName(cell)}: ${result.verdict} (${result.seconds} s)`);
    if (!result.isAsExpected) {
      progress(result.output.replaceAll(/^/gm, "    "));
    }
  }
  console.log(table([headings, ...results.map(row)]));
  const surprises = results.filter(({ isAsExpected }) => !isAsExpected).length;
  console.log(
    `\n${results.length} consumers on Pulumi ${engine.version}, ` +
      (surprises === 0 ? "each as it should be." : `${surprises} not as they should be.`),
  );
  if (surprises > 0) {
    process.exitCode = 1;
  }
}

await main();
