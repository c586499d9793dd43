import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { debuglog } from "node:util";
import PopCore from "@alicloud/pop-core";
import type { CredentialSource } from "./credentials";
import { endpointOf, type EndpointChoice } from "./endpoints";
import { EcsError } from "./errors";
import { Exchange } from "./exchange";
import { failureOf, isUnparsable, readXml, statusFailure, type Failure } from "./failedExchange";
import { Secrets } from "./secrets";

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
