/** Runs all operations of one stack against a local service of its own, each operation in a new process. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "./contestants.ts";
import type { Service } from "./naive.ts";
import type { Action, OperationOrder, OperationReport } from "./operation.ts";
import { type ProviderUse, ProviderWatch } from "./providerProcess.ts";

/** The operations of a life, in order. */
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

/** One life: who runs it, with how many clusters, at which latency. */
export interface LifePlan {
  contestant: Contestant;
  clusters: number;
  /** The service's latency for every call. */
  latencyMs: number;
  round: number;
}

/** The measurements of one operation. */
export interface StepResult extends LifePlan, OperationReport {
  step: Step;
  provider: ProviderUse | undefined;
  /** API action → number of calls. */
  calls: Record<string, number>;
}

/** Where the stacks run. */
export interface Place {
  /** A folder with the node_modules of the programs. */
  folder: string;
  /** The folder for CPU profiles. */
  profiles: string | undefined;
}

/** Runs a life. Throws if a contestant creates or deletes too many or too few clusters. */
export async function live(place: Place, plan: LifePlan): Promise<StepResult[]> {
  const { contestant, clusters, latencyMs, round } = plan;
  const workDir = path.join(place.folder, `${contestant}-${clusters}-${latencyMs}-${round}`);
  const backendFolder = path.join(workDir, "backend");
  mkdirSync(path.join(backendFolder, ".pulumi"), { recursive: true });
  const local = await LocalService.start(workDir, latencyMs);
  const results: StepResult[] = [];
  try {
    for (const step of steps) {
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

/** @param profiles the folder for CPU profiles of program and provider; profiling takes time itself */
async function operate(
  order: OperationOrder,
  profiles: string | undefined,
): Promise<{ report: OperationReport; provider: ProviderUse | undefined }> {
  const profiled = profiles !== undefined;
  if (profiled) {
    // The engine stops the provider with SIGINT; without a handler Node writes no profile then.
    const hook = path.join(order.workDir, "exitOnInterrupt.cjs");
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
    ended.then(() => [{ error: "the operation's process exited without a report" }]),
  ])) as [{ report: OperationReport } | { error: string }];
  const provider = watch.stop();
  await ended;
  if ("error" in answer) {
    throw new Error(`${order.contestant}, ${order.action}: ${answer.error}`);
  }
  return { report: answer.report, provider };
}

/** A local ECS in a process of its own, so that it takes no CPU time of the measured processes. */
class LocalService {
  readonly service: Service;
  private readonly child: ChildProcess;
  private readonly log: string;

  private constructor(child: ChildProcess, service: Service, log: string) {
    this.child = child;
    this.service = service;
    this.log = log;
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

  /** The number of calls of each API action so far. */
  async calls(): Promise<Record<string, number>> {
    // The service logs a call after it has answered: wait until the log no longer grows.
    for (let before = -1, size = 0; before !== size; before = size, size = statSync(this.log).size) {
      await sleep(60);
    }
    const calls: Record<string, number> = {};
    for (const line of readFileSync(this.log, "utf8").split("\n").filter(Boolean)) {
      const { action } = JSON.parse(line) as { action: string };
      calls[action] = (calls[action] ?? 0) + 1;
    }
    return calls;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
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
