import { rmSync } from "node:fs";
import { type FileHandle, open, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import type { Clock } from "../clock";
import { jsonObject } from "../json";
import { CredentialsReason } from "./credentialErrors";

/** The fields of a profile in the configuration file of the Alibaba Cloud CLI. */
export type ProfileFields = Record<string, unknown>;

/** A call that the file is locked for ends long before. */
const LONGEST_WAIT_MS = 60_000;
const BETWEEN_TRIES_MS = 100;

/** A profile as the file has it now. */
export async function readProfileFields(file: string, name: string): Promise<ProfileFields> {
  return profileIn(await readContent(file), file, name);
}

/**
 * Changes fields of a profile, by one process at a time. The new content is written to `<file>.lock` and then renamed to the
 * file: so the lock is taken, and known to be writable, before `change` uses up a token, and the file is never half written.
 *
 * @param change gets the profile as it is when the lock is taken; returns the fields to change, or undefined for none
 * @returns the profile after the change
 * @throws CredentialsReason, before `change` is called, if the file cannot be changed
 */
export async function changeProfile(
  file: string,
  name: string,
  clock: Clock,
  change: (profile: ProfileFields) => Promise<ProfileFields | undefined>,
): Promise<ProfileFields> {
  // A link stays a link.
  const target = await realpath(file);
  const lock = `${target}.lock`;
  const handle = await openLock(target, lock, clock);
  // A run may end meanwhile, e.g. a preview that does not wait so long.
  const removeLock = (): void => {
    rmSync(lock, { force: true });
  };
  process.once("exit", removeLock);
  let isLockGone = false;
  try {
    const fields = await change(await readProfileFields(target, name));
    // Another program, e.g. the CLI, may have changed the file in the meantime.
    const content = await readContent(target);
    const profile = profileIn(content, target, name);
    if (fields === undefined) {
      return profile;
    }
    Object.assign(profile, fields);
    isLockGone = await store(handle, JSON.stringify(content, null, "\t"), target, lock);
    return profile;
  } finally {
    process.off("exit", removeLock);
    await handle.close();
    if (!isLockGone) {
      await rm(lock);
    }
  }
}

async function openLock(target: string, lock: string, clock: Clock): Promise<FileHandle> {
  const startedAt = clock.now();
  for (;;) {
    let handle: FileHandle | undefined;
    try {
      // A file that may not be written to is not replaced either.
      await (await open(target, "r+")).close();
      const { mode, uid, gid } = await stat(target);
      handle = await open(lock, "wx", 0o600);
      await handle.chown(uid, gid);
      await handle.chmod(mode);
      return handle;
    } catch (error) {
      const code = codeOf(error);
      if (handle !== undefined) {
        await handle.close();
        await rm(lock);
      }
      if (code !== "EEXIST") {
        throw new CredentialsReason(
          `the sign-in has to be renewed, but its new tokens could not be stored: ${target} cannot be changed ` +
            `(${code}). The file must belong to this user, and the file and its folder must be writable.`,
        );
      }
      if (clock.now() - startedAt > LONGEST_WAIT_MS) {
        throw new CredentialsReason(
          `another process renews the sign-in, or was killed while it did: if none runs, delete ${lock}.`,
        );
      }
    }
    // The call that waits for the credentials keeps the process alive, as long as it waits.
    await clock.sleep(BETWEEN_TRIES_MS, { ref: false });
  }
}

/** Makes the text the content of the file, and says whether the lock has become the file. */
async function store(handle: FileHandle, text: string, target: string, lock: string): Promise<boolean> {
  try {
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
    try {
      await rename(lock, target);
      return true;
    } catch {
      // A file that is mounted into a container, or that is open on Windows, can be written to, but not replaced.
      await writeFile(target, text);
      return false;
    }
  } catch (error) {
    throw new CredentialsReason(
      `the sign-in was renewed, but its new tokens could not be stored in ${target} (${codeOf(error)}); sign in again.`,
    );
  }
}

async function readContent(file: string): Promise<{ profiles: unknown[] }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new CredentialsReason(`${file} cannot be read (${codeOf(error)}).`);
  }
  const content = jsonObject(text);
  if (!Array.isArray(content?.["profiles"])) {
    throw new CredentialsReason(`${file} is not a configuration file of the Alibaba Cloud CLI.`);
  }
  return content as { profiles: unknown[] };
}

function profileIn(content: { profiles: unknown[] }, file: string, name: string): ProfileFields {
  const profile = content.profiles.find((each) => (each as ProfileFields | null)?.["name"] === name);
  if (profile === undefined) {
    throw new CredentialsReason(`${file} no longer contains this profile.`);
  }
  return profile as ProfileFields;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}
