import { defaultChain, staticCredentials, type CredentialSource } from "./ecs/credentials";
import type { EndpointChoice } from "./ecs/endpoints";

/** Looks up a key of the stack configuration, e.g. `alicloud:region`. Structured values are JSON texts. */
export type ConfigLookup = (key: string) => string | undefined;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that the provider is told by the stack configuration and the environment. */
export interface Settings {
  /** `alicloud:region`: the region of clusters without a `regionId`. */
  region: string | undefined;
  credentials: CredentialSource;
  endpoint: EndpointChoice;
  /** `alicloud:clientConnectTimeout`, milliseconds. */
  connectTimeoutMs: number;
  /** `alicloud:clientReadTimeout`, milliseconds. */
  readTimeoutMs: number;
  /** `alicloud:maxRetryTimeout` (there in seconds): how long a call may be repeated, milliseconds. */
  maxRetryTimeoutMs: number;
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

/** The environment names of each setting; the first that is set counts. The stack configuration comes before them. */
const environmentNames = {
  accessKey: ["ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"],
  secretKey: ["ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"],
  securityToken: ["ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN"],
  region: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"],
  endpoint: ["ALIBABA_CLOUD_ENDPOINT_ECS", "ECS_ENDPOINT"],
} as const;

/** Reads all settings at once; a value that cannot be used becomes a problem, never an exception. */
export function readSettings(lookup: ConfigLookup, environment: Environment = process.env): Settings {
  const problems: SettingProblem[] = [];
  const complain = (key: string, reason: string) => void problems.push({ key, reason });
  const config = (key: string) => lookup(`alicloud:${key}`) || undefined;
  const fromEnvironment = (setting: keyof typeof environmentNames) => {
    const name = environmentNames[setting].find((candidate) => environment[candidate]);
    return name === undefined ? undefined : { name, value: environment[name]! };
  };

  return {
    region: config("region") ?? fromEnvironment("region")?.value,
    credentials: readCredentials(config, fromEnvironment, complain),
    endpoint: {
      override: readEndpoint(config("endpoints"), complain) ?? fromEnvironment("endpoint")?.value,
      protocol: readProtocol(config("protocol"), complain),
    },
    connectTimeoutMs: duration("clientConnectTimeout", DEFAULT_CONNECT_TIMEOUT_MS, "milliseconds"),
    readTimeoutMs: duration("clientReadTimeout", DEFAULT_READ_TIMEOUT_MS, "milliseconds"),
    maxRetryTimeoutMs: duration("maxRetryTimeout", DEFAULT_MAX_RETRY_TIMEOUT_S, "seconds") * 1_000,
    problems,
  };

  function duration(key: string, otherwise: number, unit: "milliseconds" | "seconds"): number {
    const text = config(key);
    const value = text === undefined ? otherwise : Number(text);
    if (Number.isInteger(value) && value > 0) {
      return value;
    }
    complain(`alicloud:${key}`, `is ${JSON.stringify(text)}; give a whole number of ${unit} above 0.`);
    return otherwise;
  }
}

type Complain = (key: string, reason: string) => void;

function readCredentials(
  config: (key: string) => string | undefined,
  fromEnvironment: (
    setting: "accessKey" | "secretKey" | "securityToken",
  ) => { name: string; value: string } | undefined,
  complain: Complain,
): CredentialSource {
  const accessKeyId = config("accessKey");
  const accessKeySecret = config("secretKey");
  if (accessKeyId !== undefined && accessKeySecret !== undefined) {
    return staticCredentials(
      { accessKeyId, accessKeySecret, securityToken: config("securityToken") },
      "the stack configuration (alicloud:accessKey, alicloud:secretKey)",
    );
  }
  if (accessKeyId !== undefined || accessKeySecret !== undefined) {
    const [given, missing] =
      accessKeyId === undefined ? ["secretKey", "accessKey"] : ["accessKey", "secretKey"];
    complain(
      `alicloud:${missing}`,
      `is missing, but alicloud:${given} is set. Set both (pulumi config set --secret alicloud:${missing} …), or neither.`,
    );
  }

  const key = fromEnvironment("accessKey");
  const secret = fromEnvironment("secretKey");
  if (key !== undefined && secret !== undefined) {
    return staticCredentials(
      {
        accessKeyId: key.value,
        accessKeySecret: secret.value,
        securityToken: fromEnvironment("securityToken")?.value,
      },
      `the environment variables ${key.name} and ${secret.name}`,
    );
  }
  if ((key ?? secret) !== undefined && accessKeyId === undefined && accessKeySecret === undefined) {
    const missing = environmentNames[key === undefined ? "accessKey" : "secretKey"];
    complain(
      missing[0],
      `is missing, but ${(key ?? secret)!.name} is set. Set both environment variables, or neither.`,
    );
  }

  return defaultChain([
    "stack configuration alicloud:accessKey and alicloud:secretKey",
    `environment variables ${environmentNames.accessKey.join(" / ")} and ${environmentNames.secretKey.join(" / ")}`,
  ]);
}

/** `alicloud:endpoints` is a list of objects, of which only `ecs` matters here: `[{"ecs":"ecs.example.com"}]`. */
function readEndpoint(text: string | undefined, complain: Complain): string | undefined {
  if (text === undefined) {
    return undefined;
  }
  const form = `give a list such as [{"ecs":"ecs.cn-hangzhou.aliyuncs.com"}] (pulumi config set --path 'alicloud:endpoints[0].ecs' …).`;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    complain("alicloud:endpoints", `is not JSON; ${form}`);
    return undefined;
  }
  if (!Array.isArray(list)) {
    complain("alicloud:endpoints", `is not a list; ${form}`);
    return undefined;
  }
  const endpoint: unknown = list
    .map((entry: { ecs?: unknown } | null) => entry?.ecs)
    .find((ecs) => ecs !== undefined);
  if (endpoint === undefined || endpoint === "") {
    return undefined;
  }
  if (
    typeof endpoint !== "string" ||
    !URL.canParse(endpoint.includes("://") ? endpoint : `https://${endpoint}`)
  ) {
    complain("alicloud:endpoints", `has an "ecs" that is neither a host nor a URL; ${form}`);
    return undefined;
  }
  return endpoint;
}

function readProtocol(text: string | undefined, complain: Complain): "https" | "http" {
  const protocol = text?.toLowerCase() ?? "https";
  if (protocol === "https" || protocol === "http") {
    return protocol;
  }
  complain("alicloud:protocol", `is ${JSON.stringify(text)}; give HTTPS (the default) or HTTP.`);
  return "https";
}
