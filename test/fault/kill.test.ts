/**
 * Promise: when the engine or the provider is killed or interrupted after the service has made a change and before the
 * engine has recorded it, an ordinary `up` ends with exactly the clusters of the program. With the plugin: plugin/providerIds.test.ts.
 */
import { describe, expect, vi } from "vitest";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { dynamicHost, type Host, hosts } from "../e2e/hosts.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";

// Many operations each; one takes ten seconds where every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const named =
  ({ HpcCluster }: Host, name: string): Program =>
  async () => ({ id: new HpcCluster("rendering", { name }).id });
const none: Program = async () => ({});

const idsInState = (stack: TestStack) => clustersInState(stack).map(({ id }) => id ?? "none");
const namesInState = (stack: TestStack) => clustersInState(stack).map(({ outputs }) => outputs?.["name"]);

/** `pulumi up` as a user runs it who does what the engine asks for. */
async function recover(stack: TestStack): Promise<void> {
  try {
    await stack.up();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes("currently locked")) {
      throw error;
    }
    await stack.cancel();
    await stack.up();
  }
}

test.for(["provider", "engine"] as const)(
  "SIGKILL of the %s after the commit of create, update and delete: an ordinary up ends with the same cluster",
  async (which, { ecs }) => {
    await using stack = await createEcsStack(ecs, { program: none });
    const steps = [
      ["CreateHpcCluster", named(dynamicHost, "render-farm"), ["render-farm"]],
      ["ModifyHpcClusterAttribute", named(dynamicHost, "farm-2"), ["farm-2"]],
      ["DeleteHpcCluster", none, []],
    ] as const;
    for (const [action, program, names] of steps) {
      const before = { ids: idsInState(stack), names: namesInState(stack) };
      stack.setProgram(program);
      const hold = ecs.hold({ action, when: "afterCommit" });
      const operation = stack.start("up");
      await hold.reached;
      const committed = storedIds(ecs);
      expect(ecs.store.clusters().map(({ name }) => name)).toEqual(names);
      operation.kill(which);
      hold.drop();
      await failureOf(operation.result);
      expect({ ids: idsInState(stack), names: namesInState(stack) }).toEqual(before);

      await recover(stack);
      expect(storedIds(ecs)).toEqual(committed);
      expect(idsInState(stack)).toEqual(committed);
      expect(namesInState(stack)).toEqual(names);
      expect(ecs.store.clusters().map(({ name }) => name)).toEqual(names);
      expect(new Set(sentTokens(ecs)).size).toBe(1);
    }
  },
);

// The plugin hears of the first SIGINT and gives up the wait on purpose: test/plugin/cancellation.test.ts.
describe("SIGINT in the middle of a create", () => {
  test.for(["once", "twice"] as const)(
    "dynamic provider: %s: the next up has the cluster that was created",
    async (times, { ecs }) => {
      await using stack = await createEcsStack(ecs, { program: named(dynamicHost, "render-farm") });
      const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
      const operation = stack.start("up");
      await hold.reached;
      const committed = storedIds(ecs);
      operation.kill("engine", "SIGINT");
      await operation.event(({ cancelEvent, diagnosticEvent, stdoutEvent }) =>
        [cancelEvent, diagnosticEvent, stdoutEvent].some((event) => event !== undefined),
      );
      if (times === "once") {
        // The create is finished, and the next up has nothing to do.
        hold.release();
        await failureOf(operation.result);
        expect(idsInState(stack)).toEqual(committed);
        expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
        expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
      } else {
        operation.kill("engine", "SIGINT");
        await failureOf(operation.result);
        hold.drop();
        await recover(stack);
      }
      expect(storedIds(ecs)).toEqual(committed);
      expect(idsInState(stack)).toEqual(committed);
    },
  );

  test.for(hosts)(
    "$name: to engine and provider at once, as a terminal sends it: the next up has one cluster",
    async (host, { ecs }) => {
      await using stack = await createEcsStack(ecs, { program: named(host, "render-farm") });
      const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
      const operation = stack.start("up");
      await hold.reached;
      operation.kill("provider", "SIGINT");
      operation.kill("engine", "SIGINT");
      hold.drop();
      await operation.result.catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      await recover(stack);
      expect(storedIds(ecs)).toHaveLength(1);
      expect(idsInState(stack)).toEqual(storedIds(ecs));
    },
  );
});
