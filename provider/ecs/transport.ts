import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { debuglog } from "node:util";
import PopCore from "@alicloud/pop-core";
import type { CredentialSource } from "./credentials";
import { endpointOf, type EndpointChoice } from "./endpoints";
import { EcsError, type EcsFailure } from "./errors";

const API_VERSION = "2014-05-26";

/** What the transport needs to know. */
export interface TransportOptions {
  credentials: CredentialSource;
  endpoint: EndpointChoice;
  /** How long making a connection may take, milliseconds. */
  connectTimeoutMs: number;
  /** How long the whole answer may take once connected, milliseconds. */
  readTimeoutMs: number;
  /** The environment with `HTTPS_PROXY` and its family, which a Node from 24.5 on honours. */
  proxyEnv: Readonly<Record<string, string | undefined>>;
  /** Connections to one endpoint at once; further calls wait for one to get free. */
  maxSockets: number;
}

/** The parameters of an action; a parameter that is undefined is not sent. */
export type Parameters = Readonly<Record<string, string | number | undefined>>;

/** One signed POST: resolves to the body of a successful answer, fails with an {@link EcsError}. Never repeats a call. */
export type Send = (
  action: string,
  regionId: string,
  parameters: Parameters,
  /** Which attempt of the call it is, for the log. */
  attempt?: number,
) => Promise<Record<string, unknown>>;

/** `NODE_DEBUG=alicloud-hpc` writes a line for every call to standard error. */
const debug = debuglog("alicloud-hpc");

/** What pop-core can do beyond its typings. */
interface PopCoreClient {
  request(action: string, parameters: object, options: object): Promise<[unknown, unknown]>;
}
type PopCoreConstructor = new (
  config: {
    endpoint: string;
    apiVersion: string;
    credentialsProvider: { getCredentials(): Promise<unknown> };
  },
  verbose: true,
) => PopCoreClient;
const RPCClient = PopCore as unknown as PopCoreConstructor;

/** The only user of pop-core, and the keeper of its traps (each is marked with "trap"). */
export function createTransport(options: TransportOptions): Send {
  const { credentials, connectTimeoutMs, readTimeoutMs, maxSockets, proxyEnv } = options;
  const agentOptions = { keepAlive: true, maxSockets, proxyEnv };
  const httpsAgent = new HttpsAgent(agentOptions);
  const httpAgent = new HttpAgent(agentOptions);
  const clients = new Map<string, PopCoreClient>();
  const secrets = new Secrets();

  const credentialsProvider = {
    // Awaited by pop-core for every request, so rotated credentials are picked up.
    async getCredentials() {
      const found = await credentials.getCredentials();
      // Trap: with an empty key pop-core sends the request unsigned.
      if (!found.accessKeyId || !found.accessKeySecret) {
        throw new Error(`The credentials from ${credentials.source} are empty.`);
      }
      secrets.add(found.accessKeyId, found.accessKeySecret, found.securityToken);
      return found;
    },
  };

  function clientOf(endpoint: string): PopCoreClient {
    let client = clients.get(endpoint);
    if (client === undefined) {
      client = new RPCClient({ endpoint, apiVersion: API_VERSION, credentialsProvider }, true);
      clients.set(endpoint, client);
    }
    return client;
  }

  return async function send(action, regionId, parameters, attempt = 1) {
    const startedAt = performance.now();
    const log = (status: number | undefined, requestId: unknown, code = "OK") => {
      const latencyMs = Math.round(performance.now() - startedAt);
      debug(
        "%s %s attempt %d: %s, HTTP %s, %d ms, request %s",
        action,
        regionId,
        attempt,
        code,
        status ?? "-",
        latencyMs,
        requestId ?? "-",
      );
    };
    const endpoint = endpointOf(regionId, options.endpoint);
    const exchange = new Exchange(endpoint.startsWith("https:") ? httpsAgent : httpAgent, connectTimeoutMs);
    let body: unknown;
    try {
      [body] = await clientOf(endpoint).request(action, sendable(parameters), {
        // Trap: exactly "POST"; otherwise the signed URL, with key, token and signature, ends up in error messages.
        method: "POST",
        connectTimeout: connectTimeoutMs,
        readTimeout: readTimeoutMs,
        agent: exchange.agent,
        beforeRequest: exchange.withoutIdleTimeout,
      });
    } catch (error) {
      exchange.abandon();
      const answer = isUnparsable(error) ? await readXml(error.text) : undefined;
      if (answer === undefined || answer["Code"] !== undefined || !exchange.succeeded) {
        throw failed(failureOf(error, answer, exchange, endpoint, readTimeoutMs));
      }
      body = answer;
    }
    // Trap: an answer of 500 whose JSON has no Code resolves as success.
    if (!exchange.succeeded || typeof body !== "object" || body === null || Array.isArray(body)) {
      throw failed(statusFailure(body, exchange));
    }
    log(exchange.status, (body as Record<string, unknown>)["RequestId"]);
    return body as Record<string, unknown>;

    function failed(failure: Failure): EcsError {
      log(failure.status, failure.requestId, failure.code);
      const serviceMessage = secrets.redact(failure.serviceMessage);
      return new EcsError({
        ...failure,
        action,
        regionId,
        serviceMessage,
        credentialSource: credentials.source,
      });
    }
  };
}

