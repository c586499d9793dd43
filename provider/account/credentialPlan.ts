import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { CredentialChoice, CredentialPlan, RoleToAssume } from "../ecs/credentials/credentialSource";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  configKeys,
  type ConfigKeyName,
  type Fields,
} from "./configKeys";
import { fieldOf, isObject, parseJson, type SettingReader } from "./settingReader";

/** How to get credentials: the base ones, and the role that is assumed with them, if any. */
export function readCredentialPlan(
  reader: SettingReader,
  profile: Profile | undefined,
  stsEndpoint: string | undefined,
): CredentialPlan {
  // @alicloud/credentials takes a host, and always calls it with HTTPS.
  const sts = { region: reader.text("region"), endpoint: stsEndpoint?.replace(/^https?:\/\//i, "") };
  const role = readRole(reader);
  const oidcRole = readOidcRole(reader);
  const base = oidcRole ?? readOwnCredentials(reader, profile);
  return { base, role: oidcRole === undefined ? role : undefined, sts };
}

/** The first of: access key, profile, ECS role, credentials URI, default chain. */
function readOwnCredentials(reader: SettingReader, profile: Profile | undefined): CredentialChoice {
  const key = reader.find("accessKey");
  const secret = reader.find("secretKey");
  if (key !== undefined && secret !== undefined) {
    return {
      kind: "static",
      credentials: {
        accessKeyId: key.value,
        accessKeySecret: secret.value,
        securityToken: reader.text("securityToken"),
      },
      source: `${key.origin} and ${secret.origin}`,
    };
  }
  if ((key ?? secret) !== undefined) {
    const missing = key === undefined ? "accessKey" : "secretKey";
    const given = (key ?? secret)!.origin;
    reader.addProblem(
      `alicloud:${missing}`,
      `is missing, but ${given} is set. Set both (pulumi config set --secret alicloud:${missing} …, or the ` +
        `environment variable ${configKeys[missing].environment[0]}), or neither.`,
    );
  }
  if (profile !== undefined) {
    return { kind: "profile", name: profile.name, profiles: profile.profiles, source: profile.source };
  }
  const ecsRole = reader.find("ecsRoleName");
  if (ecsRole !== undefined) {
    return {
      kind: "ecsRole",
      roleName: ecsRole.value,
      source: `the ECS role ${ecsRole.value} (${ecsRole.origin})`,
    };
  }
  const uri = reader.find("credentialsUri");
  if (uri !== undefined) {
    if (!/^https?:\/\//.test(uri.value) || !URL.canParse(uri.value)) {
      reader.addProblem(
        uri.origin,
        "is not an http:// or https:// URL; give the URL that returns credentials.",
      );
    }
    return { kind: "uri", uri: uri.value, source: `the URI in ${uri.origin}` };
  }
  return {
    kind: "default",
    searched: [
      "stack configuration alicloud:accessKey and alicloud:secretKey",
      `environment variables ${configKeys.accessKey.environment.join(" / ")} and ${configKeys.secretKey.environment.join(" / ")}`,
      "stack configuration alicloud:profile, alicloud:ecsRoleName and alicloud:credentialsUri, and their environment variables",
    ],
  };
}

function readRole(reader: SettingReader): RoleToAssume | undefined {
  const given = reader.object("assumeRole");
  if (given === undefined) {
    return undefined;
  }
  const required = readRequired(reader, "assumeRole", assumeRoleFields, given);
  const sessionExpirationS = readExpiration(reader, "assumeRole", given);
  if (required === undefined) {
    return undefined;
  }
  return {
    ...required,
    policy: fieldOf(given, "policy"),
    sessionName: fieldOf(given, "sessionName"),
    sessionExpirationS,
    externalId: fieldOf(given, "externalId"),
  };
}

function readOidcRole(reader: SettingReader): CredentialChoice | undefined {
  const given = reader.object("assumeRoleWithOidc");
  if (given === undefined) {
    return undefined;
  }
  const required = readRequired(reader, "assumeRoleWithOidc", assumeRoleWithOidcFields, given);
  const sessionExpirationS = readExpiration(reader, "assumeRoleWithOidc", given);
  if (required === undefined) {
    return undefined;
  }
  return {
    kind: "oidcRole",
    ...required,
    policy: fieldOf(given, "policy"),
    sessionName: fieldOf(given, "roleSessionName"),
    sessionExpirationS,
    source: `the role ${required.roleArn} (alicloud:assumeRoleWithOidc)`,
  };
}

type RequiredOf<F extends Fields> = {
  [K in keyof F as F[K] extends { isRequired: true } ? K : never]: string;
};

/** The required fields of a structured key; undefined, with a problem for each, if one is missing. */
function readRequired<F extends Fields>(
  reader: SettingReader,
  key: ConfigKeyName,
  fields: F,
  given: Record<string, unknown>,
): RequiredOf<F> | undefined {
  const names = Object.keys(fields).filter((name) => fields[name]?.isRequired);
  const missing = names.filter((name) => fieldOf(given, name) === undefined);
  for (const name of missing) {
    reader.addProblem(
      `alicloud:${key}`,
      `has no ${name}, which is required; set it with pulumi config set --path 'alicloud:${key}.${name}' ….`,
    );
  }
  return missing.length > 0
    ? undefined
    : (Object.fromEntries(names.map((name) => [name, fieldOf(given, name)])) as RequiredOf<F>);
}

function readExpiration(
  reader: SettingReader,
  key: ConfigKeyName,
  given: Record<string, unknown>,
): number | undefined {
  const text = fieldOf(given, "sessionExpiration");
  if (text === undefined || (/^\d+$/.test(text) && Number(text) >= 900)) {
    return text === undefined ? undefined : Number(text);
  }
  reader.addProblem(
    `alicloud:${key}`,
    `has a sessionExpiration of ${JSON.stringify(text)}; give a number of seconds, at least 900.`,
  );
  return undefined;
}

/** A profile of the Alibaba Cloud CLI's configuration file. */
export interface Profile {
  name: string;
  region: string | undefined;
  /** The file's content: some modes refer to other profiles. */
  profiles: { profiles: Record<string, unknown>[]; current?: string };
  source: string;
}

/** The profile in `alicloud:profile`; undefined if there is none, or it cannot be used. */
export function readProfile(reader: SettingReader): Profile | undefined {
  const wanted = reader.find("profile");
  if (wanted === undefined) {
    return undefined;
  }
  const found = reader.find("sharedCredentialsFile");
  const file = (found?.value ?? "~/.aliyun/config.json").replace(/^~(?=[/\\])/, homedir());
  const where = `the profile ${JSON.stringify(wanted.value)} (${wanted.origin}) of ${path.normalize(file)}`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    reader.addProblem(
      wanted.origin,
      `cannot be used: ${file} cannot be read (${code}); write it with \`aliyun configure\`.`,
    );
    return undefined;
  }
  const content = parseJson(text);
  // The content contains secrets, so it is not part of the message.
  if (!isObject(content) || !Array.isArray(content["profiles"])) {
    reader.addProblem(
      wanted.origin,
      `cannot be used: ${file} is not a configuration file of the Alibaba Cloud CLI.`,
    );
    return undefined;
  }
  const profiles = content["profiles"].filter(isObject);
  const profile = profiles.find((candidate) => candidate["name"] === wanted.value);
  if (profile === undefined) {
    const names = profiles.map((candidate) => String(candidate["name"])).join(", ");
    reader.addProblem(
      wanted.origin,
      `is ${JSON.stringify(wanted.value)}, but ${file} has only these profiles: ${names}.`,
    );
    return undefined;
  }
  return { name: wanted.value, region: fieldOf(profile, "region_id"), profiles: { profiles }, source: where };
}
