import { defineConfig } from "vitest/config";

// Each operation starts the engine.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
