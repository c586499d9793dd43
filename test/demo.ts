/**
 * `npm run demo`: an HPC cluster from its first preview to its last trace, with the real Pulumi engine and a local ECS.
 *
 * What is printed under a heading is the engine's own output. Every step is checked twice: against what the engine said,
 * and against what the service then holds, read behind the provider's back. The exit code is 0 only if all of them hold.
 */
import assert from "node:assert/strict";
import { stripVTControlCharacters, styleText } from "node:util";
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import { clusterType, createEcsStack, failureOf } from "./e2e/ecsStack.ts";
import { type Emulator, type StoredCluster, startEmulator } from "../emulator/emulator.ts";
import { ensureEngine } from "./engine/engine.ts";
import { installPackedPackage } from "./engine/packedPackage.ts";
import type { OperationKind, OperationResult, TestStack } from "./engine/stack.ts";

const colored = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";

/** What the program says, from one step to the next. */
const wrong = { name: "2nd-farm", description: "https://wiki.example/farm", regionId: "Hangzhou" };
const mended = { name: "render-farm", description: "Nightly frames", regionId: "cn-hangzhou" };
const renamed = { ...mended, name: "render-farm-2" };
const moved = { ...renamed, regionId: "cn-beijing" };

class Interrupted extends Error {}

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second time at once; the temporary folders go even so, as the process exits.
    if (interruption.signal.aborted) {
      process.exit(130);
    }
    interruption.abort();
  });
}

const isInterrupted = (): boolean => interruption.signal.aborted;

/** Runs a part of the demo; whatever an interruption makes of it, it is an interruption. */
async function interruptible<T>(part: () => Promise<T>): Promise<T> {
  if (isInterrupted()) {
    throw new Interrupted();
  }
  try {
    return await part();
  } catch (error) {
    throw isInterrupted() ? new Interrupted() : error;
  }
}

const shown: string[] = [];
let current = "Getting ready";

/** One heading, and what is shown below it. */
async function step(title: string, proof: string, show: () => Promise<void>): Promise<void> {
  current = title;
  console.log(`\n${paint(["bold", "cyan"], `${shown.length + 1}. ${title}`)}`);
  await show();
  console.log(paint("green", `✓ ${proof}`));
  shown.push(title);
}

function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return colored ? styleText(format, text, { validateStream: false }) : text;
}

function progress(line: string): void {
  console.log(paint("dim", line));
}

