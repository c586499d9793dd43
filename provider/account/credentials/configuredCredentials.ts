import type { CredentialSource } from "../../ecs/http/credentialSource.ts";
import { nonEmptyString } from "../../ecs/json.ts";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  configKeys,
  type ConfigKeyName,
  type Fields,
} from "../configKeys.ts";
import { type Environment, isHttpUrl, type SettingReader } from "../settingReader.ts";
import { type CliProfile, readCurrentProfile } from "./cliFile.ts";
import { CredentialsReason, orReason } from "./credentialErrors.ts";
import { credentialsOfProfile } from "./modes.ts";
import { proxiedRequest } from "./proxiedRequest.ts";
import {
  assumeRole,
  assumeRoleWithOidc,
  credentialsOfUri,
  defaultChain,
  ecsRole,
  staticCredentials,
  type Services,
} from "./sources.ts";

/** What requests are signed with: a role, or the credentials that it is assumed with. */
export function readCredentials(
  reader: SettingReader,
  profile: CliProfile | undefined,
  { stsEndpoint, proxyEnv }: { stsEndpoint: string | undefined; proxyEnv: Environment },
): CredentialSource {
  const services = {
    stsRegion: reader.text("region"),
    stsEndpoint,
    doRequest: proxiedRequest(proxyEnv),
  };
  const role = readRole(reader, "assumeRole", assumeRoleFields);
  const oidcRole = readRole(reader, "assumeRoleWithOidc", assumeRoleWithOidcFields);
  if (oidcRole !== undefined) {
    const { roleArn, roleSessionName: sessionName } = oidcRole;
    const description = `the role ${roleArn} (${reader.nameOf("assumeRoleWithOidc")})`;
    return assumeRoleWithOidc(description, { ...oidcRole, sessionName }, services);
  }
  const base = readBaseCredentials(reader, profile, services);
  if (role === undefined) {
    return base;
  }
  const description = `the role ${role.roleArn} (${reader.nameOf("assumeRole")}), assumed with ${base.description}`;
  return assumeRole(description, role, base, services);
}

/** A way to give credentials without a role. */
interface Way {
  keys: readonly ConfigKeyName[];
  /** Undefined, with a problem, if they cannot be used. */
  read(
    reader: SettingReader,
    profile: CliProfile | undefined,
    services: Services,
  ): CredentialSource | undefined;
}

/** The ways to give credentials, in the order in which they count. */
const ways: readonly Way[] = [
  { keys: ["accessKey", "secretKey"], read: readAccessKey },
  {
    keys: ["profile"],
    read(reader, profile, services) {
      if (profile === undefined) {
        return undefined;
      }
      const found = orReason(() => credentialsOfProfile(profile, services, reader));
      if (found instanceof CredentialsReason) {
        reader.addProblem(profile.chosenBy, `cannot be used: ${found.message}`);
        return undefined;
      }
      return found;
    },
  },
  {
    keys: ["ecsRoleName"],
    read(reader) {
      const { value, origin } = reader.find("ecsRoleName")!;
      return ecsRole(`the ECS role ${value} (${origin})`, value);
    },
  },
  {
    keys: ["credentialsUri"],
    read(reader, _profile, { doRequest }) {
      const { value, origin } = reader.find("credentialsUri")!;
      if (!isHttpUrl(value)) {
        reader.addProblem(
          origin,
          "is not an http:// or https:// URL; give the URL that returns credentials.",
        );
      }
      return credentialsOfUri(`the URI in ${origin}`, value, doRequest);
    },
  },
];

/**
 * The credentials without a role. What the program or the stack gives explicitly, in any way, comes before everything in the
 * environment: it may be meant for another account.
 */
function readBaseCredentials(
  reader: SettingReader,
  profile: CliProfile | undefined,
  services: Services,
): CredentialSource {
  const way =
    ways.find(({ keys }) => keys.some((key) => reader.fromConfig(key) !== undefined)) ??
    ways.find(({ keys }) => keys.some((key) => reader.fromEnvironment(key) !== undefined));
  return way?.read(reader, profile, services) ?? readDefaultCredentials(reader, services, way === undefined);
}

function readAccessKey(reader: SettingReader): CredentialSource | undefined {
  const key = reader.find("accessKey");
  const secret = reader.find("secretKey");
  if (key === undefined || secret === undefined) {
    const missing = key === undefined ? "accessKey" : "secretKey";
    const given = (key ?? secret)!.origin;
    reader.addProblem(
      reader.nameOf(missing),
      `is missing, but ${given} is set. Set both (${reader.source.howToSet(missing)}, or the ` +
        `environment variable ${configKeys[missing].environment[0]}), or neither.`,
    );
    return undefined;
  }
  // A token in the environment belongs to the access key in the environment.
  const isExplicit =
    reader.fromConfig("accessKey") !== undefined && reader.fromConfig("secretKey") !== undefined;
  return staticCredentials(`${key.origin} and ${secret.origin}`, {
    accessKeyId: key.value,
    accessKeySecret: secret.value,
    securityToken: isExplicit ? reader.fromConfig("securityToken")?.value : reader.text("securityToken"),
  });
}

