/** Measures the provider's and the engine's process from outside, through /proc. Linux only. */
import { readFileSync } from "node:fs";
import { processTable } from "../engine/engineProcesses.ts";

/** What a provider's process has used. */
export interface ProviderUse {
  /** The highest memory use so far (VmHWM). */
  peakMegabytes: number;
  cpuSeconds: number;
  /** CPU time of the engine that started it. */
  engineCpuSeconds: number;
}

const everyMs = 50;
const ticksPerSecond = 100;

/** Watches the provider below a process until `stop` is called. */
export class ProviderWatch {
  private readonly root: number;
  private readonly isProvider: (command: readonly string[]) => boolean;
  private readonly timer: NodeJS.Timeout;
  private pid: number | undefined;
  private engine: number | undefined;
  private use: ProviderUse | undefined;

  /** @param isProvider whether a process with this command line is the provider */
  constructor(root: number, isProvider: (command: readonly string[]) => boolean) {
    this.root = root;
    this.isProvider = isProvider;
    this.timer = setInterval(() => this.look(), process.platform === "linux" ? everyMs : 2 ** 30);
  }

  /** Returns the last values that were seen, at most 50 ms before the end of the process. */
  stop(): ProviderUse | undefined {
    clearInterval(this.timer);
    return this.use;
  }

  private look(): void {
    const table = this.pid === undefined ? processTable() : [];
    this.pid ??= table.find(
      ({ pid, command }) => this.isProvider(command) && this.engineOf(pid) !== undefined,
    )?.pid;
    if (this.pid === undefined) {
      return;
    }
    this.engine ??= this.engineOf(this.pid);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(read(this.pid, "status"))?.[1];
    const cpuSeconds = cpuSecondsOf(this.pid);
    // Undefined once the process has ended. The engine ends after the provider.
    const engineCpuSeconds = this.engine === undefined ? undefined : cpuSecondsOf(this.engine);
    this.use = {
      peakMegabytes: peak === undefined ? (this.use?.peakMegabytes ?? 0) : Number(peak) / 1024,
      cpuSeconds: cpuSeconds ?? this.use?.cpuSeconds ?? 0,
      engineCpuSeconds: engineCpuSeconds ?? this.use?.engineCpuSeconds ?? 0,
    };
  }

  /** The child of the root that is an ancestor of this process; undefined if there is none. */
  private engineOf(pid: number): number | undefined {
    for (let at = pid; at > 1;) {
      const parent = Number(fieldsOfStat(at)[1] ?? 0);
      if (parent === this.root) {
        return at;
      }
      at = parent;
    }
    return undefined;
  }
}

function cpuSecondsOf(pid: number): number | undefined {
  const times = fieldsOfStat(pid);
  return times.length === 0 ? undefined : (Number(times[11]) + Number(times[12])) / ticksPerSecond;
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** The fields after the process's name, which may contain any character. */
function fieldsOfStat(pid: number): string[] {
  const text = read(pid, "stat");
  return text === "" ? [] : text.slice(text.lastIndexOf(")") + 2).split(" ");
}
