import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const filesIn = (...folders: string[]): string[] => folders.map((folder) => `test/${folder}/**/*.test.ts`);

// The others in their folder need the engine.
const withoutEngine = ["test/plugin/schema.test.ts"];

/** Those that take longer than half a minute, although their files are not the largest, with which Vitest begins. */
const slowOnes =
  /core\/crashPoints|consumer\/|sdks|fault\/kill|moving\/|explicitProviders|auditCommands|twoEntries|drift/;

/** Begins with the slow files: at the end each would run alone. */
class SlowOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification) => slowOnes.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    sequence: { sequencer: SlowOnesFirst },
    // Engine tests often wait, for deadlines or throttling: one worker more than there are cores uses that time.
    maxWorkers: Math.max(2, availableParallelism() + 1),
    projects: [
      {
        // Neither engine nor network: `vitest run --project pure` while writing.
        extends: true,
        test: {
          name: "pure",
          include: [
            ...filesIn("unit", "property", "contract", "emulator", "bench", "docs", "fault/core"),
            ...withoutEngine,
          ],
          // A process that a test starts can take long on a busy machine.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "engine",
          include: filesIn("engine", "plugin", "rpc", "e2e", "moving", "fault", "consumer", "cloud"),
          exclude: [...filesIn("fault/core"), ...withoutEngine],
          globalSetup: "test/engine/globalSetup.ts",
          // An operation takes about a second alone, and several when every core has an engine of its own.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          teardownTimeout: 30_000,
        },
      },
    ],
  },
});
