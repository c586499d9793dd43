/**
 * The message of every error, kept in messages.md. Read a change there like a change of the documentation:
 * `vitest run --project pure test/fault/core/messages.test.ts -u`.
 */
import { expect, vi } from "vitest";
import { type Emulator, type FaultRule, startEmulator } from "../../../emulator/emulator.ts";
import { readSettings } from "../../../provider/account/settings.ts";
import { beginOperation } from "../../../provider/cluster/operation.ts";
import { readCluster } from "../../../provider/cluster/read.ts";
import { Session } from "../../../provider/cluster/session.ts";
import { type DocumentedError, type DocumentedFor, errorCodes } from "../../errorCodes.ts";
import { configurationFor } from "./engine.ts";
import { failureOf, type SimulatedEcs, SimulatedStack, test } from "./simulatedStack.ts";
import type { Wanted, Wants } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 300_000 });

interface Chapter {
  title: string;
  entries: { title: string; text: string }[];
}
const chapters: Chapter[] = [];

function addEntry(chapter: string, title: string, text: string): void {
  let found = chapters.find((one) => one.title === chapter);
  if (found === undefined) {
    chapters.push((found = { title: chapter, entries: [] }));
  }
  found.entries.push({ title, text });
}

/** The message without what differs from run to run. */
function normalized(ecs: Emulator, message: string): string {
  return message
    .replaceAll(ecs.endpoint, "http://ENDPOINT")
    .replace(/[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}/g, "REQUEST-ID")
    .replace(/hpc-[a-z0-9]{16}/g, "hpc-ID")
    .replace(/\bi-[a-z0-9]{20}\b/g, "i-ID")
    .replace(/\d+ attempts over \d+\.\d s/g, "N attempts over N s");
}

/** A stack that gives up after a few attempts, of which none takes time. */
function stackOf(ecs: SimulatedEcs, configuration: Record<string, string> = {}): SimulatedStack {
  return new SimulatedStack(ecs, { "alicloud:maxRetryTimeout": "1", ...configuration });
}

/** The documented errors of an action that end its command; at CreateHpcCluster also those of every action. */
function documentedErrors(action: DocumentedFor): DocumentedError[] {
  return errorCodes.filter(
    (row) =>
      // A cluster that does not exist counts as deleted.
      (row.action === action && !(action === "DeleteHpcCluster" && row.code === "NotExists.HpcCluster")) ||
      (row.action === "every action" && action === "CreateHpcCluster"),
  );
}

const one = (wanted: Wanted): Wants => new Map([["rendering", wanted]]);

const commands = {
  CreateHpcCluster: ["pulumi up, of a new cluster", (stack: SimulatedStack, wants: Wants) => stack.up(wants)],
  DescribeHpcClusters: ["pulumi refresh", (stack: SimulatedStack) => stack.refresh()],
  ModifyHpcClusterAttribute: [
    "pulumi up, of a changed name",
    (stack: SimulatedStack, wants: Wants) => stack.up(wants),
  ],
  DeleteHpcCluster: ["pulumi destroy", (stack: SimulatedStack) => stack.destroy()],
} as const;

test.for(Object.keys(commands) as (keyof typeof commands)[])(
  "every documented error of %s",
  async (action, { ecs }) => {
    const [command, run] = commands[action];
    for (const [at, { status, code, message }] of documentedErrors(action).entries()) {
      const regionId = ecs.regions[at]!;
      // A derived ClientToken that is refused is followed by the next one: only an explicit one is an error.
      const clientToken = code === "IdempotentParameterMismatch" ? { clientToken: "used" } : {};
      const wants = (suffix: string) => one({ name: `farm${suffix}`, regionId, ...clientToken });
      // A stack for each error: on a shared clock, the waits of one call would use up the time of another.
      const stack = stackOf(ecs);
      if (action !== "CreateHpcCluster") {
        await stack.up(wants("-a"));
      }
      ecs.faults.add({ kind: "error", action, status, code, message, regionId });
      const line = normalized(ecs, (await failureOf(run(stack, wants("-b")))).message);
      expect(line).toContain(`${action} in ${regionId}: ${code}: `);
      addEntry(
        `${command}: errors of ${action}`,
        `${status} ${code}`,
        line.replaceAll(regionId, "cn-hangzhou"),
      );
    }
  },
);

const chapter = "Before the service is called, on the way to it, and about clusters";
async function addFailure(ecs: Emulator, title: string, operation: Promise<unknown>): Promise<void> {
  addEntry(chapter, title, normalized(ecs, (await failureOf(operation)).message));
}

test("inputs that break a rule", async ({ ecs }) => {
  const stack = stackOf(ecs);
  const broken = {
    name: "2nd farm!",
    description: "http://x",
    regionId: "Hangzhou",
    clientToken: "é".repeat(65),
    nmae: "render-farm",
  };
  await addFailure(ecs, "pulumi preview: every rule broken at once", stack.up(one(broken)));
  const misspelt = { name: "render-farm", regionId: "cn-hangzou" };
  await addFailure(ecs, "pulumi preview: an unknown region", stack.up(one(misspelt)));
  await addFailure(ecs, "pulumi preview: no name", stack.up(one({} as Wanted)));
  const adopting = { name: "render-farm", adopt: "hpc-0123456789abcdef" };
  await addFailure(ecs, "pulumi preview: the adoption of a missing cluster", stack.up(one(adopting)));
  // A read alone is not simulated, and takes the time of this machine.
  const elsewhere = await startEmulator();
  const configuration = configurationFor(elsewhere);
  const session = new Session(readSettings((key) => configuration[key], {}));
  const read = readCluster(beginOperation(session), "hpc-0123456789abcdef", {});
  await addFailure(ecs, "HpcCluster.get of a missing cluster", read);
  await elsewhere.stop();
});

