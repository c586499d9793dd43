import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { CredentialChoice, CredentialPlan, RoleToAssume } from "./ecs/credentials";
import { environmentNames, field, isObject, parseJson, type SettingReader } from "./settingReader";

/** How to come by credentials: the base ones, and perhaps a role that is assumed with them. */
export function readCredentials(
  reader: SettingReader,
  profile: Profile | undefined,
  stsEndpoint: string | undefined,
): CredentialPlan {
  // @alicloud/credentials takes a host, and always speaks HTTPS to it.
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
    reader.complain(
      `alicloud:${missing}`,
      `is missing, but ${given} is set. Set both (pulumi config set --secret alicloud:${missing} …, or the ` +
        `environment variable ${environmentNames[missing][0]}), or neither.`,
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
      reader.complain(
        uri.origin,
        "is not an http:// or https:// URL; give the URL that answers with credentials.",
      );
    }
    return { kind: "uri", uri: uri.value, source: `the URI in ${uri.origin}` };
  }
  return {
    kind: "default",
    lookedAt: [
      "stack configuration alicloud:accessKey and alicloud:secretKey",
      `environment variables ${environmentNames.accessKey.join(" / ")} and ${environmentNames.secretKey.join(" / ")}`,
      "stack configuration alicloud:profile, alicloud:ecsRoleName and alicloud:credentialsUri, and their environment variables",
    ],
  };
}

function readRole(reader: SettingReader): RoleToAssume | undefined {
  const given = reader.object("assumeRole");
  if (given === undefined) {
    return undefined;
  }
  const roleArn = field(given, "roleArn");
  if (roleArn === undefined) {
    reader.complain(
      "alicloud:assumeRole",
      "has no roleArn; give the ARN of the role to assume (acs:ram::<account>:role/<name>).",
    );
    return undefined;
  }
  return {
    roleArn,
    policy: field(given, "policy"),
    sessionName: field(given, "sessionName"),
    sessionExpirationS: readExpiration(reader, "assumeRole", given),
    externalId: field(given, "externalId"),
  };
}

function readOidcRole(reader: SettingReader): CredentialChoice | undefined {
  const given = reader.object("assumeRoleWithOidc");
  if (given === undefined) {
    return undefined;
  }
  const [roleArn, oidcProviderArn, oidcTokenFile] = (
    ["roleArn", "oidcProviderArn", "oidcTokenFile"] as const
  ).map((key) => {
    const value = field(given, key);
    if (value === undefined) {
      reader.complain("alicloud:assumeRoleWithOidc", `has no ${key}; give it.`);
    }
    return value ?? "";
  }) as [string, string, string];
  return {
    kind: "oidcRole",
    roleArn,
    oidcProviderArn,
    oidcTokenFile,
    policy: field(given, "policy"),
    sessionName: field(given, "roleSessionName"),
    sessionExpirationS: readExpiration(reader, "assumeRoleWithOidc", given),
    source: `the role ${roleArn} (alicloud:assumeRoleWithOidc)`,
  };
}

function readExpiration(
  reader: SettingReader,
  key: string,
  given: Record<string, unknown>,
): number | undefined {
  const text = field(given, "sessionExpiration");
  if (text === undefined || (/^\d+$/.test(text) && Number(text) >= 900)) {
    return text === undefined ? undefined : Number(text);
  }
  reader.complain(
    `alicloud:${key}`,
    `has a sessionExpiration of ${JSON.stringify(text)}; give seconds, 900 at least.`,
  );
  return undefined;
}

/** A profile of the Alibaba Cloud CLI's configuration file. */
export interface Profile {
  name: string;
  region: string | undefined;
  /** The file's content, for the modes that refer to other profiles. */
  profiles: { profiles: Record<string, unknown>[]; current?: string };
  source: string;
}

/** The profile that `alicloud:profile` names; undefined if none is named, or it cannot be used. */
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
    reader.complain(
      wanted.origin,
      `cannot be used: ${file} cannot be read (${code}); write it with \`aliyun configure\`.`,
    );
    return undefined;
  }
  const content = parseJson(text);
  // The content stays out of the message: it contains secrets.
  if (!isObject(content) || !Array.isArray(content["profiles"])) {
    reader.complain(
      wanted.origin,
      `cannot be used: ${file} is not a configuration file of the Alibaba Cloud CLI.`,
    );
    return undefined;
  }
  const profiles = content["profiles"].filter(isObject);
  const profile = profiles.find((candidate) => candidate["name"] === wanted.value);
  if (profile === undefined) {
    const names = profiles.map((candidate) => String(candidate["name"])).join(", ");
    reader.complain(
      wanted.origin,
      `is ${JSON.stringify(wanted.value)}, but ${file} has only these profiles: ${names}.`,
    );
    return undefined;
  }
  return { name: wanted.value, region: field(profile, "region_id"), profiles: { profiles }, source: where };
}
