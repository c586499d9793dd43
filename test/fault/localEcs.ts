/** `test` with a local ECS of its own for every test, so that tests can run beside each other. */
import { test as base } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";

/** As Vitest's, with the fixture `ecs`. */
export const test = base.extend<{ ecs: Emulator }>({
  // Vitest reads from the pattern which other fixtures this one needs: none.
  ecs: async ({}, use) => {
    const ecs = await startEmulator();
    await use(ecs);
    await ecs.stop();
  },
});

/** The ids of all clusters that there are, in the order of their creation. */
export function storedIds(ecs: Emulator): string[] {
  return ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
}

/** The ClientTokens of all calls of CreateHpcCluster so far. */
export function sentTokens(ecs: Emulator): string[] {
  return ecs.calls("CreateHpcCluster").map(({ params }) => params["ClientToken"] ?? "none");
}
