import type { Namespace } from "../ecs/errorCodes.ts";
import type { CredentialSource } from "../ecs/http/credentialSource.ts";
import type { EndpointChoice } from "../ecs/http/endpoints.ts";
import { isObject, nonEmptyString, parseJson } from "../ecs/json.ts";
import { endpointsFields } from "./configKeys.ts";
import { stackConfiguration, type ConfigurationSource } from "./configurationSource.ts";
import { readProfile } from "./credentials/cliFile.ts";
import { readCredentials } from "./credentials/configuredCredentials.ts";
import { SettingReader, type ConfigLookup, type Environment, type SettingProblem } from "./settingReader.ts";

/** Everything that the stack configuration and the environment say. */
export interface Settings {
  /** Where they come from, for messages. */
  source: ConfigurationSource;
  /** What messages put before the names of configuration keys. */
  namespace: Namespace;
  /** `alicloud:region`: the region of clusters without a `regionId`. */
  region: string | undefined;
  /** Where the region was set, for messages. */
  regionOrigin: string | undefined;
  /** The same object for every client, which shares what is cached. */
  credentials: CredentialSource;
  endpoint: EndpointChoice;
  /** `alicloud:skipRegionValidation`: preview does not call DescribeRegions. */
  skipRegionValidation: boolean;
  /** `alicloud:clientConnectTimeout`, milliseconds. */
  connectTimeoutMs: number;
  /** `alicloud:clientReadTimeout`, milliseconds. */
  readTimeoutMs: number;
  /** `alicloud:maxRetryTimeout`, in milliseconds: how long a call may be repeated. */
  maxRetryTimeoutMs: number;
  /** `HTTPS_PROXY` and its family, for Node's own handling of proxies. */
  proxyEnv: Environment;
  /** What is wrong with the settings. As long as there is a problem, the service is not called. */
  problems: readonly SettingProblem[];
}

/**
 * Reads all settings at once; a value that cannot be used becomes a problem, never an exception.
 *
 * @param source where the configuration comes from, for messages
 */
export function readSettings(
  lookup: ConfigLookup,
  environment: Environment = process.env,
  source: ConfigurationSource = stackConfiguration("alicloud"),
): Settings {
  const reader = new SettingReader(lookup, environment, source);
  const profile = readProfile(reader);
  const endpoints = readEndpoints(reader);
  const proxyEnv = readProxies(reader, environment);
  const region = reader.find("region");
  return {
    source,
    namespace: source.namespace,
    region: region?.value ?? (profile && nonEmptyString(profile.fields, "region_id")),
    regionOrigin: region?.origin ?? profile?.description,
    credentials: readCredentials(reader, profile, { stsEndpoint: endpoints.sts, proxyEnv }),
    endpoint: {
      override: endpoints.ecs,
      stsOverride: endpoints.sts,
      protocol: reader.word("protocol", ["https", "http"]),
    },
    skipRegionValidation: reader.boolean("skipRegionValidation"),
    connectTimeoutMs: reader.number("clientConnectTimeout"),
    readTimeoutMs: reader.number("clientReadTimeout"),
    maxRetryTimeoutMs: reader.number("maxRetryTimeout") * 1_000,
    proxyEnv,
    problems: reader.problems,
  };
}

const ENDPOINT_FORM =
  "a host or an http:// or https:// URL, with or without a port (1 to 65535) and a path, and without a user and a query";

/** Messages contain the endpoint, so it must have no password. Node takes port 0 for none. */
function isEndpoint(value: string): boolean {
  const url = `https://${value.replace(/^https?:\/\//i, "")}`;
  return (
    /^https:\/\/[^/\s@?#\\][^\s@?#\\]*$/.test(url) &&
    !url.includes("://", 8) &&
    URL.canParse(url) &&
    new URL(url).port !== "0"
  );
}

type EndpointUrls = { -readonly [K in keyof typeof endpointsFields]?: string };

const listForm = (key: string): string =>
  'give a list such as [{"ecs":"ecs.cn-hangzhou.aliyuncs.com"}] ' +
  `(pulumi config set --path '${key}[0].ecs' ecs.cn-hangzhou.aliyuncs.com).`;

/** The endpoints in the stack configuration, else those in the environment. The services of other packages are ignored. */
function readEndpoints(reader: SettingReader): EndpointUrls {
  const key = reader.nameOf("endpoints");
  const list = configuredEndpoints(reader, key);
  const endpoints: EndpointUrls = {};
  for (const service of Object.keys(endpointsFields) as (keyof EndpointUrls)[]) {
    const configured = list.map((each) => each[service]).find((each) => each !== undefined && each !== "");
    const found = reader.variable(...endpointsFields[service].environment);
    const value = configured ?? found?.value;
    if (typeof value === "string" && isEndpoint(value)) {
      endpoints[service] = value;
    } else if (configured !== undefined) {
      reader.addProblem(key, `has an "${service}" that is not ${ENDPOINT_FORM}; ${listForm(key)}`);
    } else if (found !== undefined) {
      reader.addProblem(found.origin, `is not an endpoint; give ${ENDPOINT_FORM}, or unset it.`);
    }
  }
  return endpoints;
}

/** `alicloud:endpoints`: a list of objects, e.g. `[{"ecs":"ecs.example.com"}]`, or one object. */
function configuredEndpoints(reader: SettingReader, key: string): Record<string, unknown>[] {
  const found = reader.fromConfig("endpoints");
  const parsed = found === undefined ? [] : parseJson(found.value);
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (list.every(isObject)) {
    return list;
  }
  reader.addProblem(key, `is not a list of objects; ${listForm(key)}`);
  return [];
}

/** Node reads these in both cases. No other variable is handed to its agents: NODE_DEBUG=https would print them all. */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

function readProxies(reader: SettingReader, environment: Environment): Environment {
  const proxies = Object.fromEntries(
    PROXY_VARIABLES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  for (const [name, value] of Object.entries(proxies)) {
    // Without the value, which may contain a password.
    if (!/^no_proxy$/i.test(name) && !(/^https?:\/\//i.test(value) && URL.canParse(value))) {
      reader.addProblem(
        `environment variable ${name}`,
        "is not an http:// or https:// URL; give the proxy's URL, or unset it.",
      );
    }
  }
  return proxies;
}
