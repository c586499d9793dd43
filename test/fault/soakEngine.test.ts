/** Two lives of the soak on the real engine: the soak itself takes place on a model of it (core/soak.test.ts). */
import { expect, test, vi } from "vitest";
import { EngineStage } from "./engineStage.ts";
import { soakOnce, storyOf } from "./soak.ts";

vi.setConfig({ testTimeout: 300_000 });

test.each([
  ["on the dynamic provider, with kills", 20_260_160],
  ["on the plugin, which moves to the dynamic provider", 20_260_165],
])("a random life %s leaves no duplicate, no orphan and no lost id", async (_how, first) => {
  const report = await soakOnce(first, (ecs, configuration, seed) =>
    EngineStage.create(ecs, configuration, seed),
  );
  expect(storyOf(report)).not.toContain("WRONG");
  expect(report).toMatchObject({ duplicates: [], orphans: [], lost: [], problems: [] });
  // Whether a kill finds its moment depends on the engine's timing; kill.test.ts holds that promise.
  expect(report.operations).toBeGreaterThan(5);
});