async function walk(stack: TestStack, ecs: Emulator, declare: (args: HpcClusterArgs) => void): Promise<void> {
  const there = (): Omit<StoredCluster, "accountId" | "hpcClusterId">[] =>
    ecs.store
      .clusters()
      .map(({ regionId, name, description, instances }) => ({ regionId, name, description, instances }));
  const onlyId = (): string => {
    const ids = ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
    assert.equal(ids.length, 1, `one cluster is expected in the service, there are: ${ids.join(", ")}`);
    return ids[0] ?? "";
  };
  const changesMade = (): string[] =>
    ecs.requests.filter(({ committed }) => committed).map(({ action }) => action);

  /** What the engine did with the cluster, `same` included. */
  const opsOf = <K extends OperationKind>({ steps }: OperationResult<K>): string[] =>
    steps.filter(({ type }) => type === clusterType).map(({ op }) => op);
  // The errors too go to standard output, so that they stay where they were said.
  const print = (text: string): void => void process.stdout.write(text);
  const options = {
    color: colored ? "always" : "never",
    suppressProgress: true,
    onOutput: print,
    onError: print,
    signal: interruption.signal,
  } as const;
  const run = {
    preview: (diff: boolean) =>
      command(`preview${diff ? " --diff" : ""}`, () => stack.preview({ ...options, diff })),
    up: () => command("up", () => stack.up(options)),
    refresh: () => command("refresh", () => stack.refresh(options)),
    destroy: () => command("destroy", () => stack.destroy(options)),
  };

  await step(
    "A program with three mistakes: the preview names all of them",
    "three mistakes named in one go, and the service was not asked for a cluster",
    async () => {
      declare(wrong);
      const failure = await failureOf(run.preview(false));
      const said = stripVTControlCharacters(failure.output);
      for (const property of Object.keys(wrong)) {
        assert.match(said, new RegExp(`${property} must`));
      }
      assert.deepEqual(there(), []);
      assert.deepEqual(ecs.calls("CreateHpcCluster"), []);
    },
  );

  await step(
    "The mended program: preview, then up",
    "the preview changed nothing, up made exactly this cluster",
    async () => {
      declare(mended);
      assert.deepEqual(opsOf(await run.preview(true)), ["create"]);
      assert.deepEqual(there(), []);
      const up = await run.up();
      assert.deepEqual(opsOf(up), ["create"]);
      assert.deepEqual(there(), [{ ...mended, instances: 0 }]);
      assert.equal(up.outputs["clusterId"]?.value, onlyId());
      assert.equal(stack.state().resource("rendering").id, onlyId());
    },
  );

  await step("Up again: no changes", "nothing to do, and nothing was done", async () => {
    const before = changesMade();
    const again = await run.up();
    assert.deepEqual([...new Set(again.steps.map(({ op }) => op))], ["same"]);
    assert.deepEqual(changesMade(), before);
  });

  await step("A new name: an update in place", "the same cluster has the new name", async () => {
    const id = onlyId();
    declare(renamed);
    const preview = await run.preview(true);
    assert.deepEqual(opsOf(preview), ["update"]);
    assert.match(stripVTControlCharacters(preview.output), /~ name\s*: "render-farm" => "render-farm-2"/);
    assert.deepEqual(there(), [{ ...mended, instances: 0 }]);
    assert.deepEqual(opsOf(await run.up()), ["update"]);
    assert.deepEqual(there(), [{ ...renamed, instances: 0 }]);
    assert.equal(onlyId(), id);
  });

  await step(
    "Somebody changes the description behind Pulumi's back: refresh shows it, up reverts it",
    "seen by refresh, shown by preview, reverted by up",
    async () => {
      const id = onlyId();
      const foreign = "Mine now";
      ecs.store.modify(id, { description: foreign });
      const refresh = await run.refresh();
      assert.match(stripVTControlCharacters(refresh.output), /rendering updated.*\[diff: ~description\]/);
      assert.equal(stack.state().resource("rendering").outputs?.["description"], foreign);
      const preview = await run.preview(true);
      assert.match(
        stripVTControlCharacters(preview.output),
        /~ description\s*: "Mine now" => "Nightly frames"/,
      );
      assert.deepEqual(opsOf(await run.up()), ["update"]);
      assert.deepEqual(there(), [{ ...renamed, instances: 0 }]);
      assert.equal(onlyId(), id);
    },
  );

  await step(
    "Another region: a replacement",
    "the old cluster has gone, the new one is in cn-beijing",
    async () => {
      const old = onlyId();
      declare(moved);
      const replaced = opsOf(await run.up());
      assert.ok(
        replaced.includes("create-replacement") && replaced.includes("delete-replaced"),
        replaced.join(", "),
      );
      assert.deepEqual(there(), [{ ...moved, instances: 0 }]);
      assert.notEqual(onlyId(), old);
    },
  );

  await step("Destroy", "the service is empty", async () => {
    assert.deepEqual(opsOf(await run.destroy()), ["delete"]);
    assert.deepEqual(there(), []);
    assert.deepEqual(stack.state().resources(), []);
  });
}

async function command<T>(name: string, operation: () => Promise<T>): Promise<T> {
  console.log(paint("bold", `\n$ pulumi ${name}`));
  return await interruptible(operation);
}

async function main(): Promise<void> {
  const started = performance.now();
  // It removes what it makes, and is short.
  await interruptible(() => installPackedPackage({ progress }));
  // A build takes minutes, and ends with this process.
  const exit = (): void => process.exit(130);
  interruption.signal.addEventListener("abort", exit);
  const engine = await interruptible(() => ensureEngine({ progress }));
  interruption.signal.removeEventListener("abort", exit);

  const { HpcCluster } = await import("pulumi-alicloud-hpc");
  let args: HpcClusterArgs = wrong;
  await using cleanup = new AsyncDisposableStack();
  const ecs = cleanup.adopt(await startEmulator(), (emulator) => emulator.stop());
  const stack = cleanup.use(
    await createEcsStack(ecs, {
      projectName: "demo",
      stackName: "dev",
      program: async () => ({ clusterId: new HpcCluster("rendering", args).id }),
    }),
  );
  await walk(stack, ecs, (next) => {
    args = next;
    const written = JSON.stringify(next, null, 1)
      .replaceAll(/\s+/g, " ")
      .replaceAll(/"(\w+)":/g, "$1:");
    progress(`new HpcCluster("rendering", ${written});`);
  });

  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `\n${paint(["bold", "green"], `All ${shown.length} steps did what they say`)}: mistakes caught, created, unchanged, ` +
      `renamed, drift reverted, replaced, destroyed; Pulumi ${engine.version}, ${ecs.requests.length} calls ` +
      `of a local ECS, ${seconds} s.`,
  );
}

try {
  await main();
} catch (error) {
  if (error instanceof Interrupted) {
    console.error("\nInterrupted.");
    process.exitCode = 130;
  } else {
    console.error(`\n${paint(["bold", "red"], `✗ ${current}`)}: failed.`);
    // What the engine said stands above already.
    const isOperationError = error instanceof Error && "output" in error;
    console.error(isOperationError ? "The command above has failed." : error);
    process.exitCode = 1;
  }
}