/** Trap: pop-core sends undefined as "undefined" and null as "null". */
function sendable(parameters: Parameters): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) {
      sent[key] = String(value);
    }
  }
  return sent;
}

/**
 * One request as seen on its socket. pop-core tells neither status nor headers of an answer that it cannot parse, and its
 * HTTP library leaves the connection of a request that timed out open; `addRequest`, the agent's one method, sees both.
 */
class Exchange {
  readonly agent: Agent;
  private request: ClientRequest | undefined;
  private response: IncomingMessage | undefined;

  constructor(pool: Agent, connectTimeoutMs: number) {
    this.agent = Object.create(pool, {
      addRequest: {
        value: (request: ClientRequest, ...rest: unknown[]) => {
          this.request = request;
          request.once("response", (response) => {
            this.response = response;
          });
          limitConnecting(request, connectTimeoutMs);
          (pool as unknown as { addRequest(request: ClientRequest, ...rest: unknown[]): void }).addRequest(
            request,
            ...rest,
          );
        },
      },
    }) as Agent;
  }

  /** Trap: pop-core's connect time-out is an idle time-out, which ends a slow answer too; {@link limitConnecting} is used instead. */
  readonly withoutIdleTimeout = ({ timeout: _, ...options }: RequestOptions): RequestOptions => options;

  get status(): number | undefined {
    return this.response?.statusCode;
  }

  get succeeded(): boolean {
    return this.status !== undefined && this.status >= 200 && this.status < 300;
  }

  /** Header `x-acs-retry-after`, milliseconds. */
  get retryAfterMs(): number | undefined {
    const value = Number(this.response?.headers["x-acs-retry-after"]);
    return Number.isFinite(value) && value > 0 ? value : undefined;
  }

  get requestId(): string | undefined {
    const value = this.response?.headers["x-acs-request-id"];
    return typeof value === "string" ? value : undefined;
  }

  /** Frees the connection of a failed request, so that it does not hold a place in the pool. */
  abandon(): void {
    if (this.response?.complete !== true) {
      this.request?.destroy();
    }
  }
}

function limitConnecting(request: ClientRequest, connectTimeoutMs: number): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) {
      return;
    }
    const timer = setTimeout(() => {
      const error: NodeJS.ErrnoException = new Error("no connection in time");
      error.code = "ConnectTimeout";
      request.destroy(error);
    }, connectTimeoutMs);
    const stop = () => {
      clearTimeout(timer);
    };
    socket.once("connect", stop);
    socket.once("close", stop);
  });
}

/** Trap: for a body that is not JSON pop-core throws a plain object, not an Error. */
function isUnparsable(error: unknown): error is { name: string; text: string } {
  return !(error instanceof Error) && (error as { name?: unknown } | null)?.name === "SyntaxError";
}

