import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { isObject, parseJson } from "../ecs/json";
import { adviceAbout } from "./nearestName";
import { quoted } from "./quoted";
import { fieldOf, type SettingReader } from "./settingReader";

/** A profile of the Alibaba Cloud CLI's configuration file. */
export interface CliProfile {
  name: string;
  region: string | undefined;
  fields: Record<string, unknown>;
  /** The other profiles of the file too: some modes refer to them. */
  all: readonly Record<string, unknown>[];
  file: string;
  /** Where the profile was chosen, for messages. */
  origin: string;
  /** The same, with the profile and the file. */
  source: string;
}

/** Why there is no profile, and what to do. */
export interface NoProfile {
  reason: string;
}

const DEFAULT_FILE = "~/.aliyun/config.json";

/** The profile in `alicloud:profile`; undefined if there is none, or it cannot be used. */
export function readProfile(reader: SettingReader): CliProfile | undefined {
  const wanted = reader.find("profile");
  if (wanted === undefined) {
    return undefined;
  }
  const file = reader.text("sharedCredentialsFile") ?? DEFAULT_FILE;
  const profile = profileOf(readFile(file), wanted.value, wanted.origin);
  if ("reason" in profile) {
    reader.addProblem(wanted.origin, `cannot be used: ${profile.reason}`);
    return undefined;
  }
  return profile;
}

/** The profile that the CLI uses if none is named, as the default chain of Alibaba Cloud's SDKs does. */
export function readCurrentProfile(reader: SettingReader): CliProfile | NoProfile {
  const disabled = reader.variable("ALIBABA_CLOUD_CLI_PROFILE_DISABLED");
  if (disabled?.value.toLowerCase() === "true") {
    return { reason: `${disabled.origin} turns it off.` };
  }
  const content = readFile(DEFAULT_FILE);
  const current = "reason" in content ? undefined : content.current;
  return profileOf(content, current ?? "default", "the CLI's current profile");
}

interface Content {
  file: string;
  profiles: readonly Record<string, unknown>[];
  current: string | undefined;
}

function profileOf(content: Content | NoProfile, name: string, origin: string): CliProfile | NoProfile {
  if ("reason" in content) {
    return content;
  }
  const { file, profiles } = content;
  const fields = profiles.find((candidate) => candidate["name"] === name);
  if (fields === undefined) {
    const names = profiles.flatMap((candidate) => fieldOf(candidate, "name") ?? []);
    return {
      reason: `${file} has no profile ${quoted(name)}; ${adviceAbout(name, names, "its profiles are")}`,
    };
  }
  return {
    name,
    region: fieldOf(fields, "region_id"),
    fields,
    all: profiles,
    file,
    origin,
    source: `the profile ${JSON.stringify(name)} (${origin}) of ${file}`,
  };
}

/** The messages do not contain the file's content, which has secrets. */
function readFile(name: string): Content | NoProfile {
  const file = path.normalize(name.replace(/^~(?=[/\\])/, homedir()));
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    const advice =
      code === "ENOENT" ? "write it with `aliyun configure`" : "make it a file that this user may read";
    return { reason: `${file} cannot be read (${code}); ${advice}.` };
  }
  const content = parseJson(text);
  if (!isObject(content) || !Array.isArray(content["profiles"])) {
    const what = content === undefined ? "is not JSON" : "has no list of profiles";
    return {
      reason: `${file} ${what}, so it is not a configuration file of the Alibaba Cloud CLI; write it with \`aliyun configure\`.`,
    };
  }
  return { file, profiles: content["profiles"].filter(isObject), current: fieldOf(content, "current") };
}
