import { readFileSync, rmSync } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { Clock } from "../../ecs/clock.ts";
import { isObject, nonEmptyString, parseJson, quoted } from "../../ecs/json.ts";
import { adviceAbout } from "../nearestName.ts";
import type { SettingReader } from "../settingReader.ts";
import { CredentialsReason, orReason } from "./credentialErrors.ts";

/** The fields of a profile. */
export type ProfileFields = Record<string, unknown>;

/** The configuration file of the Alibaba Cloud CLI. */
interface CliFile {
  path: string;
  content: Record<string, unknown>;
  /** Those of the content itself. */
  profiles: readonly ProfileFields[];
}

/** A profile that is to be used. */
export interface CliProfile {
  name: string;
  fields: ProfileFields;
  /** The whole file: some modes refer to other profiles. */
  file: CliFile;
  /** The setting that chooses the profile, for messages. */
  chosenBy: string;
  /** The profile with its file and what chooses it, for messages. */
  description: string;
}

const DEFAULT_FILE = "~/.aliyun/config.json";

/** The profile in `alicloud:profile`; undefined if there is none, or it cannot be used. */
export function readProfile(reader: SettingReader): CliProfile | undefined {
  const wanted = reader.find("profile");
  if (wanted === undefined) {
    return undefined;
  }
  const file = reader.text("sharedCredentialsFile") ?? DEFAULT_FILE;
  const profile = orReason(() => profileOf(readCliFile(file), wanted.value, wanted.origin));
  if (profile instanceof CredentialsReason) {
    reader.addProblem(wanted.origin, `cannot be used: ${profile.message}`);
    return undefined;
  }
  return profile;
}

/**
 * The profile that the CLI uses if none is named, as the default chain of Alibaba Cloud's SDKs does.
 *
 * @throws CredentialsReason
 */
export function readCurrentProfile(reader: SettingReader): CliProfile {
  const disabled = reader.variable("ALIBABA_CLOUD_CLI_PROFILE_DISABLED");
  if (disabled?.value.toLowerCase() === "true") {
    throw new CredentialsReason(`${disabled.origin} turns it off.`);
  }
  const file = readCliFile(DEFAULT_FILE);
  return profileOf(file, nonEmptyString(file.content, "current") ?? "default", "the CLI's current profile");
}

function profileOf(file: CliFile, name: string, chosenBy: string): CliProfile {
  return {
    name,
    fields: fieldsOf(file, name),
    file,
    chosenBy,
    description: `the profile ${JSON.stringify(name)} (${chosenBy}) of ${file.path}`,
  };
}

/** The messages do not contain the file's content, which has secrets. */
function readCliFile(name: string): CliFile {
  const file = path.normalize(name.replace(/^~(?=[/\\])/, homedir()));
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = codeOf(error);
    const advice =
      code === "ENOENT" ? "write it with `aliyun configure`" : "make it a file that this user may read";
    throw new CredentialsReason(`${file} cannot be read (${code}); ${advice}.`);
  }
  const content = parseJson(text);
  if (!isObject(content) || !Array.isArray(content["profiles"])) {
    const what = content === undefined ? "is not JSON" : "has no list of profiles";
    throw new CredentialsReason(
      `${file} ${what}, so it is not a configuration file of the Alibaba Cloud CLI; write it with \`aliyun configure\`.`,
    );
  }
  return { path: file, content, profiles: content["profiles"].filter(isObject) };
}

function fieldsOf({ path: file, profiles }: CliFile, name: string): ProfileFields {
  const fields = profiles.find((candidate) => candidate["name"] === name);
  if (fields === undefined) {
    const names = profiles.flatMap((candidate) => nonEmptyString(candidate, "name") ?? []);
    throw new CredentialsReason(
      `${file} has no profile ${quoted(name)}; ${adviceAbout(name, names, "its profiles are")}`,
    );
  }
  return fields;
}

/**
 * The fields of a profile as the file has them now.
 *
 * @throws CredentialsReason
 */
export function readFields(file: string, name: string): ProfileFields {
  return fieldsOf(readCliFile(file), name);
}

/** A call that the file is locked for ends long before. */
const LONGEST_WAIT_MS = 60_000;
const BETWEEN_TRIES_MS = 100;

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
    const changed = await change(readFields(target, name));
    // Another program, e.g. the CLI, may have changed the file in the meantime.
    const current = readCliFile(target);
    const fields = fieldsOf(current, name);
    if (changed !== undefined) {
      Object.assign(fields, changed);
      isLockGone = await store(handle, JSON.stringify(current.content, null, "\t"), target, lock);
    }
    return fields;
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

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}
