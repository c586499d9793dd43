import { readCredentials, readProfile } from "./credentialSettings";
import type { CredentialPlan } from "./ecs/credentials";
import type { EndpointChoice } from "./ecs/endpoints";
import {
  isObject,
  parseJson,
  SettingReader,
  type ConfigLookup,
  type Environment,
  type SettingProblem,
} from "./settingReader";

export type { SettingProblem } from "./settingReader";

/** Everything that the provider is told by the stack configuration and the environment. */
export interface Settings {
  /** `alicloud:region`: the region of clusters without a `regionId`. */
  region: string | undefined;
  /** Where the region was set, in words. */
  regionOrigin: string | undefined;
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

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_READ_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RETRY_TIMEOUT_S = 300;

/** Reads all settings at once; a value that cannot be used becomes a problem, never an exception. */
export function readSettings(lookup: ConfigLookup, environment: Environment = process.env): Settings {
  const reader = new SettingReader(lookup, environment);
  const profile = readProfile(reader);
  const endpoints = readEndpoints(reader);
  return {
    region: reader.text("region") ?? profile?.region,
    regionOrigin: reader.find("region")?.origin ?? profile?.source,
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

/** A host, with a port perhaps, or an http:// or https:// URL. Without a password: messages name the endpoint. */
function isEndpoint(value: string): boolean {
  const withoutScheme = value.replace(/^https?:\/\//i, "");
  return !/@|:\/\//.test(withoutScheme) && URL.canParse(`https://${withoutScheme}`);
}

/** The ECS endpoint of the environment. */
function readEndpointVariable(reader: SettingReader): string | undefined {
  const found = reader.fromEnvironment("endpoint");
  if (found !== undefined && !isEndpoint(found.value)) {
    reader.complain(
      found.origin,
      "is neither a host nor an http:// or https:// URL without a password; give one, or unset it.",
    );
    return undefined;
  }
  return found?.value;
}

/** `alicloud:endpoints` is a list of objects, of which `ecs` and `sts` matter here: `[{"ecs":"ecs.example.com"}]`. */
function readEndpoints(reader: SettingReader): { ecs?: string; sts?: string } {
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
      reader.complain(
        "alicloud:endpoints",
        `has an "${service}" that is neither a host nor a URL without a password; ${form}`,
      );
    }
  }
  return endpoints;
}