/** What a role with an OIDC token needs in the environment. The token itself comes before its file. */
const oidcVariables = [
  assumeRoleWithOidcFields.roleArn.environment,
  assumeRoleWithOidcFields.oidcProviderArn.environment,
  [...assumeRoleWithOidcFields.oidcToken.environment, ...assumeRoleWithOidcFields.oidcTokenFile.environment],
] as const;

/** The role that the environment alone describes, or the reason why it does not. */
function readOidcRole(reader: SettingReader, services: Services): CredentialSource | CredentialsReason {
  const found = oidcVariables.map((names) => reader.variable(...names));
  const [roleArn, oidcProviderArn, token] = found;
  if (roleArn === undefined || oidcProviderArn === undefined || token === undefined) {
    const missing = oidcVariables.filter((_names, index) => found[index] === undefined);
    const names = missing.map((alternatives) => alternatives.join(" or ")).join(" and ");
    return new CredentialsReason(`${names} ${missing.length === 1 ? "is" : "are"} not set`);
  }
  const isFile = token.variable === assumeRoleWithOidcFields.oidcTokenFile.environment[0];
  const variables = [roleArn, oidcProviderArn, token].map(({ variable }) => variable).join(", ");
  return assumeRoleWithOidc(
    `the role ${roleArn.value} (environment variables ${variables})`,
    {
      roleArn: roleArn.value,
      oidcProviderArn: oidcProviderArn.value,
      oidcTokenFile: isFile ? token.value : undefined,
      oidcToken: isFile ? undefined : token.value,
      sessionName: reader.variable(...assumeRoleWithOidcFields.roleSessionName.environment)?.value,
    },
    services,
  );
}

/** Our start of the SDKs' default chain. The library's writes renewed OAuth tokens to the wrong file. */
function readDefaultCredentials(
  reader: SettingReader,
  services: Services,
  isUnconfigured: boolean,
): CredentialSource {
  const oidcRole = readOidcRole(reader, services);
  if (!(oidcRole instanceof CredentialsReason)) {
    return oidcRole;
  }
  const file = reader.find("sharedCredentialsFile");
  // With this name it is also the SDKs' own file, which the rest of the chain reads.
  if (isUnconfigured && file !== undefined && file.variable !== "ALIBABA_CLOUD_CREDENTIALS_FILE") {
    reader.addProblem(
      file.origin,
      `is set, but no profile of that file is; set ${reader.nameOf("profile")}, or unset it.`,
    );
  }
  const found = orReason(() => credentialsOfProfile(readCurrentProfile(reader), services, reader));
  if (!(found instanceof CredentialsReason)) {
    return found;
  }
  const { accessKey, secretKey } = configKeys;
  return defaultChain(reader.source.missingCredentials, [
    reader.source.placeOf("accessKey", "secretKey"),
    `environment variables ${accessKey.environment.join(" / ")} and ${secretKey.environment.join(" / ")}`,
    `${reader.source.placeOf("profile", "ecsRoleName", "credentialsUri")}, and their environment variables`,
    `a role with an OIDC token: ${oidcRole.message}`,
    `~/.aliyun/config.json, the current profile of the Alibaba Cloud CLI: ${found.message}`,
  ]);
}

type RoleFields<F extends Fields> = {
  [K in keyof F]: F[K] extends { isRequired: true } ? string : string | undefined;
} & { durationSeconds: number | undefined };

/** The fields of a role; undefined, with a problem for each that is wrong, if one is missing. */
function readRole<F extends Fields>(
  reader: SettingReader,
  key: ConfigKeyName,
  fields: F,
): RoleFields<F> | undefined {
  const given = reader.object(key, fields);
  if (given === undefined) {
    return undefined;
  }
  const texts = Object.fromEntries(Object.keys(fields).map((name) => [name, nonEmptyString(given, name)]));
  const missing = Object.keys(fields).filter((name) => fields[name]?.isRequired && texts[name] === undefined);
  for (const name of missing) {
    reader.addProblem(
      reader.nameOf(key),
      `has no ${name}, which is required; set it with pulumi config set --path '${reader.nameOf(key)}.${name}' ….`,
    );
  }
  const seconds = texts["sessionExpiration"];
  if (seconds !== undefined && !(/^\d+$/.test(seconds) && Number(seconds) >= 900)) {
    reader.addProblem(
      reader.nameOf(key),
      `has a sessionExpiration of ${JSON.stringify(seconds)}; give a number of seconds, at least 900.`,
    );
  }
  if ("oidcToken" in fields && texts["oidcToken"] === undefined && texts["oidcTokenFile"] === undefined) {
    reader.addProblem(
      reader.nameOf(key),
      "has no oidcTokenFile and no oidcToken, one of which is required; set it with " +
        `pulumi config set --path '${reader.nameOf(key)}.oidcTokenFile' ….`,
    );
  }
  const durationSeconds = seconds === undefined ? undefined : Number(seconds);
  return missing.length > 0 ? undefined : ({ ...texts, durationSeconds } as RoleFields<F>);
}
