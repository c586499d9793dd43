/**
 * Promise: when the engine or the provider is killed or interrupted after the service has made a change and before the
 * engine has recorded it, an ordinary `up` ends with exactly the clusters of the program.
 */
import { afterAll, describe, expect, vi } from "vitest";
import { clusterOps, clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import { dynamicHost, type Host, hosts, pluginHost } from "../e2e/hosts.ts";
import type { ActionName } from "../../emulator/emulator.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";

// Many operations each; one takes ten seconds where every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const named =
  ({ HpcCluster }: Host, name: string): Program =>
  async () => ({ id: new HpcCluster("rendering", { name }).id });
const none: Program = async () => ({});

interface Change {
  action: ActionName;
  before: Program | undefined;
  after: Program;
  /** The names of all clusters once the change has been made. */
  names: string[];
}
const changesOf = (host: Host): Record<"create" | "update" | "delete", Change> => ({
  create: {
    action: "CreateHpcCluster",
    before: undefined,
    after: named(host, "render-farm"),
    names: ["render-farm"],
  },
  update: {
    action: "ModifyHpcClusterAttribute",
    before: named(host, "render-farm"),
    after: named(host, "farm-2"),
    names: ["farm-2"],
  },
  delete: { action: "DeleteHpcCluster", before: named(host, "render-farm"), after: none, names: [] },
});

const table: Record<string, string>[] = [];
afterAll(() => {
  const columns = Object.keys(table[0] ?? {});
  const width = (column: string) =>
    Math.max(...[column, ...table.map((row) => row[column] ?? "")].map(({ length }) => length));
  const line = (cell: (column: string) => string) =>
    columns.map((column) => cell(column).padEnd(width(column))).join("  ");
  console.log([line((column) => column), ...table.map((row) => line((column) => row[column]!))].join("\n"));
});

const idsInState = (stack: TestStack) => clustersInState(stack).map(({ id }) => id ?? "none");
const shown = (ids: string[]) => ids.join(" ") || "none";

/** `pulumi up` as a user runs it who does what the engine asks for, and the commands that it took. */
async function recover(stack: TestStack): Promise<string[]> {
  const commands: string[] = [];
  try {
    commands.push("up");
    await stack.up();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes("currently locked")) {
      throw error;
    }
    await stack.cancel();
    commands.push("cancel", "up");
    await stack.up();
  }
  return commands;
}

const victims = hosts.flatMap((host) => (["provider", "engine"] as const).map((which) => ({ host, which })));
describe.each(victims)("$host.name: SIGKILL of the $which", ({ host, which }) => {
  test.for(["create", "update", "delete"] as const)(
    "after the commit of a %s: an ordinary up ends with the same cluster",
    async (kind, { ecs }) => {
      const { action, before, after, names } = changesOf(host)[kind];
      await using stack = await createEcsStack(ecs, { program: before ?? none });
      if (before !== undefined) {
        await stack.up();
      }
      stack.setProgram(after);

      const hold = ecs.hold({ action, when: "afterCommit" });
      const operation = stack.start("up");
      await hold.reached;
      const committed = storedIds(ecs);
      expect(ecs.store.clusters().map(({ name }) => name)).toEqual(names);
      operation.kill(which);
      hold.drop();
      await expect(operation.result).rejects.toThrow();
      const stateAfterKill = idsInState(stack);
      expect(stateAfterKill).toHaveLength(kind === "create" ? 0 : 1);

      const commands = await recover(stack);
      expect(storedIds(ecs)).toEqual(committed);
      expect(idsInState(stack)).toEqual(committed);
      expect(ecs.store.clusters().map(({ name }) => name)).toEqual(names);
      expect(new Set(sentTokens(ecs)).size).toBe(1);
      table.push({
        host: host.name,
        killed: which,
        during: kind,
        "service at the kill": shown(committed),
        "state at the kill": shown(stateAfterKill),
        then: commands.join(", "),
        "service after": shown(storedIds(ecs)),
        "state after": shown(idsInState(stack)),
      });

      await stack.up({ expectNoChanges: true });
    },
  );
});

// The plugin hears of the first SIGINT and gives up the wait on purpose: test/plugin/cancellation.test.ts.
describe("SIGINT in the middle of a create", () => {
  test("dynamic provider: once: the create is finished, and the next up has nothing to do", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: named(dynamicHost, "render-farm") });
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const operation = stack.start("up");
    await hold.reached;
    const committed = storedIds(ecs);
    operation.kill("engine", "SIGINT");
    await operation.event(({ cancelEvent, diagnosticEvent, stdoutEvent }) =>
      [cancelEvent, diagnosticEvent, stdoutEvent].some((event) => event !== undefined),
    );
    hold.release();
    await expect(operation.result).rejects.toThrow();
    expect(idsInState(stack)).toEqual(committed);

    expect(clusterOps(await stack.up())).toEqual({ rendering: ["same"] });
    expect(storedIds(ecs)).toEqual(committed);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(1);
  });

  const held = [
    { host: dynamicHost, when: "afterCommit" },
    { host: dynamicHost, when: "beforeCommit" },
    { host: pluginHost, when: "afterCommit" },
  ] as const;
  test.for(held)(
    "$host.name: to engine and provider at once, as a terminal sends it, held $when: the next up has one cluster",
    async ({ host, when }, { ecs }) => {
      await using stack = await createEcsStack(ecs, { program: named(host, "render-farm") });
      const hold = ecs.hold({ action: "CreateHpcCluster", when });
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

  test("dynamic provider: twice: the next up has the cluster that was created", async ({ ecs }) => {
    await using stack = await createEcsStack(ecs, { program: named(dynamicHost, "render-farm") });
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const operation = stack.start("up");
    await hold.reached;
    const committed = storedIds(ecs);
    operation.kill("engine", "SIGINT");
    await operation.event(({ cancelEvent, diagnosticEvent, stdoutEvent }) =>
      [cancelEvent, diagnosticEvent, stdoutEvent].some((event) => event !== undefined),
    );
    operation.kill("engine", "SIGINT");
    await expect(operation.result).rejects.toThrow();
    hold.drop();
    await recover(stack);
    expect(storedIds(ecs)).toEqual(committed);
    expect(idsInState(stack)).toEqual(committed);
  });
});
