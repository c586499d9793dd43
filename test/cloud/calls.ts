/** Plain signed calls to ECS through pop-core, and what came of them. Nothing of the provider is in between. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import PopCore from "@alicloud/pop-core";
import type { Credentials } from "./account.ts";

/** Parameters of a call; one that is undefined is not sent. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** What came of a call. */
export interface Answer {
  readonly action: string;
  /** Undefined when nothing came, or something that pop-core cannot read. */
  readonly status: number | undefined;
  /** The service's error code. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly requestId: string | undefined;
  /** The JSON of the answer, an error's too; empty when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The answer when it is not JSON. */
  readonly text: string | undefined;
  /** Why nothing came. */
  readonly transport: string | undefined;
}

/** How a call differs from an ordinary signed POST. */
export interface Manner {
  /** Another signer; null sends it unsigned. */
  readonly signer?: Credentials | null;
  readonly method?: "POST" | "GET";
}

/** A call, which resolves to whatever came of it. */
export type Call = (action: string, parameters: Parameters, manner?: Manner) => Promise<Answer>;

/** A connection to one endpoint. */
export interface Calls {
  /** One call, at once and once. */
  readonly send: Call;
  /** The same at an easy pace; repeated when the service is throttling or out of order and a repetition is harmless. */
  readonly ask: Call;
}

interface PopCoreClient {
  request(action: string, parameters: object, options: object): Promise<[unknown, Entry]>;
}
interface Entry {
  readonly response?: { readonly statusCode?: number; readonly headers?: Record<string, unknown> } | null;
}
// Its typings know neither the credentials provider nor the second argument, which makes it tell the status.
const Client = PopCore as unknown as new (config: object, verbose: true) => PopCoreClient;

const answerWithinMs = 30_000;

/** `paceMs`: the least time from one call of `ask` to the next. */
export function connect(options: {
  endpoint: string;
  credentials: Credentials;
  paceMs: number;
  environment: NodeJS.ProcessEnv;
}): Calls {
  const { endpoint, credentials, paceMs, environment } = options;
  const agentOptions = { keepAlive: true, maxSockets: 4, proxyEnv: environment };
  const agent = endpoint.startsWith("https:") ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  let nextAt = 0;

  const send: Call = async (action, parameters, manner = {}) => {
    const signer = manner.signer === undefined ? credentials : manner.signer;
    const client = new Client(
      {
        endpoint,
        apiVersion: "2014-05-26",
        credentialsProvider: { getCredentials: async () => signer ?? {} },
      },
      true,
    );
    try {
      const [body, entry] = await client.request(action, sent(parameters), {
        method: manner.method ?? "POST",
        timeout: answerWithinMs,
        agent,
      });
      return answered(action, body, entry);
    } catch (error) {
      return failed(action, error);
    }
  };

  const ask: Call = async (action, parameters, manner) => {
    // A call that may have made a cluster is repeated only when its token finds that cluster again.
    const harmless = action !== "CreateHpcCluster" || (parameters["ClientToken"] ?? "") !== "";
    for (let attempt = 1; ; attempt += 1) {
      const now = Date.now();
      const startAt = Math.max(now, nextAt);
      nextAt = startAt + paceMs;
      if (startAt > now) await pause(startAt - now);
      const answer = await send(action, parameters, manner);
      const throttled = answer.code?.includes("Throttling") === true;
      const troubled = (answer.status ?? 0) >= 500 || answer.transport !== undefined;
      // A minute of throttling is what its limits last; trouble of other kinds is soon over, or here to stay.
      const last = throttled ? 7 : troubled && harmless ? 3 : 1;
      if (attempt >= last) return answer;
      await pause(1_000 * 2 ** (attempt - 1));
    }
  };

  return { send, ask };
}

function sent(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

const nothing = {
  status: undefined,
  code: undefined,
  message: undefined,
  requestId: undefined,
  body: {},
  text: undefined,
  transport: undefined,
};

function answered(action: string, body: unknown, entry: Entry): Answer {
  const known = isObject(body) ? body : {};
  return {
    ...nothing,
    action,
    status: entry.response?.statusCode,
    code: textIn(known, "Code"),
    message: textIn(known, "Message"),
    requestId: textIn(known, "RequestId"),
    body: known,
  };
}

function failed(action: string, error: unknown): Answer {
  if (!isObject(error)) throw error;
  // pop-core throws a plain object for a body that is not JSON, and does not tell its status.
  if (error["name"] === "SyntaxError" && typeof error["text"] === "string") {
    return { ...nothing, action, text: error["text"] };
  }
  if (isObject(error["data"])) return answered(action, error["data"], error["entry"] ?? {});
  const timedOut = textIn(error, "name")?.startsWith("RequestTimeout") === true;
  // Never the message: of a GET it has the signed URL in it.
  const reason = timedOut ? `not within ${answerWithinMs / 1000} s` : textIn(error, "code");
  if (reason === undefined)
    throw error instanceof Error ? error : new Error("pop-core failed without saying why");
  return { ...nothing, action, transport: reason };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textIn(object: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" ? value : undefined;
}

/** Whether the service did what it was asked for. */
export function succeeded({ status, code }: Answer): boolean {
  return status === 200 && code === undefined;
}

/** An answer in a few words: `200`, `400 InvalidHpcClusterName.Malformed`, `no answer (ECONNRESET)`. */
export function outcomeOf({ status, code, text, transport }: Answer): string {
  if (transport !== undefined) return `no answer (${transport})`;
  if (text !== undefined) return xmlOutcome(text);
  if (code !== undefined) return `${status ?? "?"} ${code}`;
  return status === 200 ? "200" : `${status ?? "?"} without a code`;
}

function xmlOutcome(text: string): string {
  const root = /^\s*(?:<\?xml[^>]*>)?\s*<(\w+)>/.exec(text)?.[1];
  if (root === undefined) return "an answer that is neither JSON nor XML of the service";
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  return `XML ${root}${code === undefined ? "" : ` ${code}`}`;
}

/** The names in an answer, sorted, a list's items once: `{RequestId, Regions{Region[{LocalName, …}]}}`. */
export function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length === 0 ? "" : shapeOf(value[0])}]`;
  if (!isObject(value)) return "";
  return `{${Object.keys(value)
    .sort()
    .map((key) => key + shapeOf(value[key]))
    .join(", ")}}`;
}

/** A cluster as DescribeHpcClusters shows it. */
export interface Item {
  readonly id: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
}

/** The id that a creation answered with. */
export function idOf(answer: Answer): string | undefined {
  return succeeded(answer) ? textIn(answer.body, "HpcClusterId") : undefined;
}

/** The clusters in an answer of DescribeHpcClusters. */
export function itemsOf({ body }: Answer): Item[] {
  return listIn(body, "HpcClusters", "HpcCluster").map((item) => ({
    id: textIn(item, "HpcClusterId") ?? "",
    name: textIn(item, "Name"),
    description: textIn(item, "Description"),
  }));
}

/** A list of objects in an answer, wrapped as this API wraps them. */
export function listIn(
  body: Readonly<Record<string, unknown>>,
  outer: string,
  inner: string,
): Record<string, unknown>[] {
  const wrapper = body[outer];
  const list = isObject(wrapper) ? wrapper[inner] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
