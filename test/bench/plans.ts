/** Which lives a benchmark consists of, and in which order. */
import { type Contestant, contestants } from "./contestants.ts";
import type { Circumstance, LifePlan } from "./life.ts";

/** What is measured. */
export interface Extent {
  contestants: readonly Contestant[];
  sizes: readonly number[];
  /** Of the service, milliseconds. */
  latencies: readonly number[];
  rounds: number;
  /**
   * Whether every combination takes all rounds. Otherwise slow contestants, higher latencies and 1,000 clusters take one round,
   * and 1,000 clusters at a higher latency none.
   */
  isEven: boolean;
  /** The number of clusters of the `up` against a service that throttles. */
  throttled?: number | undefined;
  /** The number of clusters of the lives without checkpoints. */
  withoutCheckpoints?: number | undefined;
}

/** From this number of clusters on, a life takes minutes: the engine writes the whole state after every step. */
const many = 1000;

/** All lives, in order: rounds outermost, contestants innermost and in a different order each round. */
export function plansOf(extent: Extent): LifePlan[] {
  const { latencies, sizes, rounds } = extent;
  const [lowest = 0] = latencies;
  const usual = Array.from({ length: rounds }, (_, round) =>
    sizes.flatMap((clusters) =>
      latencies.flatMap((latencyMs) =>
        inTurn(extent.contestants, round).map((contestant): LifePlan => {
          return { contestant, circumstance: "usual", clusters, latencyMs, round };
        }),
      ),
    ),
  ).flat();
  const once = (
    circumstance: Circumstance,
    clusters: number | undefined,
    takesPart: (contestant: Contestant) => boolean,
  ): LifePlan[] =>
    clusters === undefined
      ? []
      : extent.contestants
          .filter(takesPart)
          .map((contestant) => ({ contestant, circumstance, clusters, latencyMs: lowest, round: 0 }));
  return [
    ...usual.filter((plan) => isWanted(plan, extent)),
    ...once("throttled", extent.throttled, (contestant) => contestants[contestant].isMeasuredThrottled),
    ...once("no checkpoints", extent.withoutCheckpoints, (contestant) => !contestants[contestant].isSlow),
  ];
}

function isWanted(
  { contestant, clusters, latencyMs, round }: LifePlan,
  { latencies, isEven }: Extent,
): boolean {
  const { callsService, isSlow } = contestants[contestant];
  const isHigher = latencyMs !== latencies[0];
  if (isHigher && !callsService) {
    return false;
  }
  const isLong = clusters >= many;
  return isEven || (round === 0 ? !(isHigher && isLong) : !(isSlow || isHigher || isLong));
}

function inTurn(names: readonly Contestant[], round: number): Contestant[] {
  return names.map((_, at) => names[(at + round) % names.length]!);
}

/** A rough duration, for the progress report; only the proportions matter. */
export function guessSeconds({ contestant, circumstance, clusters, latencyMs }: LifePlan): number {
  const { isSlow } = contestants[contestant];
  if (circumstance === "throttled") {
    return 15;
  }
  const writing = circumstance === "usual" ? (clusters / many) ** 2 * 80 * (isSlow ? 6 : 1) : 0;
  return 10 + clusters * 0.04 + writing + (clusters * latencyMs) / 2000;
}
