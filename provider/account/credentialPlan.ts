import type {
  CredentialChoice,
  CredentialPlan,
  RoleToAssume,
  StsChoice,
} from "../ecs/credentials/credentialSource";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  configKeys,
  type ConfigKeyName,
  type Fields,
} from "./configKeys";
import { type CliProfile, readCurrentProfile } from "./cliProfile";
import { profileCredentials } from "./profileCredentials";
import { fieldOf, isHttpUrl, type SettingReader } from "./settingReader";

/** How to get credentials: the base ones, and the role that is assumed with them, if any. */
export function readCredentialPlan(
  reader: SettingReader,
  profile: CliProfile | undefined,
  stsEndpoint: string | undefined,
): CredentialPlan {
  // @alicloud/credentials takes a host, and always calls it with HTTPS.
  const sts = { region: reader.text("region"), endpoint: stsEndpoint?.replace(/^https?:\/\/|\/+$/gi, "") };
  const role = readRole(reader);
  const oidcRole = readOidcRole(reader);
  const base = oidcRole ?? readOwnCredentials(reader, profile, sts);
  return { base, role: oidcRole === undefined ? role : undefined, sts };
}

/** The ways to give credentials, in the order in which they count, and the keys of each. */
const credentialKeys = {
  static: ["accessKey", "secretKey"],
  profile: ["profile"],
  ecsRole: ["ecsRoleName"],
  uri: ["credentialsUri"],
} as const satisfies Record<string, readonly ConfigKeyName[]>;

/**
 * The way that credentials are given. What the program or the stack gives explicitly, of any kind, comes before everything in
 * the environment: it may be meant for another account.
 */
function credentialKind(reader: SettingReader): keyof typeof credentialKeys | "default" {
  const kinds = Object.keys(credentialKeys) as (keyof typeof credentialKeys)[];
  const isGiven =
    (find: (key: ConfigKeyName) => unknown) =>
    (kind: keyof typeof credentialKeys): boolean =>
      credentialKeys[kind].some((key) => find(key) !== undefined);
  return (
    kinds.find(isGiven((key) => reader.fromConfig(key))) ??
    kinds.find(isGiven((key) => reader.fromEnvironment(key))) ??
    "default"
  );
}

function readOwnCredentials(
  reader: SettingReader,
  profile: CliProfile | undefined,
  sts: StsChoice,
): CredentialChoice {
  const kind = credentialKind(reader);
  if (kind === "static") {
    const choice = readAccessKey(reader);
    if (choice !== undefined) {
      return choice;
    }
  }
  if (kind === "profile" && profile !== undefined) {
    const found = profileCredentials(profile, sts, reader);
    if (!("reason" in found)) {
      return found;
    }
    reader.addProblem(profile.origin, `cannot be used: ${found.reason}`);
  }
  if (kind === "ecsRole") {
    const { value, origin } = reader.find("ecsRoleName")!;
    return { kind, roleName: value, source: `the ECS role ${value} (${origin})` };
  }
  if (kind === "uri") {
    const { value, origin } = reader.find("credentialsUri")!;
    if (!isHttpUrl(value)) {
      reader.addProblem(origin, "is not an http:// or https:// URL; give the URL that returns credentials.");
    }
    return { kind, uri: value, source: `the URI in ${origin}` };
  }
  return readDefaultCredentials(reader, sts, kind === "default");
}

/** The variables of the default chain's OIDC role. */
const oidcVariables = [
  ...assumeRoleWithOidcFields.roleArn.environment,
  ...assumeRoleWithOidcFields.oidcProviderArn.environment,
  ...assumeRoleWithOidcFields.oidcTokenFile.environment,
] as const;

/**
 * The default chain of Alibaba Cloud's SDKs, as far as nothing before it has the same variables. Its first members are here, and
 * not the library's: that stores new tokens of a profile elsewhere than where they were read.
 */
