/**
 * Unusual answers of the service lose no cluster, create no second one and end every run: incomplete lists, lists that lag, a
 * lone surrogate, a body that never ends, a long wait that the service asks for, values and ids in another form than they were sent.
 */
import { expect, test } from "vitest";
import type { FaultRule } from "../../emulator/fault.ts";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import type { TestStack } from "../engine/stack.ts";
import { clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";
import { dynamicHost, type Host, hosts } from "./hosts.ts";

/** Runs the test with a stack of one cluster, which has not been created yet. */
async function withStack(
  run: (stack: TestStack, ecs: Emulator) => Promise<void>,
  { HpcCluster }: Host = dynamicHost,
): Promise<void> {
  const ecs = await startEmulator();
  try {
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        new HpcCluster("farm", { name: "farm", description: "Frames " });
      },
      config: { "alicloud:maxRetryTimeout": "5", "alicloud:clientReadTimeout": "3000" },
    });
    await run(stack, ecs);
  } finally {
    await ecs.stop();
  }
}

const held = (stack: TestStack) => clustersInState(stack).map(({ id }) => id);
const live = (ecs: Emulator) => ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);

const describeFaults: FaultRule[] = (["itemMissing", "itemWithoutName", "nullItem"] as const).map((list) => ({
  kind: "badList",
  list,
  action: "DescribeHpcClusters",
}));

test.concurrent.for<FaultRule>([
  ...describeFaults,
  { kind: "endlessBody", action: "DescribeHpcClusters" },
  { kind: "brokenGzip", action: "DescribeHpcClusters" },
])("a refresh whose answer is wrong (%j) fails and drops nothing", async (fault) => {
  await withStack(async (stack, ecs) => {
    await stack.up();
    const before = held(stack);
    const rule = ecs.faults.add(fault);
    await failureOf(stack.refresh());
    expect(held(stack)).toEqual(before);
    expect(rule.injected).toBeGreaterThan(0);
  });
});

test.concurrent("a list that lags, and then shows the cluster, drops nothing in a refresh", async () => {
  await withStack(async (stack, ecs) => {
    ecs.faults.add({ kind: "lateVisible", describes: 3, action: "DescribeHpcClusters" });
    await stack.up();
    await stack.refresh({ expectNoChanges: true });
    expect(held(stack)).toEqual(live(ecs));
  });
});

test.concurrent.for<FaultRule>([
  { kind: "noRequestId", action: "CreateHpcCluster" },
  {
    kind: "error",
    action: "CreateHpcCluster",
    status: 500,
    code: "InternalError",
    message: "\ud800",
    times: 1,
  },
  { kind: "brokenGzip", action: "CreateHpcCluster", times: 1 },
])("a creation whose answer is unusual (%j) keeps the one cluster", async (fault) => {
  await withStack(async (stack, ecs) => {
    ecs.faults.add(fault);
    await stack.up();
    expect(held(stack)).toEqual(live(ecs));
    expect(live(ecs)).toHaveLength(1);
  });
});

const lies: FaultRule[] = [
  { kind: "storedValues", change: "trim" },
  { kind: "storedValues", change: "upperCase" },
  { kind: "lateValues", ms: 1_500 },
  { kind: "upperCaseIds" },
  { kind: "wrongTotal", total: "empty", action: "DescribeHpcClusters", times: 1 },
];
test.concurrent.for(hosts.flatMap((host) => lies.map((lie) => ({ host, lie, name: host.name }))))(
  "$name: a service that tells $lie gets one cluster made, and it is in the state",
  async ({ host, lie }) => {
    await withStack(async (stack, ecs) => {
      ecs.faults.add(lie);
      const { output } = await stack.up();
      expect(live(ecs)).toHaveLength(1);
      expect(held(stack)).toEqual(live(ecs));
      if (lie.kind === "storedValues") {
        expect(output).toMatch(/warning: .*has been created, but DescribeHpcClusters shows another/);
      }
      expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
    }, host);
  },
);

test.concurrent("a refused creation with a lone surrogate, or a wait of an hour, ends the run", async () => {
  await withStack(async (stack, ecs) => {
    const refusal: FaultRule = {
      kind: "error",
      action: "CreateHpcCluster",
      status: 400,
      code: "Invalid.Parameter",
      message: "\udfff",
      times: 1,
    };
    ecs.faults.add(refusal);
    expect((await failureOf(stack.up())).output).toContain("Invalid.Parameter");
    ecs.faults.add({ kind: "throttling", action: "CreateHpcCluster", retryAfterMs: 3_600_000 });
    expect((await failureOf(stack.up())).output).toContain("Throttling.User");
    expect(live(ecs)).toEqual([]);
  });
});