test("credentials that are refused or incomplete", async ({ ecs }) => {
  const wanted = one({ name: "render-farm" });
  const wrong = stackOf(ecs, { "alicloud:secretKey": "wrong" });
  await addFailure(ecs, "pulumi preview: a wrong secret key", wrong.up(wanted));
  const incomplete = stackOf(ecs, { "alicloud:secretKey": "" });
  await addFailure(ecs, "pulumi preview: an access key without its secret", incomplete.up(wanted));
});

test("a broken network or service", async ({ ecs }) => {
  const stack = stackOf(ecs, {
    "alicloud:clientReadTimeout": "100",
    "alicloud:skipRegionValidation": "true",
  });
  const faults: [string, FaultRule][] = [
    ["a reset connection", { kind: "reset" }],
    ["no answer", { kind: "noAnswer" }],
    ["a proxy's page", { kind: "badGateway" }],
    ["an empty answer", { kind: "empty503" }],
    ["an answer without a code", { kind: "codeless500" }],
    ["an error in XML", { kind: "xmlError" }],
    ["a wrong clock", { kind: "clockSkew", ms: 3_600_000 }],
  ];
  for (const [title, rule] of faults) {
    const fault = ecs.faults.add({ ...rule, action: "CreateHpcCluster" });
    await addFailure(ecs, `pulumi up: ${title}`, stack.up(one({ name: "render-farm" })));
    fault.remove();
    expect(ecs.store.clusters(), title).toEqual([]);
  }
});

test("a cluster that differs from the state", async ({ ecs }) => {
  const stack = stackOf(ecs);
  const wanted = one({ name: "render-farm" });
  ecs.accounts.deny(ecs.accountId, "DescribeHpcClusters");
  await addFailure(ecs, "pulumi up: created, but not readable", stack.up(wanted));
  ecs.accounts.allow(ecs.accountId, "DescribeHpcClusters");
  await stack.up(wanted);
  const [{ id } = { id: "none" }] = stack.kept();
  ecs.store.setInstances(id, 2);
  await addFailure(ecs, "pulumi destroy: a cluster with instances", stack.destroy());
  const moved = one({ name: "render-farm", regionId: "cn-beijing" });
  await addFailure(ecs, "pulumi up: a replacement of a cluster with instances", stack.up(moved));
  ecs.store.remove(id);
  const renamed = one({ name: "farm-2" });
  await addFailure(
    ecs,
    "pulumi up: a change of a cluster that was deleted outside Pulumi",
    stack.up(renamed),
  );
});

test("a cluster that does not show", async ({ ecs }) => {
  for (const [title, isDenied] of [
    ["pulumi up: created, but not shown yet", false],
    ["pulumi up: created, not shown yet, and ModifyHpcClusterAttribute is not permitted", true],
  ] as const) {
    ecs.faults.add({ kind: "lateVisible", describes: 1_000, action: "CreateHpcCluster", times: 1 });
    if (isDenied) {
      ecs.accounts.deny(ecs.accountId, "ModifyHpcClusterAttribute");
    }
    await addFailure(ecs, title, stackOf(ecs).up(one({ name: `farm-${isDenied}` })));
  }
});

test("credentials of another account", async ({ ecs }) => {
  const stack = stackOf(ecs);
  await stack.up(one({ name: "render-farm" }));
  const kept = stack.kept();
  const { accessKeyId, accessKeySecret } = ecs;
  ecs.accounts.removeKey(accessKeyId);
  ecs.accounts.add({ accountId: "1000000000000002", keys: [{ accessKeyId, accessKeySecret }] });
  for (const [command, operation] of [
    ["refresh", () => stack.refresh()],
    ["destroy", () => stack.destroy()],
  ] as const) {
    const title = `pulumi ${command}: credentials of another account`;
    addEntry(
      chapter,
      title,
      normalized(ecs, (await failureOf(operation())).message).replace(ecs.accountId, "1000000000000001"),
    );
    expect(stack.kept()).toEqual(kept);
  }
});

test("a clientToken that was used before", async ({ ecs }) => {
  const stack = stackOf(ecs);
  const wanted = one({ name: "render-farm", clientToken: "used" });
  await stack.up(wanted);
  const other = stackOf(ecs).up(one({ name: "farm-2", clientToken: "used" }));
  await addFailure(ecs, "pulumi up: a clientToken that was used for another cluster", other);
  const [{ id } = { id: "none" }] = stack.kept();
  ecs.store.modify(id, { name: "renamed" });
  const third = stackOf(ecs).up(wanted);
  await addFailure(ecs, "pulumi up: a clientToken whose cluster has been changed since", third);
  await stack.destroy();
  await addFailure(ecs, "pulumi up: a clientToken whose cluster has been deleted", stack.up(wanted));
});

// Runs last, after the tests above have collected the messages.
test("all messages are as they were when they were last reviewed", async () => {
  const text = chapters
    .flatMap(({ title, entries }) => [
      `## ${title}`,
      ...entries.map((entry) => `### ${entry.title}\n\n\`\`\`text\n${entry.text}\n\`\`\``),
    ])
    .join("\n\n");
  await expect(
    `# Error messages\n\nWritten by messages.test.ts. Ids, endpoints and durations are normalized.\n\n${text}\n`,
  ).toMatchFileSnapshot("messages.md");
});
