import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { CredentialChoice, CredentialPlan, RoleToAssume } from "./ecs/credentials";
import type { EndpointChoice } from "./ecs/endpoints";

/** Looks up a key of the stack configuration, e.g. `alicloud:region`. Structured values are JSON texts. */
export type ConfigLookup = (key: string) => string | undefined;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that the provider is told by the stack configuration and the environment. */
export interface Settings {
  /** `alicloud:region`: the region of clusters without a `regionId`. */
  region: string | undefined;
  credentials: CredentialPlan;
  endpoint: EndpointChoice;
  /** `alicloud:skipRegionValidation`: whether preview leaves the service alone. */
  skipRegionValidation: boolean;
  /** `alicloud:clientConnectTimeout`, milliseconds. */
  connectTimeoutMs: number;
  /** `alicloud:clientReadTimeout`, milliseconds. */
  readTimeoutMs: number;
  /** `alicloud:maxRetryTimeout` (there in seconds): how long a call may be repeated, milliseconds. */
  maxRetryTimeoutMs: number;
  /** `HTTPS_PROXY` and its family, for Node's own handling of proxies. */
  proxyEnv: Environment;
  /** What is wrong with the settings; nothing is called until there is none. */
  problems: readonly SettingProblem[];
}

/** A setting that cannot be used. */
export interface SettingProblem {
  /** Where it is set, e.g. `alicloud:endpoints`. */
  key: string;
  /** What is wrong, and what to do. */
  reason: string;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_READ_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RETRY_TIMEOUT_S = 300;

/**
 * The environment names of each setting, those of @pulumi/alicloud; the first that is set counts. The stack configuration
 * comes before them, value by value.
 */
const environmentNames = {
  accessKey: ["ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"],
  secretKey: ["ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"],
  securityToken: ["ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"],
  region: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"],
  profile: ["ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"],
  sharedCredentialsFile: ["ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"],
  ecsRoleName: ["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"],
  credentialsUri: ["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"],
  endpoint: ["ALIBABA_CLOUD_ENDPOINT_ECS", "ECS_ENDPOINT"],
  clientConnectTimeout: ["CLIENT_CONNECT_TIMEOUT"],
  clientReadTimeout: ["CLIENT_READ_TIMEOUT"],
  maxRetryTimeout: ["MAX_RETRY_TIMEOUT"],
} as const satisfies Record<string, readonly string[]>;

/** A value, and where it was found, in words. */
interface Found {
  value: string;
  origin: string;
}

/** Reads all settings at once; a value that cannot be used becomes a problem, never an exception. */
export function readSettings(lookup: ConfigLookup, environment: Environment = process.env): Settings {
  const reader = new Reader(lookup, environment);
  const profile = readProfile(reader);
  const endpoints = readEndpoints(reader);
  return {
    region: reader.text("region") ?? profile?.region,
    credentials: readCredentials(reader, profile, endpoints.sts),
    endpoint: {
      override: endpoints.ecs ?? readEndpointVariable(reader),
      protocol: reader.choice("protocol", ["https", "http"]),
    },
    skipRegionValidation: reader.choice("skipRegionValidation", ["false", "true"]) === "true",
    connectTimeoutMs: reader.duration("clientConnectTimeout", DEFAULT_CONNECT_TIMEOUT_MS, "milliseconds"),
    readTimeoutMs: reader.duration("clientReadTimeout", DEFAULT_READ_TIMEOUT_MS, "milliseconds"),
    maxRetryTimeoutMs: reader.duration("maxRetryTimeout", DEFAULT_MAX_RETRY_TIMEOUT_S, "seconds") * 1_000,
    proxyEnv: environment,
    problems: reader.problems,
  };
}

/** The stack configuration before the environment, with a list of what is wrong. */
class Reader {
  readonly problems: SettingProblem[] = [];

  constructor(
    private readonly lookup: ConfigLookup,
    private readonly environment: Environment,
  ) {}

  complain(key: string, reason: string): void {
    this.problems.push({ key, reason });
  }

