/** The tests that `npm run test:mutation` runs against every mutant: the quick ones of the core. See stryker.config.json. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: ".",
    include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
    setupFiles: ["test/mutation/homeOfThread.ts"],
    testTimeout: 30_000,
  },
});
