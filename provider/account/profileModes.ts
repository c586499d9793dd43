import { assertSignedIn } from "../ecs/credentials/cloudSso";
import { CredentialsReason } from "../ecs/credentials/credentialErrors";
import type { CredentialChoice, RoleToAssume, StsChoice } from "../ecs/credentials/credentialSource";
import { millisecondsOf, oauthSites, storedCredentials } from "../ecs/credentials/oauth";
import type { CliProfile } from "./cliProfile";
import { quoted } from "./quoted";
import { isHttpUrl, type SettingReader } from "./settingReader";

/** What a mode makes its credentials of. */
interface ProfileInput {
  profile: CliProfile;
  /** A field of the profile. */
  field: (name: string) => string | undefined;
  /** A required field of the profile. */
  required: (name: string) => string;
  /** The STS service of the profile, else of the configuration. */
  sts: StsChoice;
  /** The credentials of another profile in the same file. */
  credentialsOf: (name: string) => CredentialChoice;
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
  choose(given: ProfileInput): CredentialChoice;
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
    choose: (given) => staticCredentials(given, undefined),
  },
  StsToken: {
    required: [...key, "sts_token"],
    credentials: "the temporary access key, until it expires",
    choose: (given) => staticCredentials(given, given.required("sts_token")),
  },
  RamRoleArn: {
    required: [...key, "ram_role_arn"],
    optional: ["sts_token", "external_id", ...roleOptions],
    credentials: "AssumeRole with the access key",
    choose: (given) => assumed(given, staticCredentials(given, given.field("sts_token"))),
  },
  EcsRamRole: {
    required: [],
    optional: ["ram_role_name"],
    credentials: "the role of the ECS instance",
    choose: ecsRole,
  },
  RsaKeyPair: {
    refused: "it is deprecated, and works on the Japan site only. Use RamRoleArn or OAuth instead",
  },
  RamRoleArnWithRoleName: {
    required: ["ram_role_arn"],
    optional: ["ram_role_name", "external_id", ...roleOptions],
    credentials: "AssumeRole with the role of the ECS instance",
    choose: (given) => assumed(given, ecsRole(given)),
  },
  ChainableRamRoleArn: {
    required: ["source_profile", "ram_role_arn"],
    optional: ["external_id", ...roleOptions],
    credentials: "AssumeRole with the credentials of the source profile",
    writtenBack: "what the source profile's mode writes",
    choose: (given) => assumed(given, given.credentialsOf(given.required("source_profile"))),
  },
  External: {
    required: ["process_command"],
    credentials: "what the command prints; its mode is AK or StsToken",
    choose(given) {
      refuseIfDisabled(given);
      return { kind: "external", command: given.required("process_command"), source: given.profile.source };
    },
  },
  CredentialsURI: {
    required: ["credentials_uri"],
    credentials: "what the URI answers",
    choose(given) {
      refuseIfDisabled(given);
      const uri = given.required("credentials_uri");
      if (!isHttpUrl(uri)) {
        throw new CredentialsReason("its credentials_uri is not an http:// or https:// URL; correct it.");
      }
      return { kind: "uri", uri, source: given.profile.source };
    },
  },
  OIDC: {
    required: ["oidc_provider_arn", "oidc_token_file", "ram_role_arn"],
    optional: roleOptions,
    credentials: "AssumeRoleWithOIDC with the token in the file",
    choose: (given) => ({
      kind: "oidcRole",
      ...role(given),
      oidcProviderArn: given.required("oidc_provider_arn"),
      oidcTokenFile: given.required("oidc_token_file"),
      oidcToken: undefined,
      sts: given.sts,
      source: given.profile.source,
    }),
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
    choose({ profile, required }) {
      const signInUrl = required("cloud_sso_sign_in_url");
      if (!isHttpUrl(signInUrl)) {
        throw new CredentialsReason(
          "its cloud_sso_sign_in_url is not an http:// or https:// URL; correct it.",
        );
      }
      const signIn = {
        signInUrl,
        accountId: required("cloud_sso_account_id"),
        accessConfiguration: required("cloud_sso_access_config"),
        accessToken: required("access_token"),
        accessTokenExpiresAt: millisecondsOf(Number(required("cloud_sso_access_token_expire"))),
        stored: storedCredentials(profile.fields),
        signIn: signInCommand(profile, "CloudSSO"),
      };
      assertSignedIn(signIn);
      return { kind: "cloudSso", ...signIn, source: profile.source };
    },
  },
  OAuth: {
    required: ["oauth_site_type", "oauth_refresh_token"],
    optional: ["oauth_access_token", "oauth_access_token_expire", ...stored],
    credentials: "OAuth; expired tokens are renewed",
    writtenBack: "`oauth_access_token`, `oauth_refresh_token`, `oauth_access_token_expire`",
    choose({ profile, required }) {
      const site = required("oauth_site_type").toUpperCase();
      if (site !== "CN" && site !== "INTL") {
        throw new CredentialsReason(
          `its oauth_site_type is ${quoted(site)}; give ${Object.keys(oauthSites).join(" or ")}.`,
        );
      }
      const signIn = `${signInCommand(profile, "OAuth")} --oauth-site-type ${site}`;
      return {
        kind: "oauth",
        site,
        file: profile.file,
        profile: profile.name,
        signIn,
        source: profile.source,
      };
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

/** The command that signs in to a profile again, or sets it up. */
export function signInCommand({ name }: CliProfile, mode: string): string {
  return `aliyun configure --profile ${name} --mode ${mode}`;
}

function staticCredentials(
  { profile, required }: ProfileInput,
  securityToken: string | undefined,
): CredentialChoice {
  return {
    kind: "static",
    credentials: {
      accessKeyId: required("access_key_id"),
      accessKeySecret: required("access_key_secret"),
      securityToken,
    },
    source: profile.source,
  };
}

function ecsRole({ profile, field }: ProfileInput): CredentialChoice {
  return { kind: "ecsRole", roleName: field("ram_role_name"), source: profile.source };
}

function assumed(given: ProfileInput, base: CredentialChoice): CredentialChoice {
  return { kind: "role", base, role: role(given), sts: given.sts, source: given.profile.source };
}

function role({ field, required }: ProfileInput): RoleToAssume {
  const seconds = Number(field("expired_seconds") ?? 0);
  // The CLI writes 0 for "the default".
  if (seconds !== 0 && !(seconds >= 900)) {
    throw new CredentialsReason("its expired_seconds is not a number of seconds from 900; correct it.");
  }
  return {
    roleArn: required("ram_role_arn"),
    policy: undefined,
    sessionName: field("ram_session_name"),
    sessionExpirationS: seconds || undefined,
    externalId: field("external_id"),
  };
}

/** The CLI's own switch against profiles that run or call something. */
function refuseIfDisabled({ reader }: ProfileInput): void {
  const disabled = reader.variable("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS");
  if (disabled !== undefined && /^(1|true)$/i.test(disabled.value)) {
    throw new CredentialsReason(`${disabled.origin} forbids that; unset it, or use another profile.`);
  }
}
