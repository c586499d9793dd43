import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const filesIn = (...folders: string[]): string[] => folders.map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: "forks",
    // An engine test waits more than it computes: a worker for every core, where Vitest would leave one idle.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        // Neither engine nor network: `vitest run --project pure` while writing.
        extends: true,
        test: { name: "pure", include: filesIn("unit", "property", "contract", "emulator", "bench") },
      },
      {
        extends: true,
        test: {
          name: "engine",
          include: filesIn("engine", "rpc", "e2e", "fault", "consumer", "cloud"),
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
