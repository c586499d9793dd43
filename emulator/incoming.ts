import type { Format } from "./answer.ts";
import { refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

/** The head of an HTTP request. */
export interface Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A complete HTTP request. */
export interface Incoming extends Head {
  /** Empty if it is too long. */
  readonly body: Buffer;
  /** Whether the body is longer than 1 MiB. */
  readonly isTooLong: boolean;
}

/** The decoded parameters of the query, and of query and form together. */
export interface IncomingParameters {
  readonly query: Parameters;
  readonly all: Parameters;
}

/** The parameters that every action has. */
const common = new Set([
  "Action",
  "Version",
  "Format",
  "AccessKeyId",
  "SecurityToken",
  "Signature",
  "SignatureMethod",
  "SignatureVersion",
  "SignatureNonce",
  "Timestamp",
]);

/** Decodes query and form. Refusal: Invalid.Parameter, also for a repeated name, because only one of its values is signed. */
export function parametersOf(incoming: Incoming): IncomingParameters {
  const query = decodeForm(incoming.query, {});
  const form = incoming.headers["content-type"]
    ?.toLowerCase()
    .startsWith("application/x-www-form-urlencoded");
  const all = form === true ? decodeForm(incoming.body.toString("utf8"), query) : query;
  return { query, all };
}

/** Parameters that may contain secrets, of RunInstances and of actions that this service does not have. */
const secret = /password|secret|UserData|OIDCToken|SAMLAssertion|PrivateKey/i;

/** The parameters of the action itself, without keys and signatures. */
export function businessParameters(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !common.has(name)));
}

/** How many characters of parameters are recorded of one request. */
const recordedLength = 32_768;

/** The parameters of the action itself that may be recorded: no secrets, and those that fit. */
export function recordedParameters(parameters: Parameters): Parameters {
  let length = 0;
  const recorded = Object.entries(businessParameters(parameters)).filter(([name, value]) => {
    if (secret.test(name) || length + name.length + value.length > recordedLength) {
      return false;
    }
    length += name.length + value.length;
    return true;
  });
  return Object.fromEntries(recorded);
}

/** The ids of clusters and instances in a text. */
export function idsIn(text: string): string[] {
  return text.match(/\b(?:hpc|i)-[A-Za-z0-9]{1,40}\b/g) ?? [];
}

/** The clusters and instances that the parameters name, at most 100. */
export function idsOf(parameters: Parameters): string[] {
  const named = Object.entries(parameters).filter(([name]) =>
    /^(HpcCluster|Instance)Ids?(\.\d+)?$/.test(name),
  );
  return named.flatMap(([, value]) => idsIn(value)).slice(0, 100);
}

/** Whether the request has a version 3 signature, valid or not. */
export function isV3(incoming: Incoming): boolean {
  return incoming.headers["authorization"]?.startsWith("ACS3-") ?? false;
}

/** Action and version: parameters in version 1, headers in version 3. */
export function actionOf(
  incoming: Incoming,
  parameters: Parameters,
): { readonly action: string | undefined; readonly version: string | undefined } {
  return isV3(incoming)
    ? { action: incoming.headers["x-acs-action"], version: incoming.headers["x-acs-version"] }
    : { action: parameters.Action, version: parameters.Version };
}

/** The requested format. Default: XML for version 1, JSON for version 3. Refusal: InvalidParameter.Format. */
export function formatOf(incoming: Incoming, parameters: Parameters): Format {
  const requested = parameters.Format?.toUpperCase();
  if (requested === "JSON" || requested === "XML") {
    return requested;
  }
  if (requested !== undefined && requested !== "") {
    throw refusal("InvalidParameter.Format");
  }
  if (!isV3(incoming)) {
    return "XML";
  }
  return incoming.headers["accept"]?.includes("xml") ? "XML" : "JSON";
}

function decodeForm(text: string, before: Parameters): Parameters {
  const parameters = Object.assign(Object.create(null) as Record<string, string>, before);
  for (const pair of text.split("&")) {
    if (pair === "") {
      continue;
    }
    const equals = pair.indexOf("=");
    const name = decodePart(equals < 0 ? pair : pair.slice(0, equals));
    if (name in parameters) {
      throw refusal("Invalid.Parameter");
    }
    parameters[name] = equals < 0 ? "" : decodePart(pair.slice(equals + 1));
  }
  return parameters;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw refusal("Invalid.Parameter"); // an invalid percent escape or invalid UTF-8
  }
}
