import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { debuglog } from "node:util";
import { type Clock, type OnWait, systemClock } from "../clock.ts";
import { FailedAttempt } from "../errors.ts";
import { Redaction } from "./redaction.ts";
import { silenceHttpx } from "./silenceHttpx.ts";
import { withoutUndefined } from "../json.ts";
import { type Credentials, type CredentialSource, credentialsBefore } from "./credentialSource.ts";
import { endpointOf, type EndpointChoice } from "./endpoints.ts";
import { failureOf, isUnparsable, serviceFailure, type Failure } from "./failure.ts";
import { RequestSocket } from "./requestSocket.ts";

/** An API, and the version that is spoken. */
export type Api = keyof typeof apiVersions;
const apiVersions = { ecs: "2014-05-26", sts: "2015-04-01" } as const;

/** What the transport needs to know. */
export interface TransportOptions {
  credentials: CredentialSource;
  endpoint: EndpointChoice;
  /** How long making a connection may take, milliseconds. */
  connectTimeoutMs: number;
  /** How long the whole answer may take once connected, milliseconds. */
  readTimeoutMs: number;
  /** The environment with `HTTPS_PROXY` and its family, which Node honours from 24.5 on. */
  proxyEnv: Readonly<Record<string, string | undefined>>;
  /** Connections to one endpoint at once; further calls wait for a free one. */
  maxSockets: number;
}

/** The parameters of an action; one that is undefined is not sent. */
export type ApiParameters = Readonly<Record<string, string | number | undefined>>;

/** What the calls of one operation have in common. */
export interface CallOptions {
  /**
   * When the operation must end, on the clock, instead of the settings' limit for each call. For the transport: until when to
   * wait for credentials.
   */
  readonly deadline?: number;
  /** Hears of a wait for credentials, and before the next attempt. */
  readonly onWait?: OnWait;
}

/** One call of the API. */
export interface Call extends CallOptions {
  /** E.g. `CreateHpcCluster`. */
  action: string;
  /** The region whose endpoint is called. */
  regionId: string;
  parameters: ApiParameters;
  /** Which attempt of the call it is, for the log. Default: 1. */
  attempt?: number;
  /** How long the call may take, milliseconds, if that is less than the settings say. */
  withinMs?: number;
  /** Default: `ecs`. */
  api?: Api;
  /** The clusters that the call is for, up to 100, if it may share a request with others (regionQueue.ts). */
  hpcClusterIds?: readonly string[];
}

/** The body of a successful answer. */
export type Answer = Record<string, unknown>;

/** Sends a call once; fails with a {@link FailedAttempt}. */
export type Send = (call: Call) => Promise<Answer>;

/** `NODE_DEBUG=alicloud-hpc` writes a line for every call to standard error. */
const debug = debuglog("alicloud-hpc");

/** What pop-core can do beyond its typings. */
interface PopCoreClient {
  request(action: string, parameters: object, options: object): Promise<[unknown, unknown]>;
}
type PopCoreConstructor = new (
  config: { endpoint: string; apiVersion: string } & Credentials,
  verbose: true,
) => PopCoreClient;
// The package itself also loads its client for other APIs, which takes longer than the rest.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const RPCClient = require("@alicloud/pop-core/lib/rpc") as PopCoreConstructor;

/** Sends each call once, as a signed POST. The only user of pop-core; what works around its bugs is marked "Trap". */
export function createTransport(options: TransportOptions, clock: Clock = systemClock): Send {
  silenceHttpx("@alicloud/pop-core");
  const { credentials, maxSockets, proxyEnv } = options;
  const agentOptions = { keepAlive: true, maxSockets, proxyEnv };
  const httpsAgent = new HttpsAgent(agentOptions);
  const httpAgent = new HttpAgent(agentOptions);
  const redaction = new Redaction();

  return async function send(call) {
    const { action, regionId, parameters, withinMs = Infinity, deadline = Infinity, api = "ecs" } = call;
    const startedAt = performance.now();
    const waitsFrom = clock.now();
    // For every request, so that rotated credentials are used at once.
    const found = await credentialsBefore(deadline, credentials, clock, call.onWait);
    const waitedMs = clock.now() - waitsFrom;
    if (found === undefined) {
      const seconds = Number((waitedMs / 1_000).toFixed(1));
      throw errorOf({
        code: "CredentialsTimeout",
        serviceMessage: `credentials from ${credentials.description} took longer than ${seconds} s`,
        transport: true,
      });
    }
    // Trap: with an empty key pop-core sends the request unsigned.
    if (!found.accessKeyId || !found.accessKeySecret) {
      throw new Error(`The credentials from ${credentials.description} are empty.`);
    }
    redaction.add(found.accessKeyId, found.accessKeySecret, found.securityToken);

    const leftMs = Math.max(1, withinMs - waitedMs);
    const connectTimeoutMs = Math.min(options.connectTimeoutMs, leftMs);
    const readTimeoutMs = Math.min(options.readTimeoutMs, leftMs);
    const endpoint = endpointOf(api, regionId, options.endpoint);
    const socket = new RequestSocket(
      endpoint.startsWith("https:") ? httpsAgent : httpAgent,
      connectTimeoutMs,
    );
    const client = new RPCClient({ endpoint, apiVersion: apiVersions[api], ...found }, true);
    let body: unknown;
    try {
      // Trap: pop-core sends undefined as "undefined".
      [body] = await client.request(action, withoutUndefined(parameters), {
        // Trap: exactly "POST"; otherwise the signed URL, with key, token and signature, ends up in error messages.
        method: "POST",
        connectTimeout: connectTimeoutMs,
        readTimeout: readTimeoutMs,
        agent: socket.agent,
        beforeRequest: socket.withoutIdleTimeout,
      });
    } catch (error) {
      socket.abandon();
      const xml = isUnparsable(error) ? await parseXml(error.text) : undefined;
      if (xml === undefined || xml["Code"] !== undefined || !socket.succeeded) {
        throw errorOf(failureOf(error, xml, socket, endpoint, readTimeoutMs));
      }
      body = xml;
    }
    // Trap: an answer of 500 whose JSON has no Code resolves as success.
    if (!socket.succeeded || typeof body !== "object" || body === null || Array.isArray(body)) {
      throw errorOf(serviceFailure(body, socket));
    }
    const answer = body as Answer;
    log(call, startedAt, "OK", socket.status, answer["RequestId"]);
    return answer;

    function errorOf(failure: Failure): FailedAttempt {
      log(call, startedAt, failure.code, failure.status, failure.requestId);
      const serviceMessage = redaction.redact(failure.serviceMessage);
      const credentialSource = credentials.description;
      return new FailedAttempt({ ...failure, action, regionId, serviceMessage, credentialSource });
    }
  };
}

async function parseXml(text: string): Promise<Answer | undefined> {
  // Loaded on first use: answers in XML are rare.
  const { parseXmlAnswer } = await import("./xml.ts");
  return parseXmlAnswer(text);
}

function log(
  { action, regionId, attempt = 1 }: Call,
  startedAt: number,
  result: string,
  status: number | undefined,
  requestId: unknown,
): void {
  const latencyMs = Math.round(performance.now() - startedAt);
  debug(
    "%s %s attempt %d: %s, HTTP %s, %d ms, request %s",
    action,
    regionId,
    attempt,
    result,
    status ?? "-",
    latencyMs,
    requestId ?? "-",
  );
}
