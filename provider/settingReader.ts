/** Looks up a key of the stack configuration, e.g. `alicloud:region`. Structured values are JSON texts. */
export type ConfigLookup = (key: string) => string | undefined;
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used. */
export interface SettingProblem {
  /** Where it is set, e.g. `alicloud:endpoints`. */
  key: string;
  /** What is wrong, and what to do. */
  reason: string;
}

/**
 * The environment names of each setting, those of @pulumi/alicloud; the first that is set counts. The stack configuration
 * comes before them, value by value.
 */
export const environmentNames = {
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
export interface Found {
  value: string;
  origin: string;
}

/** The stack configuration before the environment, with a list of what is wrong. */
export class SettingReader {
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
        `is ${shown(found?.value)}; give ${words.join(" or ")} (default: ${words[0]}).`,
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
    this.complain(found!.origin, `is ${shown(found!.value)}; give a whole number of ${unit}.`);
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

/** A wrong value, unless it is so long that it may be a secret in the wrong place. */
function shown(value: string | undefined): string {
  return value === undefined || value.length > 12 ? "something else" : JSON.stringify(value);
}

/** What the text says in JSON; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the value is an object with fields. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text or number of an object, as a text. */
export function field(object: Record<string, unknown>, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" && value !== ""
    ? value
    : typeof value === "number"
      ? String(value)
      : undefined;
}
