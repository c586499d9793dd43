import { nonEmptyString, quoted } from "../../ecs/json.ts";
import type { CredentialSource } from "../../ecs/http/credentialSource.ts";
import { isHttpUrl, type SettingReader } from "../settingReader.ts";
import type { CliProfile } from "./cliFile.ts";
import { CredentialsReason } from "./credentialErrors.ts";
import { externalCredentials } from "./externalProcess.ts";
import { cloudSsoCredentials, expiredCloudSso, oauthCredentials, oauthSites } from "./signIn.ts";
import {
  assumeRole,
  assumeRoleWithOidc,
  cachedUntilExpiry,
  credentialsOfUri,
  ecsRole,
  staticCredentials,
  type Role,
  type Services,
} from "./sources.ts";

/** A profile that has all that its mode requires. */
interface ProfileInput {
  profile: CliProfile;
  /** A field of the profile. */
  field: (name: string) => string | undefined;
  /** A required field of the profile. */
  required: (name: string) => string;
  /** Why the profile cannot be used. */
  refusal: (reason: string) => CredentialsReason;
  /** How the user sets the profile up, or signs in again. */
  setUp: string;
  /** With the STS service of the profile, if it names one. */
  services: Services;
  /** The credentials of another profile in the same file. */
  sourceOf: (name: string) => CredentialSource;
  reader: SettingReader;
}

/** A mode that works. */
interface WorkingMode {
  /** The fields without which a profile of this mode cannot be used. */
  required: readonly string[];
  /** What else is used, for the documentation. */
  optional?: readonly string[];
  /** Where the credentials come from, for the documentation. */
  credentials: string;
  /** What is written back to the file, for the documentation. Default: nothing. */
  writtenBack?: string;
  /** @throws CredentialsReason if the profile cannot be used */
  source(given: ProfileInput): CredentialSource;
}

/** A mode that is refused at preview. */
interface RefusedMode {
  /** Why, and what to do instead. */
  refused: string;
}

export type ProfileMode = WorkingMode | RefusedMode;

const key = ["access_key_id", "access_key_secret"] as const;
const stored = ["access_key_id", "access_key_secret", "sts_token", "sts_expiration"] as const;
const roleOptions = ["ram_session_name", "expired_seconds", "sts_region", "sts_endpoint"] as const;

/** The modes of the Alibaba Cloud CLI's profiles (`config/profile.go` there). Their case does not matter. */
export const profileModes: Readonly<Record<string, ProfileMode>> = {
  AK: {
    required: key,
    credentials: "the access key",
    source: (given) => accessKey(given, undefined),
  },
  StsToken: {
    required: [...key, "sts_token"],
    credentials: "the temporary access key, until it expires",
    source: (given) => accessKey(given, given.required("sts_token")),
  },
  RamRoleArn: {
    required: [...key, "ram_role_arn"],
    optional: ["sts_token", "external_id", ...roleOptions],
    credentials: "AssumeRole with the access key",
    source: (given) => roleWith(given, accessKey(given, given.field("sts_token"))),
  },
  EcsRamRole: {
    required: [],
    optional: ["ram_role_name"],
    credentials: "the role of the ECS instance",
    source: instanceRole,
  },
  RsaKeyPair: {
    refused: "it is deprecated, and works on the Japan site only. Use RamRoleArn or OAuth instead",
  },
  RamRoleArnWithRoleName: {
    required: ["ram_role_arn"],
    optional: ["ram_role_name", "external_id", ...roleOptions],
    credentials: "AssumeRole with the role of the ECS instance",
    source: (given) => roleWith(given, instanceRole(given)),
  },
  ChainableRamRoleArn: {
    required: ["source_profile", "ram_role_arn"],
    optional: ["external_id", ...roleOptions],
    credentials: "AssumeRole with the credentials of the source profile",
    writtenBack: "what the source profile's mode writes",
    source: (given) => roleWith(given, given.sourceOf(given.required("source_profile"))),
  },
  External: {
    required: ["process_command"],
    credentials: "what the command prints; its mode is AK or StsToken",
    source(given) {
      refuseIfDisabled(given);
      const command = given.required("process_command");
      return cachedUntilExpiry(given.profile.description, () => externalCredentials(command));
    },
  },
  CredentialsURI: {
    required: ["credentials_uri"],
    credentials: "what the URI answers",
    source(given) {
      refuseIfDisabled(given);
      return credentialsOfUri(
        given.profile.description,
        requiredUrl(given, "credentials_uri"),
        given.services.doRequest,
      );
    },
  },
  OIDC: {
    required: ["oidc_provider_arn", "oidc_token_file", "ram_role_arn"],
    optional: roleOptions,
    credentials: "AssumeRoleWithOIDC with the token in the file",
    source(given) {
      const role = {
        ...roleOf(given),
        oidcProviderArn: given.required("oidc_provider_arn"),
        oidcTokenFile: given.required("oidc_token_file"),
      };
      return assumeRoleWithOidc(given.profile.description, role, given.services);
    },
  },
  CloudSSO: {
    required: [
      "cloud_sso_sign_in_url",
      "cloud_sso_account_id",
      "cloud_sso_access_config",
      "access_token",
      "cloud_sso_access_token_expire",
    ],
    optional: stored,
    credentials: "CloudSSO; when the access token has expired, sign in again",
    source(given) {
      const { profile, setUp, services } = given;
      requiredUrl(given, "cloud_sso_sign_in_url");
      const expired = expiredCloudSso(profile.fields, setUp);
      if (expired !== undefined) {
        throw given.refusal(expired);
      }
      return cachedUntilExpiry(profile.description, () =>
        cloudSsoCredentials(profile.fields, setUp, services.doRequest),
      );
    },
  },
  OAuth: {
    required: ["oauth_site_type", "oauth_refresh_token"],
    optional: ["oauth_access_token", "oauth_access_token_expire", ...stored],
    credentials: "OAuth; expired tokens are renewed",
    writtenBack: "`oauth_access_token`, `oauth_refresh_token`, `oauth_access_token_expire`",
    source({ profile, required, refusal, setUp, services }) {
      const site = required("oauth_site_type").toUpperCase();
      if (site !== "CN" && site !== "INTL") {
        throw refusal(
          `its oauth_site_type is ${quoted(site)}; give ${Object.keys(oauthSites).join(" or ")}.`,
        );
      }
      const signIn = {
        site,
        file: profile.file.path,
        profile: profile.name,
        signIn: `${setUp} --oauth-site-type ${site}`,
      } as const;
      return cachedUntilExpiry(profile.description, (clock) =>
        oauthCredentials(signIn, services.doRequest, clock),
      );
    },
  },
  BearerToken: {
    refused:
      "ECS requests are signed with an access key; a bearer token cannot sign them. Use AK, RamRoleArn or OAuth instead",
  },
  Anonymous: {
    refused: "ECS answers no request without credentials. Use AK, RamRoleArn or OAuth instead",
  },
};