async function readXml(text: string): Promise<Record<string, unknown> | undefined> {
  // Loaded on first need: answers in XML are rare.
  const { parseXmlAnswer } = await import("./xmlAnswer.js");
  return parseXmlAnswer(text);
}

type Failure = Omit<EcsFailure, "action" | "regionId">;

function failureOf(
  error: unknown,
  answer: Record<string, unknown> | undefined,
  exchange: Exchange,
  endpoint: string,
  readTimeoutMs: number,
): Failure {
  if (isUnparsable(error)) {
    return answer === undefined ? unreadable(error.text, exchange) : statusFailure(answer, exchange);
  }
  if (!(error instanceof Error)) {
    throw error;
  }
  const { data, code, name } = error as Error & { data?: unknown; code?: string };
  if (data !== undefined) {
    return statusFailure(data, exchange);
  }
  if (name.startsWith("RequestTimeout")) {
    return {
      code: "RequestTimeout",
      serviceMessage: `no answer from ${endpoint} within ${readTimeoutMs} ms`,
      status: exchange.status,
      transport: true,
    };
  }
  if (error instanceof TypeError && exchange.status !== undefined) {
    // Trap: pop-core stumbles over an answer that is JSON, but no object.
    return unreadable("null", exchange);
  }
  if (code === undefined) {
    // Not of the network, e.g. no credentials: it has its own words.
    throw error;
  }
  return {
    code,
    serviceMessage: `no answer from ${endpoint}: ${sayings[code] ?? code}`,
    status: exchange.status,
    transport: true,
  };
}

const sayings: Readonly<Record<string, string>> = {
  ConnectTimeout: "no connection in time",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  ENOTFOUND: "the host is not known",
  EAI_AGAIN: "the host's name could not be looked up",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "the connection timed out",
};

/** A failure that the service told: with its code, or for want of one with its status. */
function statusFailure(body: unknown, exchange: Exchange): Failure {
  const answer = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof answer[key] === "string" ? answer[key] : undefined);
  const code = text("Code");
  return {
    code: code ?? "UnreadableAnswer",
    serviceMessage: text("Message") ?? `the answer has no error code`,
    status: exchange.status,
    requestId: text("RequestId") ?? exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
    transport: code === undefined,
  };
}

/** An answer of neither the service's JSON nor its XML, e.g. the page of a proxy. */
function unreadable(text: string, exchange: Exchange): Failure {
  const title = /<title>([^<]{1,100})<\/title>/i.exec(text)?.[1];
  return {
    code: "UnreadableAnswer",
    serviceMessage:
      text.trim() === ""
        ? "the answer is empty"
        : `the answer is not the service's${title === undefined ? "" : `: "${title.trim()}"`}`,
    status: exchange.status,
    requestId: exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
    transport: true,
  };
}

/** The secrets of the credentials used so far, to be kept out of messages. */
class Secrets {
  private readonly values = new Set<string>();

  add(...values: (string | undefined)[]): void {
    for (const value of values) {
      // Very short values would blot out ordinary words.
      if (value !== undefined && value.length >= 4) {
        this.values
          .add(value)
          .add(encodeURIComponent(value))
          .add(encodeURIComponent(encodeURIComponent(value)));
      }
    }
  }

  redact(text: string): string {
    // SignatureDoesNotMatch repeats the whole string to sign, which contains access key id, nonce and token.
    let redacted = text.replace(/[\s,;:.]*server string to sign is[\s\S]*$/i, ".");
    for (const value of this.values) {
      redacted = redacted.replaceAll(value, "[redacted]");
    }
    return (
      redacted
        // Name and value as in a form (also encoded once or twice) or in JSON.
        .replace(
          /(AccessKeyId|SignatureNonce|Signature|SecurityToken)("\s*:\s*"|=|%(?:25)*3D)(?:(?!%(?:25)*26)[^&\s"'])+/gi,
          "$1$2[redacted]",
        )
        // A signature by itself: 20 bytes in base64.
        .replace(/[A-Za-z0-9+/]{27}=/g, "[redacted]")
    );
  }
}
