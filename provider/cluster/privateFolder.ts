/** A folder that only its user can reach. Only built-in modules are imported: plugin/main.ts loads this file before all others. */
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

const BY_OTHERS = 0o077;
const STICKY = 0o1000;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;

/** Windows has no ids of users; a profile's folder is its user's alone there. */
const ownId = process.geteuid?.();

const advice = "set the environment variable PULUMI_HOME to a folder that only you can change";

/**
 * A folder in `pulumi-alicloud-hpc` in the user's Pulumi folder, for the user alone: nobody else can read it, change it, or put
 * another one in its place. It is created if it does not exist.
 *
 * @throws if it cannot be created, or if another user could reach it: the message names the folder, and says what to do
 */
export function privateFolder(name: string): string {
  let folder = usersFolder(pulumiHome());
  for (const each of ["pulumi-alicloud-hpc", name]) {
    folder = path.join(folder, each);
    create(folder);
    const { mode } = ownStats(folder);
    // What lies there already may be another user's, so new permissions would not be enough.
    if (ownId !== undefined && (mode & BY_OTHERS) !== 0) {
      throw new Error(`${folder} can be read or changed by other users: delete it, or ${advice}`);
    }
  }
  return folder;
}

function pulumiHome(): string {
  const given = process.env["PULUMI_HOME"] ?? "";
  // On Windows nothing says whether others can change a folder outside of the profile.
  return ownId !== undefined && path.isAbsolute(given) ? given : path.join(homedir(), ".pulumi");
}

/** The real path of a folder, if no other user can put another one in its place. It is created if it does not exist. */
function usersFolder(given: string): string {
  if (!existsSync(given)) {
    create(path.join(usersFolder(path.dirname(given)), path.basename(given)));
  }
  const folder = realpathSync(given);
  // From the root down: who cannot change a folder cannot replace the next one either.
  for (const each of ancestorsOf(folder)) {
    if (isWritableByOthers(ownStats(each))) {
      throw new Error(`${each} can be changed by other users: run chmod go-w '${each}', or ${advice}`);
    }
  }
  return folder;
}

function isWritableByOthers({ mode, gid }: Stats): boolean {
  // In a sticky folder, e.g. /tmp, nobody can replace what belongs to another user.
  if (ownId === undefined || (mode & STICKY) !== 0) {
    return false;
  }
  const accounts = () => ({ passwd: contentOf("/etc/passwd"), group: contentOf("/etc/group") });
  return (
    (mode & WRITABLE_BY_ALL) !== 0 ||
    ((mode & WRITABLE_BY_GROUP) !== 0 && !isGroupOfOne(gid, ownId, accounts()))
  );
}

function ancestorsOf(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [...ancestorsOf(parent), folder];
}

function create(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${folder} cannot be created (${reason}): ${advice}`, { cause: error });
    }
  }
}

/** @throws if it is not a folder of this user or of root */
function ownStats(folder: string): Stats {
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) {
    throw new Error(`${folder} is not a folder, but a link or a file: delete it, or ${advice}`);
  }
  if (ownId !== undefined && stats.uid !== ownId && stats.uid !== 0) {
    throw new Error(`${folder} belongs to the user ${stats.uid}, and you are the user ${ownId}: ${advice}`);
  }
  return stats;
}

/**
 * Whether a group is one user's alone. Many systems give every user a group of the same name, and let it change what the user
 * creates (umask 002). Not every user and member is in these files, so the name has to be the user's too.
 *
 * @param accounts what /etc/passwd and /etc/group contain
 */
export function isGroupOfOne(gid: number, uid: number, accounts: { passwd: string; group: string }): boolean {
  const users = rowsOf(accounts.passwd);
  const groups = rowsOf(accounts.group).filter(([, , id]) => Number(id) === gid);
  const [name] = users.find(([, , id]) => Number(id) === uid) ?? [];
  const isTrusted = (user: string | undefined) => user === name || user === "root";
  return (
    groups.length > 0 &&
    groups.every(
      ([group, , , members = ""]) => group === name && members.split(",").filter(Boolean).every(isTrusted),
    ) &&
    users.every(([user, , , group]) => Number(group) !== gid || isTrusted(user))
  );
}

const rowsOf = (text: string): string[][] => text.split("\n").map((line) => line.split(":"));

const contentOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
