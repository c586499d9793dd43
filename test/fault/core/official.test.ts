/** Clusters that come from @pulumi/alicloud: what depends on their number and region. moving/moving.test.ts has the real move. */
import { describe, expect, vi } from "vitest";
import { changingCalls } from "../../e2e/ecsStack.ts";
import { failureOf, SimulatedStack, test } from "./simulatedStack.ts";
import { hostNames, type Wanted } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 120_000 });

describe.each(hostNames)("to the %s host", (host) => {
  test("101 clusters move without a changing call, and a list of two pages is all that is read", async ({
    ecs,
  }) => {
    const stack = new SimulatedStack(ecs, {}, host);
    const wants = new Map<string, Wanted>();
    for (let at = 0; at < 101; at += 1) {
      const farm = { name: `farm-${at}`, description: "Nightly frames" };
      stack.addOfficial(`rendering-${at}`, ecs.store.add(farm).hpcClusterId);
      wants.set(`rendering-${at}`, farm);
    }
    const before = stack.kept();
    await stack.up(wants);
    expect(stack.kept()).toEqual(before);
    expect(stack.entry("rendering-100")?.outputs).toMatchObject({ regionId: "cn-hangzhou" });
    expect(changingCalls(ecs)).toEqual([]);
    expect(ecs.calls("DescribeHpcClusters")).toHaveLength(2);
  });

  test("a region in which the cluster does not show is an error that names it, and the entry stays", async ({
    ecs,
  }) => {
    const stack = new SimulatedStack(ecs, {}, host);
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    stack.addOfficial("rendering", id);
    const entry = stack.entry("rendering");
    const moved: Wanted = { name: "farm", regionId: "cn-beijing" };
    const { message } = await failureOf(stack.up(new Map([["rendering", moved]])));
    expect(message).toMatch(new RegExp(`regionId: the HPC cluster ${id}.* does not show in cn-beijing`));
    // The diff fails, not only the update: so does a preview.
    expect(stack.printed.join("\n")).not.toContain("checks it again");
    expect(stack.entry("rendering")).toEqual(entry);
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id, regionId: "cn-hangzhou" }]);
  });
});
