import { appendFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { debuglog } from "node:util";
import { messageOf } from "../ecs/errors";
import type { Entry } from "./entry";

const debug = debuglog("alicloud-hpc");

/** That an entry holds a cluster, or does not hold it any more. */
export interface RunNote extends Entry {
  readonly hpcClusterId: string;
  readonly holds: boolean;
}

/** How the provider processes of one run tell each other which clusters their entries hold. */
export interface RunNotes {
  write(note: RunNote): void;
  /** The entries of other processes that hold the cluster. */
  holdersElsewhere(hpcClusterId: string): Entry[];
}

/** For a process that is alone. */
export const noRunNotes: RunNotes = { write: () => undefined, holdersElsewhere: () => [] };

/**
 * Notes in files: a folder for the run, a file for each process, a line for each note. A file counts as long as its process
 * lives, so a killed run leaves nothing that a later one would believe. The notes contain ids and names, and no secrets.
 *
 * @param run what only the processes of one run have in common: the address of the engine
 */
export function runNotesInFiles(run: string): RunNotes {
  const allRuns = path.join(tmpdir(), `pulumi-alicloud-hpc-${process.getuid?.() ?? "notes"}`);
  const folder = path.join(allRuns, run.replace(/[^\w.-]/g, "_"));
  const ownFile = `${process.pid}.jsonl`;
  let isOpen = false;

  function open(): void {
    if (isOpen) {
      return;
    }
    isOpen = true;
    mkdirSync(allRuns, { recursive: true, mode: 0o700 });
    mkdirSync(folder, { recursive: true });
    for (const one of readdirSync(allRuns).filter((each) => each !== path.basename(folder))) {
      removeDeadNotes(path.join(allRuns, one));
    }
    // An earlier process may have had the same id.
    rmSync(path.join(folder, ownFile), { force: true });
    process.once("exit", () => {
      rmSync(path.join(folder, ownFile), { force: true });
    });
  }

  return {
    write(note) {
      unlessItFails(undefined, () => {
        open();
        // Another run may have removed the folder while it was empty.
        mkdirSync(folder, { recursive: true });
        appendFileSync(path.join(folder, ownFile), `${JSON.stringify(note)}\n`, { mode: 0o600 });
      });
    },
    holdersElsewhere(hpcClusterId) {
      const files = unlessItFails([], () => {
        open();
        return readdirSync(folder);
      });
      return files
        .filter((file) => file !== ownFile && isAlive(file))
        .flatMap((file) =>
          // Its process may end meanwhile, and removes it.
          unlessItFails([], () => {
            const note = path.join(folder, file);
            return isOwn(note) ? holdersIn(readFileSync(note, "utf8"), hpcClusterId) : [];
          }),
        );
    },
  };
}

/** A full disk, or a folder that cannot be written, must not lose the id of a cluster that has just been created. */
function unlessItFails<T>(otherwise: T, run: () => T): T {
  try {
    return run();
  } catch (error) {
    debug("the notes of the run cannot be used: %s", messageOf(error));
    return otherwise;
  }
}

/** Removes the notes of processes that have ended, and the folder of a run that has ended. */
function removeDeadNotes(folder: string): void {
  unlessItFails(undefined, () => {
    for (const file of readdirSync(folder)) {
      if (!isAlive(file)) {
        rmSync(path.join(folder, file), { force: true });
      }
    }
    // Fails, as it should, while there are notes of a living process.
    rmdirSync(folder);
  });
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

function isAlive(file: string): boolean {
  try {
    process.kill(Number.parseInt(file, 10), 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Another user must not be able to keep a cluster from being deleted. */
function isOwn(file: string): boolean {
  return process.getuid === undefined || lstatSync(file).uid === process.getuid();
}
