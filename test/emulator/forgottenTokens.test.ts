import { expect, test } from "vitest";

import { startEmulator, type Emulator, type EmulatorOptions } from "../../emulator/emulator.ts";
import { ask } from "./rawRequest.ts";

async function withEmulator(
  options: EmulatorOptions,
  run: (ecs: Emulator, create: () => Promise<Record<string, unknown>>) => Promise<void>,
): Promise<void> {
  const ecs = await startEmulator(options);
  const parameters = { RegionId: "cn-hangzhou", Name: "farm", ClientToken: "t" };
  try {
    await run(ecs, async () => (await ask(ecs, "CreateHpcCluster", parameters)).json);
  } finally {
    await ecs.stop();
  }
}

test("a forgotten token creates a new cluster", async () => {
  await withEmulator({}, async (ecs, create) => {
    const first = await create();
    ecs.forgetTokens();
    const second = await create();
    expect(second["HpcClusterId"]).not.toBe(first["HpcClusterId"]);
    expect((await create())["HpcClusterId"]).toBe(second["HpcClusterId"]);
    expect(ecs.store.clusters()).toHaveLength(2);
  });
});

test("a token is forgotten after tokensLastMs", async () => {
  let now = Date.now();
  await withEmulator({ tokensLastMs: 5_000, clock: () => now }, async (ecs, create) => {
    await create();
    now += 4_999;
    await create();
    expect(ecs.store.clusters()).toHaveLength(1);
    now += 1;
    await create();
    expect(ecs.store.clusters()).toHaveLength(2);
  });
});

test("a call in progress does not become complete when its token is forgotten", async () => {
  await withEmulator({}, async (ecs, create) => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const lost = create().catch((error: unknown) => error);
    await hold.reached;
    ecs.forgetTokens();
    const second = await create();
    hold.drop();
    expect(await lost).toBeInstanceOf(Error);
    expect((await create())["HpcClusterId"]).toBe(second["HpcClusterId"]);
  });
});

test.each([
  ["mismatch", "IdempotentParameterMismatch"],
  ["replay", undefined],
] as const)("the token of a deleted cluster answers with a %s", async (tokensOfDeleted, code) => {
  await withEmulator({ tokensOfDeleted }, async (ecs, create) => {
    const { HpcClusterId: id } = await create();
    expect((await create())["HpcClusterId"]).toBe(id);
    ecs.store.remove(id as string);
    expect((await create())["Code"]).toBe(code);
    expect(ecs.store.clusters()).toEqual([]);
  });
});
