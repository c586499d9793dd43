import { type IncomingMessage, Agent as HttpAgent, request as requestPlainly } from "node:http";
import { Agent as HttpsAgent, request as requestSecurely } from "node:https";

/** A request of `@alicloud/credentials`, and its answer. */
interface CredentialsRequest {
  method: string;
  headers: Record<string, string>;
  bodyForm?: Record<string, string>;
  readTimeout: number;
  toRequestURL(): string;
}
interface CredentialsAnswer {
  statusCode: number | undefined;
  headers: IncomingMessage["headers"];
  body: Buffer;
}
export type DoRequest = (request: CredentialsRequest) => Promise<CredentialsAnswer>;

/** The HTTP library of `@alicloud/credentials` knows no proxy; this takes its place. */
export function proxiedRequest(proxyEnv: Readonly<Record<string, string | undefined>>): DoRequest {
  const options = { proxyEnv };
  const [httpAgent, httpsAgent] = [new HttpAgent(options), new HttpsAgent(options)];
  return (request) =>
    new Promise((resolve, reject) => {
      const { method, headers, bodyForm, readTimeout } = request;
      const url = new URL(request.toRequestURL());
      const [start, agent] =
        url.protocol === "https:" ? [requestSecurely, httpsAgent] : [requestPlainly, httpAgent];
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
      sent.end(bodyForm === undefined ? undefined : new URLSearchParams(bodyForm).toString());
    });
}
