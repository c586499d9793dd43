/** One life of the soak on the real engine: the soak itself takes place on a model of it (core/soak.test.ts). */
import { expect, test, vi } from "vitest";
import { EngineStage } from "./engineStage.ts";
import { soakOnce, storyOf } from "./soak.ts";

vi.setConfig({ testTimeout: 300_000 });

test("a random life with faults and kills leaves no duplicate, no orphan and no lost id", async () => {
  const report = await soakOnce(20_260_160, (ecs, configuration, seed) =>
    EngineStage.create(ecs, configuration, seed),
  );
  expect(storyOf(report)).not.toContain("WRONG");
  expect(report).toMatchObject({ duplicates: [], orphans: [], lost: [], problems: [] });
  // Whether a kill finds its moment depends on the engine's timing; kill.test.ts holds that promise.
  expect(report.operations).toBeGreaterThan(5);
});
