import { createHash } from "node:crypto";
import {
  appendFileSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { debuglog } from "node:util";
import { messageOf } from "../ecs/errors.ts";
import type { Entry, RunNote, RunNotes } from "./holders.ts";
import { privateFolder } from "./privateFolder.ts";

const debug = debuglog("alicloud-hpc");

const WEEK_MS = 7 * 24 * 3_600_000;

/** Whose notes a file contains. */
interface NotesFile {
  readonly namespace: string;
  readonly run: string;
  readonly pid: number;
  readonly start: string;
}

/**
 * Notes in files: a file for each process, a line for each note. A file counts as long as its process lives, so a killed run
 * leaves nothing that a later one would believe. The notes contain ids and names, and no secrets.
 *
 * @param run what only the processes of one run have in common: the address of the engine
 * @param warn shows a warning to the user, once, if the notes cannot be used
 */
export function runNotesInFiles(run: string, warn: (text: string) => void): RunNotes {
  const namespace = processNamespace();
  const ownRun = run.replace(/[^\w-]/g, "_");
  const ownName = `${namespace}.${ownRun}.${process.pid}-${startOf(process.pid)}.jsonl`;
  let folder: string | undefined;
  let ownFile: number | undefined;
  let hasWarned = false;

  /** A full disk, or a folder that cannot be used, must not lose the id of a cluster that has just been created. */
  function unlessItFails<T>(otherwise: T, action: () => T): T {
    try {
      return action();
    } catch (error) {
      debug("the notes of the run cannot be used: %s", messageOf(error));
      if (!hasWarned) {
        hasWarned = true;
        warn(
          "The provider processes of this run cannot tell each other which clusters their resources have. If two resources " +
            "with different providers have one cluster, deleting one of them may delete the cluster. " +
            `The reason: ${messageOf(error)}.`,
        );
      }
      return otherwise;
    }
  }

  function open(): string {
    if (folder === undefined) {
      folder = privateFolder("notes");
      removeLeftNotes(folder, namespace);
    }
    return folder;
  }

  function openOwnFile(): number {
    const file = path.join(open(), ownName);
    // An earlier process may have had the same id.
    rmSync(file, { force: true });
    const opened = openSync(file, "ax", 0o600);
    process.once("exit", () => {
      rmSync(file, { force: true });
    });
    return opened;
  }

  return {
    write(note) {
      unlessItFails(undefined, () => {
        ownFile ??= openOwnFile();
        appendFileSync(ownFile, `${JSON.stringify(note)}\n`);
      });
    },
    holdersElsewhere(hpcClusterId) {
      const files = unlessItFails([], () => {
        const all = open();
        return notesIn(all)
          .filter(
            ([name, of]) =>
              name !== ownName && of.namespace === namespace && of.run === ownRun && isAlive(of),
          )
          .map(([name]) => path.join(all, name));
      });
      return files.flatMap((file) => unlessItFails([], () => holdersIn(contentOf(file), hpcClusterId)));
    },
  };
}

/** The files of notes in a folder, and nothing else that is there. */
function notesIn(folder: string): [name: string, of: NotesFile][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each): [string, NotesFile][] => {
    const [name, namespace, run, pid, start] =
      /^([0-9a-f]{16})\.([\w-]+)\.(\d+)-(\d*)\.jsonl$/.exec(each.name) ?? [];
    return name === undefined || !each.isFile()
      ? []
      : [[name, { namespace: namespace!, run: run!, pid: Number(pid), start: start! }]];
  });
}

/**
 * Removes the notes of processes that have ended. Those of another process namespace (a container's, another host's) cannot be
 * seen from here: their notes go when they have not changed for a week.
 */
function removeLeftNotes(folder: string, namespace: string): void {
  for (const [name, of] of notesIn(folder)) {
    const file = path.join(folder, name);
    const isLeft =
      of.namespace === namespace
        ? !isAlive(of)
        : Date.now() - (lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > WEEK_MS;
    if (isLeft) {
      rmSync(file, { force: true });
    }
  }
}

/** What a file contains. Its process may end meanwhile, and removes it. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return "";
    }
    throw error;
  }
}

function holdersIn(text: string, hpcClusterId: string): Entry[] {
  const holders = new Map<string, Entry>();
  // The last line may be half written.
  for (const line of text.split("\n").slice(0, -1)) {
    const note = JSON.parse(line) as RunNote;
    if (note.hpcClusterId !== hpcClusterId) {
      continue;
    }
    if (note.holds) {
      holders.set(note.entry ?? "", note);
    } else {
      holders.delete(note.entry ?? "");
    }
  }
  return [...holders.values()];
}

/** Where a process id means one process: two containers, or two hosts with one home folder, may use the same id. */
function processNamespace(): string {
  const bootId = fromProc(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const pidNamespace = fromProc(() => readlinkSync("/proc/self/ns/pid"));
  return createHash("sha256")
    .update([hostname(), bootId, pidNamespace].join("\n"))
    .digest("hex")
    .slice(0, 16);
}

/** When a process started, in ticks of the kernel: a later process with the same id has another start. */
function startOf(pid: number): string {
  return fromProc(() => {
    // In a process namespace without a /proc of its own, the ids there are those of other processes.
    if (readlinkSync("/proc/self") !== String(process.pid)) {
      return "";
    }
    // The second field is the command in parentheses, and may contain both.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? "";
  });
}

/** Empty where there is no such file: not on Linux, or in a sandbox. */
function fromProc(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

function isAlive({ pid, start }: NotesFile): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") {
      return false;
    }
  }
  return startOf(pid) === start;
}
