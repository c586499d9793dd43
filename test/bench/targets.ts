/** What the package aims at, and whether a run meets it. */
import { type Step, type StepResult, createsPerSecond, steps } from "./life.ts";
import type { LoadTime } from "./loadTime.ts";
import type { Medians } from "./medians.ts";

/** A number with an upper bound. */
export interface Target {
  what: string;
  atMost: number;
  unit: string;
  /** Undefined where this run did not measure it. */
  value: number | undefined;
}

/** The whole run starts faster than the SDK's own dynamic provider, and no operation is slower. */
const fasterSteps: readonly Step[] = ["preview", "up"];

/** A read after each create, and the list of the region. */
const describesOfUp: Readonly<Record<number, number>> = { 200: 201, 1000: 1001 };

/** @param throttled the `up` operations against a service that takes so many creates a second */
export function targetsOf(
  medians: Medians,
  throttled: readonly StepResult[],
  loadTime: LoadTime | undefined,
): Target[] {
  const [lowest = 0] = medians.latencies;
  const times = medians.sizes.flatMap((clusters) =>
    steps.map((step) => ({
      what: `${step}, ${clusters.toLocaleString("en")} clusters`,
      atMost: fasterSteps.includes(step) ? 0.92 : 1,
      unit: "of the floor",
      value: medians.ratio("package", step, clusters, lowest),
    })),
  );
  const memory = medians.sizes.map((clusters) => ({
    what: `provider's peak memory over the floor's, ${clusters.toLocaleString("en")} clusters`,
    atMost: 10,
    unit: "MB",
    value: difference(
      medians.peakMegabytes("package", clusters, lowest),
      medians.peakMegabytes("floor", clusters, lowest),
    ),
  }));
  const describes = Object.entries(describesOfUp).map(([clusters, atMost]) => ({
    what: `up, ${Number(clusters).toLocaleString("en")} clusters`,
    atMost,
    unit: "DescribeHpcClusters calls",
    value: medians.of("package", "up", Number(clusters), lowest)?.describeCalls,
  }));
  return [
    ...times,
    ...memory,
    throttledTarget(throttled),
    ...describes,
    {
      what: "refresh -p 100, 1,000 clusters",
      atMost: 20,
      unit: "DescribeHpcClusters calls",
      value: medians.of("package", "refresh -p 100", 1000, lowest)?.describeCalls,
    },
    { what: "load time over @pulumi/pulumi", atMost: 30, unit: "ms", value: loadTime?.ownMs },
  ];
}

function throttledTarget(throttled: readonly StepResult[]): Target {
  const result = throttled.find(({ contestant }) => contestant === "package");
  const clusters = result?.clusters ?? 200;
  const least = clusters / createsPerSecond;
  return {
    what: `up, ${clusters} clusters at ${createsPerSecond} creates a second, first call to last answer`,
    atMost: 1.05,
    unit: `of ${least} s`,
    value: result === undefined ? undefined : result.createSeconds / least,
  };
}

function difference(own: number | undefined, other: number | undefined): number | undefined {
  return own === undefined || other === undefined ? undefined : own - other;
}
