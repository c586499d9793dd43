/** Runs all operations of one stack against a local service of its own, each operation in a new process. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultPlan } from "../../emulator/fault.ts";
import { contestants } from "./contestants.ts";
import type { Action, OperationOrder, OperationReport, Service } from "./operation.ts";
import { type LifePlan, createsPerSecond } from "./plans.ts";
import { type ProviderUse, ProviderWatch } from "./providerUse.ts";

/** Where the stacks run. */
export interface Place {
  /** A folder with the node_modules of the programs. */
  folder: string;
  /** The engine's own folder, with the plugins of the contestants. */
  pulumiHome: string;
}

/** The operations of a life, in order. */
export const steps = ["preview", "up", "up again", "refresh", "destroy"] as const;
export type Step = (typeof steps)[number];

const actions: Readonly<Record<Step, Action>> = {
  preview: "preview",
  up: "up",
  "up again": "up",
  refresh: "refresh",
  destroy: "destroy",
};

/** The measurements of one operation. */
export interface StepResult extends LifePlan, OperationReport {
  step: Step;
  provider: ProviderUse | undefined;
  /** API action → number of calls. */
  calls: Record<string, number>;
  /** From the first CreateHpcCluster call of the life to the last answer. */
  createSeconds: number;
  /** The load of the machine before this life, one-minute average. */
  load: number;
}

/** Runs a life. Throws if a contestant creates or deletes too many or too few clusters, or its provider does not run. */
export async function live(place: Place, plan: LifePlan): Promise<StepResult[]> {
  const { contestant, circumstance, clusters, latencyMs } = plan;
  const name = `${contestant}-${circumstance.replaceAll(" ", "")}-${clusters}-${latencyMs}-${plan.round}`;
  const workDir = path.join(place.folder, name);
  const backendFolder = path.join(workDir, "backend");
  mkdirSync(path.join(backendFolder, ".pulumi"), { recursive: true });
  // The project names the folder of the package's plugin there.
  symlinkSync(path.join(place.folder, "node_modules"), path.join(workDir, "node_modules"), "junction");
  const env = {
    PULUMI_HOME: place.pulumiHome,
    ...(circumstance === "no checkpoints" ? { PULUMI_SKIP_CHECKPOINTS: "true" } : {}),
  };
  const local = await LocalService.start(workDir, faultsOf(plan));
  const results: StepResult[] = [];
  const [load = 0] = loadavg();
  try {
    for (const step of circumstance === "throttled" ? (["up"] as const) : steps) {
      const action = actions[step];
      const before = await local.log();
      const order = { contestant, clusters, action, workDir, backendFolder, service: local.service, env };
      const { report, provider } = await operate(order);
      const after = await local.log();
      const expected = action === "preview" || action === "destroy" ? 0 : clusters;
      if (report.stateClusters !== expected) {
        throw new Error(
          `${contestant}: ${report.stateClusters} clusters after ${step} instead of ${expected}`,
        );
      }
      if (provider === undefined && process.platform === "linux") {
        throw new Error(`${contestant}: no process of its provider during ${step}`);
      }
      const calls = countByAction(after.slice(before.length));
      results.push({
        ...plan,
        ...report,
        step,
        provider,
        calls,
        createSeconds: createSecondsOf(after),
        load,
      });
    }
    checkEffects(plan, await local.log());
  } finally {
    await local.stop();
    rmSync(workDir, { recursive: true, force: true, maxRetries: 3 });
  }
  return results;
}

function faultsOf({ circumstance, latencyMs }: LifePlan): FaultPlan {
  return {
    rules: [
      ...(latencyMs === 0 ? [] : [{ kind: "latency", ms: latencyMs } as const]),
      ...(circumstance === "throttled"
        ? [{ kind: "bucket", action: "CreateHpcCluster", perSecond: createsPerSecond } as const]
        : []),
    ],
  };
}

/** Throws unless every cluster was created and deleted once. */
function checkEffects({ contestant, circumstance, clusters }: LifePlan, log: readonly LogLine[]): void {
  const done = countByAction(log.filter(({ committed }) => committed));
  const expected = contestants[contestant].callsService ? clusters : 0;
  for (const call of circumstance === "throttled"
    ? ["CreateHpcCluster"]
    : ["CreateHpcCluster", "DeleteHpcCluster"]) {
    if ((done[call] ?? 0) !== expected) {
      throw new Error(`${contestant}: ${done[call] ?? 0} successful calls of ${call} instead of ${expected}`);
    }
  }
}

async function operate(
  order: OperationOrder,
): Promise<{ report: OperationReport; provider: ProviderUse | undefined }> {
  const child = fork(path.join(import.meta.dirname, "operation.ts"), [], {
    cwd: order.workDir,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const watch = new ProviderWatch(child.pid!, contestants[order.contestant].isProvider);
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

/** A line of the service's log. */
interface LogLine {
  /** When the call arrived. */
  time: string;
  action: string;
  /** How long the answer took. */
  ms?: number;
  /** Whether the call changed something. */
  committed: boolean;
}

function countByAction(log: readonly LogLine[]): Record<string, number> {
  const calls: Record<string, number> = {};
  for (const { action } of log) {
    calls[action] = (calls[action] ?? 0) + 1;
  }
  return calls;
}

function createSecondsOf(log: readonly LogLine[]): number {
  const creates = log.filter(({ action }) => action === "CreateHpcCluster");
  const first = Math.min(...creates.map(({ time }) => Date.parse(time)));
  const last = Math.max(...creates.map(({ time, ms = 0 }) => Date.parse(time) + ms));
  return creates.length === 0 ? 0 : (last - first) / 1000;
}

/** A local ECS in a process of its own, so that it takes no CPU time of the measured processes. */
class LocalService {
  readonly service: Service;
  private readonly child: ChildProcess;
  private readonly logFile: string;

  private constructor(child: ChildProcess, service: Service, logFile: string) {
    this.child = child;
    this.service = service;
    this.logFile = logFile;
  }

  static async start(folder: string, plan: FaultPlan): Promise<LocalService> {
    const log = path.join(folder, "requests.jsonl");
    const faults = path.join(folder, "faults.json");
    writeFileSync(faults, JSON.stringify(plan));
    const cli = path.join(import.meta.dirname, "../../emulator/cli.ts");
    const child = spawn(process.execPath, [cli, "emulator", "--log", log, "--faults", faults], {
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

  /** The calls so far. */
  async log(): Promise<LogLine[]> {
    // The service logs a call after it has answered: wait until the log no longer grows.
    for (let before = -1, size = 0; before !== size; before = size, size = statSync(this.logFile).size) {
      await sleep(60);
    }
    const lines = readFileSync(this.logFile, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LogLine);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }
}
