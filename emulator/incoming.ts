import type { Format } from "./answer.ts";
import { refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

/** An HTTP request as it came in, its body read to the end. */
export type Incoming = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};

/** Parameters, decoded, by where they were; `all` is both together. */
export type IncomingParameters = {
  readonly query: Parameters;
  readonly all: Parameters;
};

/** Parameters that say how a request is made, as opposed to what it asks for. */
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

/** Decodes query and form. One name twice is refused: the service could act on one and have signed the other. */
export function parametersOf(incoming: Incoming): IncomingParameters {
  const query = decodeForm(incoming.query, {});
  const form = incoming.headers["content-type"]
    ?.toLowerCase()
    .startsWith("application/x-www-form-urlencoded");
  const all = form === true ? decodeForm(incoming.body.toString("utf8"), query) : query;
  return { query, all };
}

/** The parameters of the action itself. No key, no signature: this is what may be kept and shown. */
export function businessParameters(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !common.has(name)));
}

/** Whether the request carries a version 3 signature, or means to. */
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

/** The format that the answer should have. Version 1 defaults to XML; version 3 came with clients that read JSON. */
export function formatOf(incoming: Incoming, parameters: Parameters): Format {
  const asked = parameters.Format?.toUpperCase();
  if (asked === "JSON" || asked === "XML") return asked;
  if (asked !== undefined && asked !== "") throw refusal("InvalidParameter.Format");
  if (!isV3(incoming)) return "XML";
  return incoming.headers["accept"]?.includes("xml") ? "XML" : "JSON";
}

function decodeForm(text: string, before: Parameters): Parameters {
  const parameters: Record<string, string> = Object.assign(Object.create(null), before);
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodePart(equals < 0 ? pair : pair.slice(0, equals));
    if (name in parameters) throw refusal("Invalid.Parameter");
    parameters[name] = equals < 0 ? "" : decodePart(pair.slice(equals + 1));
  }
  return parameters;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw refusal("Invalid.Parameter"); // a broken percent escape, or bytes that are not UTF-8
  }
}
