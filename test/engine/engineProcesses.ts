/**
 * Finds processes: those of one running operation, so that a test can kill the engine or the provider in the middle, and whatever
 * a process has started.
 *
 * The Automation API does not tell the engine's process id. What it does let through is `--exec-agent`: with a unique
 * word there, the engine is the one process of ours with that word on its command line, and the provider is the
 * descendant of it that runs the SDK's dynamic provider or the package's plugin.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

/** Which process of an operation. */
export type OperationProcess = "engine" | "provider";

/** A process that has not ended. */
interface ProcessRow {
  pid: number;
  parent: number;
  /** The command and its arguments. */
  command: readonly string[];
}

/** The process ids, right now. Several providers run when a program has explicit provider instances. */
export function findProcesses(which: OperationProcess, agent: string): number[] {
  const table = processTable();
  const engines = table.filter(
    ({ parent, command }) => parent === process.pid && command.join(" ").includes(agent),
  );
  if (which === "engine") {
    return engines.map(({ pid }) => pid);
  }
  const family = new Set(
    familyOf(
      engines.map(({ pid }) => pid),
      table,
    ),
  );
  return table.filter((row) => family.has(row.pid) && isProvider(row)).map(({ pid }) => pid);
}

/** The processes that were started by this one, directly or not, and have not ended. */
export function descendantsOf(root: number): number[] {
  return familyOf([root], processTable()).slice(1);
}

/** Sends SIGKILL to the process and to its descendants: the engine starts its plugins in process groups of their own. */
export function killTree(root: number): void {
  for (const pid of [root, ...descendantsOf(root)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** These processes and all that they have started. */
function familyOf(roots: readonly number[], table: readonly ProcessRow[]): number[] {
  const family = [...roots];
  for (const member of family) {
    family.push(...table.filter(({ parent }) => parent === member).map(({ pid }) => pid));
  }
  return family;
}

/** Of these processes, those that still are dynamic providers: ids are used again. */
export function stillProviders(pids: Iterable<number>): number[] {
  const wanted = new Set(pids);
  return processTable()
    .filter((row) => wanted.has(row.pid) && isProvider(row))
    .map(({ pid }) => pid);
}

// Not the plugin's shell script, which waits for the node it has started: its command line has no such path.
function isProvider({ command }: ProcessRow): boolean {
  return /cmd[\\/]dynamic-provider|dist[\\/]plugin[\\/]main\.js/.test(command.join(" "));
}

export function processTable(): ProcessRow[] {
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
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        // pid (any name, parentheses too) state parent …
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), command }];
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
  return execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, state, args = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined || state?.startsWith("Z")
        ? []
        : [{ pid: Number(pid), parent: Number(parent), command: args.split(" ") }];
    });
}
