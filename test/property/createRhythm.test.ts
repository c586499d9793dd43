import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DescribeBatch } from "../../provider/ecs/describeBatch.ts";

// The engine's default is eight workers then, on any machine.
vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  availableParallelism: () => 2,
}));

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    }),
);
afterEach(() => void vi.useRealTimers());

interface Circumstances {
  clusters: number;
  /** The engine's `--parallel`. */
  workers: number;
  /** How long a call takes. */
  latencyMs: number;
  /** Whether writes and calls take different times, of the same mean. */
  varies?: boolean;
  /** False: every read is a call of its own, which costs no time. */
  batched?: boolean;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Times between 0.3 and 3 of the mean, the same in every run. */
function* variations(varies: boolean): Generator<number, never> {
  for (let state = 1; ; state = (Math.imul(state, 1664525) + 1013904223) >>> 0) {
    yield varies ? 0.3 + 0.7 * -Math.log(1 - (state / 2 ** 32) * 0.98) : 1;
  }
}

/**
 * `pulumi up` in virtual time: a limited number of workers, and before and after each create the engine writes its checkpoint, one
 * write at a time, which takes the longer the more clusters it contains.
 */
async function up({ clusters, workers, latencyMs, varies = false, batched = true }: Circumstances) {
  const variation = variations(varies);
  const latency = () => sleep(latencyMs * variation.next().value);
  let calls = 0;
  const batch = new DescribeBatch(async (ids) => {
    calls += 1;
    await latency();
    return { items: ids.map((HpcClusterId) => ({ HpcClusterId, Name: HpcClusterId })) };
  });
  let written: Promise<unknown> = Promise.resolve();
  let made = 0;
  const write = () => (written = written.then(() => sleep((3 + 0.045 * made) * variation.next().value)));
  let next = 0;
  const work = async () => {
    while (next < clusters) {
      const id = `hpc-${(next += 1)}`;
      await write();
      await batch.create(latency);
      made += 1;
      await (batched ? batch.load(id) : latency());
      await write();
    }
  };
  for (let number = 0; number < clusters; number += 1) {
    batch.announceCreate();
  }
  const started = performance.now();
  let ms: number | undefined;
  void Promise.all(Array.from({ length: workers }, work)).then(() => (ms = performance.now() - started));
  while (ms === undefined) {
    await vi.advanceTimersByTimeAsync(1_000);
  }
  return { calls, ms };
}

test.each([
  { clusters: 200, workers: 8, latencyMs: 5, atMost: 50 },
  { clusters: 200, workers: 8, latencyMs: 5, varies: true, atMost: 50 },
  { clusters: 200, workers: 16, latencyMs: 50, atMost: 60 },
  { clusters: 200, workers: 100, latencyMs: 50, atMost: 60 },
  { clusters: 1_000, workers: 8, latencyMs: 5, atMost: 150 },
])(
  "$clusters creates with $workers workers and $latencyMs ms of latency: at most $atMost reads",
  async (circumstances) => {
    const { calls } = await up(circumstances);
    expect(calls).toBeLessThanOrEqual(circumstances.atMost);
  },
  120_000,
);

test.each([
  { clusters: 1, workers: 8, latencyMs: 5 },
  { clusters: 50, workers: 8, latencyMs: 5 },
  { clusters: 200, workers: 1, latencyMs: 5 },
  { clusters: 200, workers: 2, latencyMs: 50 },
  { clusters: 200, workers: 8, latencyMs: 5, varies: true },
  { clusters: 200, workers: 8, latencyMs: 50 },
  { clusters: 200, workers: 100, latencyMs: 50 },
  { clusters: 1_000, workers: 8, latencyMs: 5 },
])(
  "$clusters creates with $workers workers and $latencyMs ms of latency take hardly longer than with calls of their own",
  async (circumstances) => {
    const alone = await up({ ...circumstances, batched: false });
    const { ms } = await up(circumstances);
    // A worker that finds the last reads unanswered waits for them, and the number of workers has to be learned.
    expect(ms).toBeLessThanOrEqual(1.1 * alone.ms + 200);
  },
  120_000,
);