function accessKey({ profile, required }: ProfileInput, securityToken: string | undefined): CredentialSource {
  return staticCredentials(profile.description, {
    accessKeyId: required("access_key_id"),
    accessKeySecret: required("access_key_secret"),
    securityToken,
  });
}

function instanceRole({ profile, field }: ProfileInput): CredentialSource {
  return ecsRole(profile.description, field("ram_role_name"));
}

function roleWith(given: ProfileInput, base: CredentialSource): CredentialSource {
  const role = { ...roleOf(given), externalId: given.field("external_id") };
  return assumeRole(given.profile.description, role, base, given.services);
}

function roleOf({ field, required, refusal }: ProfileInput): Role {
  const seconds = Number(field("expired_seconds") ?? 0);
  // The CLI writes 0 for "the default".
  if (seconds !== 0 && !(seconds >= 900)) {
    throw refusal("its expired_seconds is not a number of seconds from 900; correct it.");
  }
  return {
    roleArn: required("ram_role_arn"),
    sessionName: field("ram_session_name"),
    durationSeconds: seconds || undefined,
  };
}

function requiredUrl({ required, refusal }: ProfileInput, name: string): string {
  const url = required(name);
  if (!isHttpUrl(url)) {
    throw refusal(`its ${name} is not an http:// or https:// URL; correct it.`);
  }
  return url;
}

/** The CLI's own switch against profiles that run or call something. */
function refuseIfDisabled({ reader, refusal }: ProfileInput): void {
  const disabled = reader.variable("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS");
  if (disabled !== undefined && /^(1|true)$/i.test(disabled.value)) {
    throw refusal(`${disabled.origin} forbids that; unset it, or use another profile.`);
  }
}

/**
 * The credentials of a profile.
 *
 * @param services of the configuration
 * @param path the names of the profiles that led here
 * @throws CredentialsReason if the profile cannot be used
 */
export function credentialsOfProfile(
  profile: CliProfile,
  services: Services,
  reader: SettingReader,
  path: readonly string[] = [],
): CredentialSource {
  const { name, fields, file } = profile;
  const field = (key: string) => nonEmptyString(fields, key);
  const reasonThat = (has: string) =>
    new CredentialsReason(`the profile ${quoted(name)} of ${file.path} has ${has}`);
  const wanted = field("mode");
  if (wanted === undefined) {
    throw reasonThat("no mode; set it up with `aliyun configure`.");
  }
  const row = Object.entries(profileModes).find(([each]) => each.toLowerCase() === wanted.toLowerCase());
  if (row === undefined) {
    const working = Object.entries(profileModes).flatMap(([each, row]) => ("refused" in row ? [] : each));
    throw reasonThat(
      `the mode ${quoted(wanted)}, which does not exist; the modes that work are ${working.join(", ")}.`,
    );
  }
  const [modeName, mode] = row;
  if ("refused" in mode) {
    throw reasonThat(`the mode ${modeName}, which is not supported: ${mode.refused}.`);
  }
  const setUp = `aliyun configure --profile ${name} --mode ${modeName}`;
  const refusal = (reason: string) => reasonThat(`the mode ${modeName}, but ${reason}`);
  const missing = mode.required.filter((key) => field(key) === undefined);
  if (missing.length > 0) {
    throw refusal(`no ${missing.join(", ")}; set it up with \`${setUp}\`.`);
  }
  return mode.source({
    profile,
    field,
    required: (key) => field(key)!,
    refusal,
    setUp,
    services: {
      ...services,
      stsRegion: field("sts_region") ?? services.stsRegion,
      stsEndpoint: field("sts_endpoint") ?? services.stsEndpoint,
    },
    reader,
    sourceOf(source) {
      const next = file.profiles.find((candidate) => candidate["name"] === source);
      if (next === undefined) {
        throw refusal(`its source_profile ${quoted(source)} does not exist; correct it.`);
      }
      if ([...path, name].includes(source)) {
        throw refusal(`its source_profile ${quoted(source)} leads back to it; correct one of them.`);
      }
      const description = `${profile.description} and its source_profile ${quoted(source)}`;
      return credentialsOfProfile({ ...profile, name: source, fields: next, description }, services, reader, [
        ...path,
        name,
      ]);
    },
  });
}
