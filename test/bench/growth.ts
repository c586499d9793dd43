/** How the time of an operation grows with the number of clusters. */
import { type Step, steps } from "./life.ts";
import { type ResultRow, Results, sum } from "./results.ts";
import type { Contestant } from "./contestants.ts";

/** seconds = fixed + perCluster × clusters + perSquare × clusters² */
export interface Growth {
  fixed: number;
  perCluster: number;
  /**
   * The engine writes the whole state after every create and delete, so that each takes longer the more clusters there are. 0 for
   * operations that do not write.
   */
  perSquare: number;
}

/** The operations after whose steps the engine writes the state. */
const writingSteps: readonly Step[] = ["up", "destroy"];

export interface Measured {
  clusters: number;
  seconds: number;
}

/** The powers of the number of clusters that a line may have. No time shrinks with the clusters: noise leaves a power out. */
const linear = [[0, 1], [0]];
const quadratic = [[0, 1, 2], [0, 2], ...linear];

/**
 * The least squares of the relative errors: a tenth of a second counts for one cluster as much as ten seconds for a hundred times
 * the time. Undefined with fewer than two sizes.
 */
export function fitGrowth(measured: readonly Measured[], writes: boolean): Growth | undefined {
  if (measured.length < 2) {
    return undefined;
  }
  const [best] = (writes ? quadratic : linear)
    .filter((powers) => powers.length <= measured.length)
    .map((powers) => leastSquares(measured, powers))
    .filter((growth) => Object.values(growth).every((value: number) => value >= 0))
    .sort((one, other) => errorOf(one, measured) - errorOf(other, measured));
  return best;
}

function errorOf({ fixed, perCluster, perSquare }: Growth, measured: readonly Measured[]): number {
  const shares = measured.map(
    ({ clusters, seconds }) => (fixed + perCluster * clusters + perSquare * clusters ** 2) / seconds,
  );
  return sum(shares.map((share) => (share - 1) ** 2));
}

/** The coefficients of these powers of the number of clusters, by the normal equations. */
function leastSquares(measured: readonly Measured[], powers: readonly number[]): Growth {
  const weighted = measured.map(({ clusters, seconds }) =>
    powers.map((power) => clusters ** power / seconds),
  );
  const matrix = powers.map((_, row) => [
    ...powers.map((__, column) => sum(weighted.map((terms) => terms[row]! * terms[column]!))),
    sum(weighted.map((terms) => terms[row]!)),
  ]);
  const solution = solve(matrix);
  const of = (power: number) => (powers.includes(power) ? solution[powers.indexOf(power)]! : 0);
  return { fixed: of(0), perCluster: of(1), perSquare: of(2) };
}

/** Gauss-Jordan elimination; the last column is the right-hand side. */
function solve(matrix: number[][]): number[] {
  for (const at of matrix.keys()) {
    const pivot = matrix
      .slice(at)
      .reduce((best, row) => (Math.abs(row[at]!) > Math.abs(best[at]!) ? row : best));
    const from = matrix.indexOf(pivot);
    [matrix[at], matrix[from]] = [pivot, matrix[at]!];
    const scaled = pivot.map((value) => value / pivot[at]!);
    matrix[at] = scaled;
    for (const [other, row] of matrix.entries()) {
      if (other !== at) {
        matrix[other] = row.map((value, column) => value - row[at]! * scaled[column]!);
      }
    }
  }
  return matrix.map((row) => row.at(-1)!);
}

/** The growth of one operation of one contestant, and what the checkpoints take of it. */
export interface GrowthRow {
  step: Step;
  contestant: Contestant;
  /** At each latency; undefined where it was not measured. */
  growths: (Growth | undefined)[];
  /** At the lowest latency and the largest size, with and without checkpoints; undefined where it was not measured. */
  largest: { clusters: number; seconds: number; withoutCheckpoints: number | undefined };
}

/** @param withoutCheckpoints the same operations, where the engine writes the state only at the end */
export function growthRows(results: Results, withoutCheckpoints: readonly ResultRow[]): GrowthRow[] {
  const unwritten = new Results(withoutCheckpoints);
  const [lowest = 0] = results.latencies;
  return steps.flatMap((step) =>
    results.contestants.flatMap((contestant) => {
      const measuredAt = (latencyMs: number) =>
        results.sizes.flatMap((clusters) => results.of(contestant, step, clusters, latencyMs) ?? []);
      const last = measuredAt(lowest).at(-1);
      if (last === undefined) {
        return [];
      }
      const { clusters, seconds } = last;
      return [
        {
          step,
          contestant,
          growths: results.latencies.map((latencyMs) =>
            fitGrowth(measuredAt(latencyMs), writingSteps.includes(step)),
          ),
          largest: {
            clusters,
            seconds,
            withoutCheckpoints: unwritten.of(contestant, step, clusters, lowest)?.seconds,
          },
        },
      ];
    }),
  );
}
