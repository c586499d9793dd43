/** ClientTokens that the service knows already, and clusters that are deleted or show late: always exactly one cluster. */
import { describe, expect, vi } from "vitest";
import type { Emulator } from "../../../emulator/emulator.ts";
import { sentTokens, storedIds } from "../localEcs.ts";
import { type SimulatedEcs, SimulatedStack, test } from "./simulatedStack.ts";
import { type HostName, hostNames, type Wanted, type Wants } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 120_000 });

const stackOf = (ecs: SimulatedEcs, host?: HostName) => new SimulatedStack(ecs, {}, host);

const wanted: Wanted = { name: "render-farm", description: "Nightly frames" };
const one: Wants = new Map([["rendering", wanted]]);
const none: Wants = new Map();

/** The only cluster that the service has; the state has the same. */
function onlyId(ecs: Emulator, stack: SimulatedStack): string {
  const [id = "none", ...others] = storedIds(ecs);
  expect(others).toEqual([]);
  expect(stack.kept()).toEqual([{ resource: "rendering", id }]);
  return id;
}

describe.each(hostNames)("a new cluster instead of a deleted one, on the %s host", (host) => {
  test.for<[string, (ecs: Emulator, stack: SimulatedStack) => Promise<void>]>([
    ["a destroy", (_ecs, stack) => stack.destroy()],
    ["a removal from the program", (_ecs, stack) => stack.up(none)],
    ["a forced replacement", (_ecs, stack) => stack.up(one, { replaced: ["rendering"] })],
    [
      "a deletion outside Pulumi and a refresh",
      async (ecs, stack) => {
        ecs.store.remove(storedIds(ecs)[0]!);
        await stack.refresh();
        expect(stack.kept()).toEqual([]);
      },
    ],
  ])("after %s, each time", async ([, remove], { ecs }) => {
    const stack = stackOf(ecs, host);
    await stack.up(one);
    const ids = [onlyId(ecs, stack)];
    for (const _time of ["first", "second"]) {
      await remove(ecs, stack);
      await stack.up(one);
      const id = onlyId(ecs, stack);
      expect(ids).not.toContain(id);
      ids.push(id);
    }
  });

  test("a replacement does not try the tokens of earlier clusters again", async ({ ecs }) => {
    const stack = stackOf(ecs, host);
    await stack.up(one);
    await stack.up(one, { replaced: ["rendering"] });
    // The first token, which returned the deleted cluster, then the next one.
    expect(sentTokens(ecs)).toHaveLength(3);
    expect(new Set(sentTokens(ecs)).size).toBe(2);
    await stack.up(one, { replaced: ["rendering"] });
    expect(sentTokens(ecs)).toHaveLength(4);
    expect(new Set(sentTokens(ecs)).size).toBe(3);
    onlyId(ecs, stack);
  });

  test("an explicit clientToken is an error that says what to do", async ({ ecs }) => {
    const stack = stackOf(ecs, host);
    const withToken = (clientToken: string): Wants => new Map([["rendering", { ...wanted, clientToken }]]);
    await stack.up(withToken("first"));
    const id = onlyId(ecs, stack);
    expect(sentTokens(ecs)).toEqual(["first"]);
    await stack.up(none);
    await expect(stack.up(withToken("first"))).rejects.toThrow(
      new RegExp(
        `returned ${id}, which was created earlier with this clientToken .*deleted since.*Give clientToken a new value, or remove it`,
      ),
    );
    expect(storedIds(ecs)).toEqual([]);
    expect(stack.kept()).toEqual([]);
    await stack.up(withToken("second"));
    onlyId(ecs, stack);
  });
});

test("a replacement that is created before the deletion gets the same cluster, which is kept with a warning", async ({
  ecs,
}) => {
  const stack = stackOf(ecs);
  await stack.up(one);
  const id = onlyId(ecs, stack);
  const first = { ...wanted, deleteBeforeReplace: false };
  await stack.up(new Map([["rendering", first]]), { replaced: ["rendering"] });
  expect(onlyId(ecs, stack)).toBe(id);
  expect(ecs.calls("DeleteHpcCluster")).toEqual([]);
  expect(stack.printed).toEqual([
    expect.stringContaining(`already had the HPC cluster ${id}`),
    expect.stringContaining(`HPC cluster ${id} is kept`),
  ]);
});

describe("a cluster that shows late", () => {
  test("is waited for", async ({ ecs }) => {
    const late = ecs.faults.add({ kind: "lateVisible", describes: 5, action: "CreateHpcCluster" });
    const stack = stackOf(ecs);
    await stack.up(one);
    expect(late.injected).toBe(1);
    onlyId(ecs, stack);
    expect(stack.entry("rendering")?.initErrors).toEqual([]);
    expect(sentTokens(ecs)).toHaveLength(1);
  });

  test("later than the grace period: its id is in the state, and the next `up` goes on with it", async ({
    ecs,
  }) => {
    ecs.faults.add({ kind: "lateVisible", describes: 1_000, action: "CreateHpcCluster" });
    const stack = stackOf(ecs);
    await expect(stack.up(one)).rejects.toThrow("has been created in cn-hangzhou, but DescribeHpcClusters");
    const id = onlyId(ecs, stack);
    expect(stack.entry("rendering")?.initErrors).toEqual([expect.stringContaining(id)]);

    // The same cluster, visible from now on.
    const { name, description } = ecs.store.find(id)!;
    ecs.store.remove(id);
    ecs.store.add({ hpcClusterId: id, name, description });
    await stack.up(one);
    expect(onlyId(ecs, stack)).toBe(id);
    expect(stack.entry("rendering")?.initErrors).toEqual([]);
    expect(sentTokens(ecs)).toHaveLength(1);
  });
});
