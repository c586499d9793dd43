/**
 * Finds the processes of one running operation, so that a test can kill the engine or the provider in the middle.
 *
 * The Automation API does not tell the engine's process id. What it does let through is `--exec-agent`: with a unique
 * word there, the engine is the one process of ours with that word on its command line, and the provider is the
 * descendant of it that runs the SDK's dynamic provider or the package's plugin.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

/** Which process of an operation. */
export type OperationProcess = "engine" | "provider";

interface ProcessRow {
  pid: number;
  parent: number;
  commandLine: string;
}

/** The process ids, right now. Several providers run when a program has explicit provider instances. */
export function findProcesses(which: OperationProcess, agent: string): number[] {
  const table = processTable();
  const engines = table.filter(
    ({ parent, commandLine }) => parent === process.pid && commandLine.includes(agent),
  );
  if (which === "engine") {
    return engines.map(({ pid }) => pid);
  }
  const family = new Set(engines.map(({ pid }) => pid));
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const { pid, parent } of table) {
      if (family.has(parent)) {
        family.add(pid);
      }
    }
  }
  return table.filter((row) => family.has(row.pid) && isProvider(row)).map(({ pid }) => pid);
}

/** Of these processes, those that still are dynamic providers: ids are used again. */
export function stillProviders(pids: Iterable<number>): number[] {
  const wanted = new Set(pids);
  return processTable()
    .filter((row) => wanted.has(row.pid) && isProvider(row))
    .map(({ pid }) => pid);
}

// Not the plugin's shell script, which waits for the node it has started: its command line has no such path.
function isProvider({ commandLine }: ProcessRow): boolean {
  return /cmd[\\/]dynamic-provider|dist[\\/]plugin[\\/]main\.js/.test(commandLine);
}

function processTable(): ProcessRow[] {
  if (process.platform === "win32") {
    throw new Error("finding the engine's processes needs /proc or ps");
  }
  return process.platform === "linux" ? tableFromProc() : tableFromPs();
}

function tableFromProc(): ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        // pid (any name, parentheses too) state parent …
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(name), parent, commandLine }];
      } catch (error) {
        // Ended between the listing and the reading.
        if (
          error instanceof Error &&
          "code" in error &&
          (error.code === "ENOENT" || error.code === "ESRCH")
        ) {
          return [];
        }
        throw error;
      }
    });
}

function tableFromPs(): ProcessRow[] {
  return execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, commandLine = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), commandLine }];
    });
}
