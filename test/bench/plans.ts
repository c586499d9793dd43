/** Which lives a benchmark consists of, and in which order. */
import { type Contestant, contestants } from "./contestants.ts";

/** What is unusual in a life. */
export type Circumstance =
  | "usual"
  /** The engine writes the state only at the end of each operation. */
  | "no checkpoints"
  /** Only an `up`, against a service that takes `createsPerSecond`. */
  | "throttled";

/** One life: who runs it, with how many clusters, at which latency. */
export interface LifePlan {
  contestant: Contestant;
  circumstance: Circumstance;
  clusters: number;
  /** The service's latency for every call. */
  latencyMs: number;
  round: number;
}

/** What is measured. */
export interface Extent {
  contestants: readonly Contestant[];
  sizes: readonly number[];
  /** Of the service, milliseconds. The higher ones are measured with the largest size only, or up to 100 clusters of several. */
  latencies: readonly number[];
  rounds: number;
  /** Whether the growth with the number of clusters is measured, instead of a service that throttles. */
  growth: boolean;
}

/** How many CreateHpcCluster calls the service takes in a throttled life, and as many at once at its start. */
export const createsPerSecond = 20;

/** The shortest time in which a throttled service takes so many creates. */
export function leastThrottledSeconds(clusters: number): number {
  return Math.max(0, clusters - createsPerSecond) / createsPerSecond;
}

/** A throttled life says something only with many more clusters than the service takes at once. */
const throttledFrom = 5 * createsPerSecond;

/** From this number of clusters on, a life takes minutes: the engine writes the whole state after every step. */
const many = 1000;

/** All lives, in order: rounds outermost, contestants innermost and in a different order each round. */
export function plansOf({ contestants: names, sizes, latencies, rounds, growth }: Extent): LifePlan[] {
  const [lowest = 0] = latencies;
  const largest = Math.max(...sizes);
  const isWanted = ({ contestant, clusters, latencyMs }: LifePlan): boolean =>
    latencyMs === lowest ||
    (contestants[contestant].callsService && (growth ? clusters < many : clusters === largest));
  const usual = Array.from({ length: rounds }, (_, round) =>
    sizes.flatMap((clusters) =>
      latencies.flatMap((latencyMs) =>
        inTurn(names, round).map((contestant): LifePlan => {
          return { contestant, circumstance: "usual", clusters, latencyMs, round };
        }),
      ),
    ),
  );
  const once = (circumstance: Circumstance, takingPart: readonly Contestant[]): LifePlan[] =>
    takingPart.map((contestant) => {
      return { contestant, circumstance, clusters: largest, latencyMs: lowest, round: 0 };
    });
  // @pulumi/alicloud does not wait for a service that throttles as long as this one does.
  const throttled = names.filter((contestant) => contestants[contestant].floor !== undefined);
  return [
    ...usual.flat().filter(isWanted),
    ...(growth ? once("no checkpoints", names) : largest < throttledFrom ? [] : once("throttled", throttled)),
  ];
}

function inTurn(names: readonly Contestant[], round: number): Contestant[] {
  return names.map((_, at) => names[(at + round) % names.length]!);
}

/** A rough duration, for the progress report; only the proportions matter. */
export function guessSeconds({ circumstance, clusters, latencyMs }: LifePlan): number {
  if (circumstance === "throttled") {
    return 15;
  }
  const writing = circumstance === "usual" ? (clusters / many) ** 2 * 60 : 0;
  return 8 + clusters * 0.03 + writing + (clusters * latencyMs) / 3000;
}