  fromConfig(key: string): Found | undefined {
    // Explicit providers and older stacks may hold numbers and booleans.
    const value: unknown = this.lookup(`alicloud:${key}`);
    if (value === undefined || value === null || value === "") {
      return undefined;
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return { value: text.trim(), origin: `alicloud:${key}` };
  }

  fromEnvironment(setting: keyof typeof environmentNames): Found | undefined {
    const name = environmentNames[setting].find((candidate) => this.environment[candidate]);
    return name === undefined
      ? undefined
      : { value: this.environment[name]!.trim(), origin: `environment variable ${name}` };
  }

  find(setting: keyof typeof environmentNames): Found | undefined {
    return this.fromConfig(setting) ?? this.fromEnvironment(setting);
  }

  text(setting: keyof typeof environmentNames): string | undefined {
    return this.find(setting)?.value;
  }

  /** One of a few words, in any case; the first is the default. */
  choice<const T extends string>(key: string, words: readonly [T, ...T[]]): T {
    const found = this.fromConfig(key);
    const word = words.find((candidate) => candidate === (found?.value ?? words[0]).toLowerCase());
    if (word === undefined) {
      this.complain(
        `alicloud:${key}`,
        `is ${JSON.stringify(found?.value)}; give ${words.join(" or ")} (default: ${words[0]}).`,
      );
    }
    return word ?? words[0];
  }

  duration(
    setting: "clientConnectTimeout" | "clientReadTimeout" | "maxRetryTimeout",
    otherwise: number,
    unit: "milliseconds" | "seconds",
  ): number {
    const found = this.find(setting);
    // @pulumi/alicloud writes 0 for "the default".
    const value = Number(found?.value ?? 0) || otherwise;
    const isNumber = found === undefined || /^\d+$/.test(found.value);
    // Node's timers end at about 24 days.
    if (isNumber && value <= 2_000_000) {
      return value;
    }
    this.complain(found!.origin, `is ${JSON.stringify(found!.value)}; give a whole number of ${unit}.`);
    return otherwise;
  }

  /** A structured value: an object, as `pulumi config set --path` writes it. */
  object(key: string): Record<string, unknown> | undefined {
    const found = this.fromConfig(key);
    if (found === undefined) {
      return undefined;
    }
    const parsed = parseJson(found.value);
    // The Terraform provider has lists of one object here.
    const object: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    if (isObject(object)) {
      return object;
    }
    this.complain(
      `alicloud:${key}`,
      `is not an object; set its fields with pulumi config set --path 'alicloud:${key}.<field>' ….`,
    );
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function field(object: Record<string, unknown>, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" && value !== ""
    ? value
    : typeof value === "number"
      ? String(value)
      : undefined;
}

function readCredentials(
  reader: Reader,
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
function readOwnCredentials(reader: Reader, profile: Profile | undefined): CredentialChoice {
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

function readRole(reader: Reader): RoleToAssume | undefined {
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

function readOidcRole(reader: Reader): CredentialChoice | undefined {
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

function readExpiration(reader: Reader, key: string, given: Record<string, unknown>): number | undefined {
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
interface Profile {
  name: string;
  region: string | undefined;
  /** The file's content, for the modes that refer to other profiles. */
  profiles: { profiles: Record<string, unknown>[]; current?: string };
  source: string;
}

function readProfile(reader: Reader): Profile | undefined {
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

/** A host, with a port perhaps, or an http:// or https:// URL. */
function isEndpoint(value: string): boolean {
  const isUrl = value.includes("://");
  return isUrl ? /^https?:\/\//i.test(value) && URL.canParse(value) : URL.canParse(`https://${value}`);
}

/** The ECS endpoint of the environment. */
function readEndpointVariable(reader: Reader): string | undefined {
  const found = reader.fromEnvironment("endpoint");
  if (found !== undefined && !isEndpoint(found.value)) {
    reader.complain(found.origin, "is neither a host nor an http:// or https:// URL; give one, or unset it.");
    return undefined;
  }
  return found?.value;
}

/** `alicloud:endpoints` is a list of objects, of which `ecs` and `sts` matter here: `[{"ecs":"ecs.example.com"}]`. */
function readEndpoints(reader: Reader): { ecs?: string; sts?: string } {
  const found = reader.fromConfig("endpoints");
  if (found === undefined) {
    return {};
  }
  const form =
    'give a list such as [{"ecs":"ecs.cn-hangzhou.aliyuncs.com"}] ' +
    "(pulumi config set --path 'alicloud:endpoints[0].ecs' ecs.cn-hangzhou.aliyuncs.com).";
  const parsed = parseJson(found.value);
  const list: unknown[] | undefined = Array.isArray(parsed)
    ? parsed
    : isObject(parsed)
      ? [parsed]
      : undefined;
  if (list === undefined || !list.every(isObject)) {
    reader.complain("alicloud:endpoints", `is not a list of objects; ${form}`);
    return {};
  }
  const endpoints: { ecs?: string; sts?: string } = {};
  for (const service of ["ecs", "sts"] as const) {
    const value = list
      .map((entry) => entry[service])
      .find((candidate) => candidate !== undefined && candidate !== "");
    if (typeof value === "string" && isEndpoint(value)) {
      endpoints[service] = value;
    } else if (value !== undefined) {
      reader.complain("alicloud:endpoints", `has an "${service}" that is neither a host nor a URL; ${form}`);
    }
  }
  return endpoints;
}
