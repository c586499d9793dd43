/** Kills a process with everything that it has started: the engine starts its plugins in process groups of their own. */
import { execFileSync } from "node:child_process";

interface Process {
  readonly pid: number;
  readonly parent: number;
}

function runningProcesses(): Process[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state = "Z"]) => !state.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

/** Whether the process has not ended. */
export function isRunning(wanted: number): boolean {
  return runningProcesses().some(({ pid }) => pid === wanted);
}

/** The processes that were started by this one, directly or not, and have not ended. */
export function descendantsOf(root: number): number[] {
  const running = runningProcesses();
  const family = [root];
  for (const member of family) {
    family.push(...running.filter(({ parent }) => parent === member).map(({ pid }) => pid));
  }
  return family.slice(1);
}

/** Sends SIGKILL to the process and to its descendants. */
export function killTree(root: number): void {
  for (const pid of [root, ...descendantsOf(root)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
