import { type IncomingMessage, Agent as HttpAgent, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

/** A request, in the form that `@alicloud/credentials` gives it. */
interface CredentialsRequest {
  method: string;
  headers: Record<string, string>;
  bodyForm?: Record<string, string> | undefined;
  /** Instead of a form. */
  body?: string | undefined;
  readTimeout: number;
  toRequestURL(): string;
}
interface CredentialsAnswer {
  statusCode: number | undefined;
  headers: IncomingMessage["headers"];
  body: Buffer;
}
export type DoRequest = (request: CredentialsRequest) => Promise<CredentialsAnswer>;

/** Replaces the HTTP library of `@alicloud/credentials`, which does not support proxies. */
export function proxiedRequest(proxyEnv: Readonly<Record<string, string | undefined>>): DoRequest {
  let agents: readonly [HttpAgent, HttpsAgent] | undefined;
  return (request) =>
    new Promise((resolve, reject) => {
      // Not earlier: Node throws for a proxy's URL that is not valid, and preview reports it.
      agents ??= [new HttpAgent({ proxyEnv }), new HttpsAgent({ proxyEnv })];
      const [httpAgent, httpsAgent] = agents;
      const { method, headers, bodyForm, body, readTimeout } = request;
      const url = new URL(request.toRequestURL());
      const [start, agent] =
        url.protocol === "https:" ? [requestHttps, httpsAgent] : [requestHttp, httpAgent];
      const sent = start(url, {
        method,
        headers,
        agent,
        signal: AbortSignal.timeout(readTimeout),
      });
      sent.once("error", reject);
      sent.once("response", (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          resolve({
            statusCode: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      });
      sent.end(bodyForm === undefined ? body : new URLSearchParams(bodyForm).toString());
    });
}
