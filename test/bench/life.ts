/** One life of a stack: a service of its own, then operation after operation, each in a process of its own. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "./contestants.ts";
import type { Service } from "./naive.ts";
import type { Action, OperationOrder, OperationReport } from "./operation.ts";
import { type ProviderUse, ProviderWatch } from "./providerProcess.ts";

/** The operations of a life, in their order. */
export const steps = ["preview", "up", "up again", "refresh", "refresh -p 100", "destroy"] as const;
export type Step = (typeof steps)[number];

const actions: Readonly<Record<Step, { action: Action; parallel?: number }>> = {
  preview: { action: "preview" },
  up: { action: "up" },
  "up again": { action: "up" },
  refresh: { action: "refresh" },
  "refresh -p 100": { action: "refresh", parallel: 100 },
  destroy: { action: "destroy" },
};

/** Whose life, and under what circumstances. */
export interface LifePlan {
  contestant: Contestant;
  clusters: number;
  /** Of every call. */
  latencyMs: number;
  round: number;
}

/** One operation's measurements. */
export interface StepResult extends LifePlan, OperationReport {
  step: Step;
  provider: ProviderUse | undefined;
  /** API action → how often it was called. */
  calls: Record<string, number>;
}

/** Where lives take place. */
export interface Place {
  /** A folder; the node_modules that the programs see are in it. */
  folder: string;
  /** Where CPU profiles go. */
  profiles: string | undefined;
}

/** Runs a life; a contestant that does not do its job is an error. */
export async function live(
  place: Place,
  plan: LifePlan,
  progress: (step: Step) => void,
): Promise<StepResult[]> {
  const { contestant, clusters, latencyMs, round } = plan;
  const workDir = path.join(place.folder, `${contestant}-${clusters}-${latencyMs}-${round}`);
  const backendFolder = path.join(workDir, "backend");
  mkdirSync(path.join(backendFolder, ".pulumi"), { recursive: true });
  const local = await LocalService.start(workDir, latencyMs);
  const results: StepResult[] = [];
  try {
    for (const step of steps) {
      progress(step);
      const { action, parallel } = actions[step];
      const before = await local.calls();
      const { report, provider } = await operate(
        { contestant, clusters, action, parallel, workDir, backendFolder, service: local.service, env: {} },
        place.profiles === undefined
          ? undefined
          : path.join(place.profiles, `${contestant}-${clusters}-${step.replaceAll(" ", "")}`),
      );
      const calls = difference(await local.calls(), before);
      const expected = action === "preview" || action === "destroy" ? 0 : clusters;
      if (report.stateClusters !== expected) {
        throw new Error(
          `${contestant}: ${report.stateClusters} clusters after ${step} instead of ${expected}`,
        );
      }
      results.push({ ...plan, ...report, step, provider, calls });
    }
    const total = await local.calls();
    for (const call of ["CreateHpcCluster", "DeleteHpcCluster"]) {
      const made = total[call] ?? 0;
      if (made !== (contestant === "floor" ? 0 : clusters)) {
        throw new Error(`${contestant}: ${made} calls of ${call} for ${clusters} clusters`);
      }
    }
  } finally {
    await local.stop();
    rmSync(workDir, { recursive: true, force: true, maxRetries: 3 });
  }
  return results;
}

/** @param profiles a folder for the CPU profiles of program and provider; they take time themselves */
async function operate(
  order: OperationOrder,
  profiles: string | undefined,
): Promise<{ report: OperationReport; provider: ProviderUse | undefined }> {
  const profiled = profiles !== undefined;
  if (profiled) {
    // The engine ends the provider by SIGINT, at which Node would write no profile.
    const hook = path.join(order.workDir, "endOrderly.cjs");
    writeFileSync(hook, 'process.on("SIGINT", () => process.exit(0));');
    const options = `--cpu-prof --cpu-prof-dir=${path.join(profiles, "provider")} --require ${hook}`;
    order = { ...order, env: { ...order.env, NODE_OPTIONS: options } };
  }
  const child = fork(path.join(import.meta.dirname, "operation.ts"), [], {
    cwd: order.workDir,
    execArgv: profiled ? ["--cpu-prof", `--cpu-prof-dir=${path.join(profiles, "program")}`] : [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const watch = new ProviderWatch(child.pid!);
  const ended = once(child, "exit");
  child.send(order);
  const [answer] = (await Promise.race([
    once(child, "message"),
    ended.then(() => [{ error: "the operation's process ended without a word" }]),
  ])) as [{ report: OperationReport } | { error: string }];
  const provider = watch.stop();
  await ended;
  if ("error" in answer) throw new Error(`${order.contestant}, ${order.action}: ${answer.error}`);
  return { report: answer.report, provider };
}

/** A local ECS in a process of its own: in one of the measured processes it would take their time. */
class LocalService {
  readonly service: Service;
  readonly #process: ChildProcess;
  readonly #log: string;

  private constructor(child: ChildProcess, service: Service, log: string) {
    this.#process = child;
    this.service = service;
    this.#log = log;
  }

  static async start(folder: string, latencyMs: number): Promise<LocalService> {
    const log = path.join(folder, "requests.jsonl");
    const faults = path.join(folder, "faults.json");
    writeFileSync(
      faults,
      JSON.stringify({ rules: latencyMs === 0 ? [] : [{ kind: "latency", ms: latencyMs }] }),
    );
    const cli = path.join(import.meta.dirname, "../../emulator/cli.ts");
    const child = spawn(process.execPath, [cli, "--log", log, "--faults", faults], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await Promise.race([
      once(child.stdout.setEncoding("utf8"), "data"),
      once(child, "exit").then(() => {
        throw new Error("the local ECS did not start");
      }),
    ])) as [string];
    return new LocalService(child, JSON.parse(line) as Service, log);
  }

  /** How often each API action has been called so far. */
  async calls(): Promise<Record<string, number>> {
    // The log is written behind the answers: until nothing has come for a while.
    for (let before = -1, size = 0; before !== size; before = size, size = statSync(this.#log).size) {
      await sleep(60);
    }
    const calls: Record<string, number> = {};
    for (const line of readFileSync(this.#log, "utf8").split("\n").filter(Boolean)) {
      const { action } = JSON.parse(line) as { action: string };
      calls[action] = (calls[action] ?? 0) + 1;
    }
    return calls;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }
}

function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([action, count]) => [action, count - (before[action] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
