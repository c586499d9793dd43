/** Looks at the provider's and the engine's process from outside, so that neither is changed by it. Linux only. */
import { readFileSync, readdirSync } from "node:fs";

/** What a provider's process has used. */
export interface ProviderUse {
  /** The most memory that it had at any time (VmHWM). */
  peakMegabytes: number;
  cpuSeconds: number;
  /** Of the engine that has started it. */
  engineCpuSeconds: number;
}

const everyMs = 50;
const ticksPerSecond = 100;

/** Follows the dynamic provider that a process starts below itself, until told to stop. */
export class ProviderWatch {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #pid: number | undefined;
  #engine: number | undefined;
  #use: ProviderUse | undefined;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#look(), process.platform === "linux" ? everyMs : 2 ** 30);
  }

  /** The last that was seen: at most 50 ms before the end. */
  stop(): ProviderUse | undefined {
    clearInterval(this.#timer);
    return this.#use;
  }

  #look(): void {
    this.#pid ??= readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => isProvider(pid) && this.#engineOf(pid) !== undefined);
    if (this.#pid === undefined) return;
    this.#engine ??= this.#engineOf(this.#pid);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(read(this.#pid, "status"))?.[1];
    const cpuSeconds = cpuSecondsOf(this.#pid);
    // Nothing once the process has ended. The engine outlives it.
    const engineCpuSeconds = this.#engine === undefined ? undefined : cpuSecondsOf(this.#engine);
    this.#use = {
      peakMegabytes: peak === undefined ? (this.#use?.peakMegabytes ?? 0) : Number(peak) / 1024,
      cpuSeconds: cpuSeconds ?? this.#use?.cpuSeconds ?? 0,
      engineCpuSeconds: engineCpuSeconds ?? this.#use?.engineCpuSeconds ?? 0,
    };
  }

  /** The process between the root and the provider that the root has started; undefined if there is none. */
  #engineOf(pid: number): number | undefined {
    for (let at = pid; at > 1;) {
      const parent = Number(fieldsOfStat(at)[1] ?? 0);
      if (parent === this.#root) return at;
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

/** From the state on: the name before it may contain anything. */
function fieldsOfStat(pid: number): string[] {
  const text = read(pid, "stat");
  return text === "" ? [] : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

// Not the shell script around it, nor the `node -e` with which that script finds it.
function isProvider(pid: number): boolean {
  const [, script = ""] = read(pid, "cmdline").split("\0");
  return /cmd\/dynamic-provider/.test(script) && script.startsWith("/");
}