function readDefaultCredentials(
  reader: SettingReader,
  sts: StsChoice,
  isUnconfigured: boolean,
): CredentialChoice {
  const [roleArn, oidcProviderArn, oidcTokenFile] = oidcVariables.map((name) => reader.variable(name)?.value);
  if (roleArn !== undefined && oidcProviderArn !== undefined && oidcTokenFile !== undefined) {
    return {
      kind: "oidcRole",
      roleArn,
      oidcProviderArn,
      oidcTokenFile,
      oidcToken: undefined,
      policy: undefined,
      sessionName: reader.variable(...assumeRoleWithOidcFields.roleSessionName.environment)?.value,
      sessionExpirationS: undefined,
      source: `the role ${roleArn} (environment variables ${oidcVariables.join(", ")})`,
    };
  }
  const file = reader.find("sharedCredentialsFile");
  // With this name it is also the SDKs' own file, which the rest of the chain reads.
  if (isUnconfigured && file !== undefined && file.variable !== "ALIBABA_CLOUD_CREDENTIALS_FILE") {
    reader.addProblem(
      file.origin,
      "is set, but no profile of that file is; set alicloud:profile, or unset it.",
    );
  }
  const current = readCurrentProfile(reader);
  const found = "reason" in current ? current : profileCredentials(current, sts, reader);
  return "reason" in found
    ? {
        kind: "default",
        advice: reader.source.missingCredentials,
        searched: [
          reader.source.placeOf("accessKey", "secretKey"),
          `environment variables ${configKeys.accessKey.environment.join(" / ")} and ${configKeys.secretKey.environment.join(" / ")}`,
          `${reader.source.placeOf("profile", "ecsRoleName", "credentialsUri")}, and their environment variables`,
          `environment variables ${oidcVariables.join(", ")}`,
          `~/.aliyun/config.json, the current profile of the Alibaba Cloud CLI: ${found.reason}`,
        ],
      }
    : found;
}

function readAccessKey(reader: SettingReader): CredentialChoice | undefined {
  const key = reader.find("accessKey");
  const secret = reader.find("secretKey");
  if (key === undefined || secret === undefined) {
    const missing = key === undefined ? "accessKey" : "secretKey";
    const given = (key ?? secret)!.origin;
    reader.addProblem(
      `alicloud:${missing}`,
      `is missing, but ${given} is set. Set both (${reader.source.howToSet(missing)}, or the ` +
        `environment variable ${configKeys[missing].environment[0]}), or neither.`,
    );
    return undefined;
  }
  // A token in the environment belongs to the access key in the environment.
  const isExplicit =
    reader.fromConfig("accessKey") !== undefined && reader.fromConfig("secretKey") !== undefined;
  return {
    kind: "static",
    credentials: {
      accessKeyId: key.value,
      accessKeySecret: secret.value,
      securityToken: isExplicit ? reader.fromConfig("securityToken")?.value : reader.text("securityToken"),
    },
    source: `${key.origin} and ${secret.origin}`,
  };
}

function readRole(reader: SettingReader): RoleToAssume | undefined {
  const given = reader.object("assumeRole", assumeRoleFields);
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
  const given = reader.object("assumeRoleWithOidc", assumeRoleWithOidcFields);
  if (given === undefined) {
    return undefined;
  }
  const required = readRequired(reader, "assumeRoleWithOidc", assumeRoleWithOidcFields, given);
  const sessionExpirationS = readExpiration(reader, "assumeRoleWithOidc", given);
  const [oidcToken, oidcTokenFile] = [fieldOf(given, "oidcToken"), fieldOf(given, "oidcTokenFile")];
  if (oidcToken === undefined && oidcTokenFile === undefined) {
    reader.addProblem(
      "alicloud:assumeRoleWithOidc",
      "has no oidcTokenFile and no oidcToken, one of which is required; set it with " +
        "pulumi config set --path 'alicloud:assumeRoleWithOidc.oidcTokenFile' ….",
    );
  }
  if (required === undefined) {
    return undefined;
  }
  return {
    kind: "oidcRole",
    ...required,
    oidcToken,
    oidcTokenFile,
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
