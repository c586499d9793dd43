/** Where temporary credentials come from: a credentials URI and the STS service, both on the loopback interface. */
import { type IncomingMessage, type RequestListener, type Server, createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { AccessKey } from "../../../emulator/emulator.ts";
import type { Certificate } from "./selfSignedCertificate.ts";

/** A request as it arrived: parameters of the query and the form together. */
export interface Asked {
  method: string;
  path: string;
  params: Readonly<Record<string, string>>;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Temporary credentials, or a refusal. */
export type Answer =
  | { key: AccessKey; expiresAt: number }
  | { status: number; code: string; message: string }
  /** Not JSON. */
  | { status: number; page: string };

/** A running server. */
export interface CredentialServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  asked: readonly Asked[];
}

/** `GET /…` answers with the credentials themselves. */
export function startCredentialsUri(answer: (asked: Asked) => Answer): Promise<CredentialServer> {
  return start(
    (listener) => createServer(listener),
    answer,
    (credentials) => credentials,
  );
}

/** AssumeRole and AssumeRoleWithOIDC, which `@alicloud/credentials` calls over https only. */
export function startSts(
  certificate: Certificate,
  answer: (asked: Asked) => Answer,
): Promise<CredentialServer> {
  return start(
    (listener) => createSecureServer(certificate, listener),
    answer,
    (credentials) => ({
      RequestId: "6894B13B-6D71-4EF5-88FA-F32781734A7F",
      Credentials: credentials,
    }),
  );
}

/** The OAuth service, of which each refresh token can be used once. It is reached through a proxy: its address is fixed. */
export class OauthService {
  /** The tokens that are valid now. */
  accessToken = "oauth-access-0";
  refreshToken = "oauth-refresh-0";
  renewals = 0;

  private readonly issue: () => { key: AccessKey; expiresAt: number };

  constructor(issue: () => { key: AccessKey; expiresAt: number }) {
    this.issue = issue;
  }

  readonly answer = ({ path, params, headers }: Asked): Answer => {
    const json = (status: number, body: object): Answer => ({ status, page: JSON.stringify(body) });
    if (path === "/v1/token") {
      if (params["refresh_token"] !== this.refreshToken || params["grant_type"] !== "refresh_token") {
        return json(400, { error: "invalid_grant", error_description: `not ${this.refreshToken}` });
      }
      this.renewals += 1;
      this.accessToken = `oauth-access-${this.renewals}`;
      this.refreshToken = `oauth-refresh-${this.renewals}`;
      return json(200, {
        access_token: this.accessToken,
        refresh_token: this.refreshToken,
        expires_in: 7_200,
        token_type: "Bearer",
      });
    }
    if (path !== "/v1/exchange" || headers.authorization !== `Bearer ${this.accessToken}`) {
      return json(401, { error: "expired_token", error_description: this.accessToken });
    }
    const { key, expiresAt } = this.issue();
    return json(200, { ...key, expiration: new Date(expiresAt).toISOString() });
  };

  /** A server of this service. */
  start(certificate: Certificate): Promise<CredentialServer> {
    return start(
      (listener) => createSecureServer(certificate, listener),
      this.answer,
      (credentials) => credentials,
    );
  }
}

async function start(
  create: (listener: RequestListener) => Server,
  answer: (asked: Asked) => Answer,
  wrap: (credentials: object) => object,
): Promise<CredentialServer> {
  const asked: Asked[] = [];
  const server = create((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const body = Buffer.concat(chunks).toString("utf8");
      const form = new URLSearchParams(body);
      const arrival = {
        method: request.method ?? "",
        path: url.pathname,
        params: Object.fromEntries([...url.searchParams, ...form]),
        headers: request.headers,
        body,
      };
      if (arrival.params["Action"] === "GetCallerIdentity") {
        // Asked beside the other calls of any credentials: not what these tests are about.
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"AccountId":"1000000000000009"}');
        return;
      }
      asked.push(arrival);
      const given = answer(arrival);
      if ("page" in given) {
        response.writeHead(given.status, { "content-type": "text/html" }).end(given.page);
        return;
      }
      const answered =
        "key" in given
          ? wrap({
              Code: "Success",
              AccessKeyId: given.key.accessKeyId,
              AccessKeySecret: given.key.accessKeySecret,
              SecurityToken: given.key.securityToken,
              Expiration: new Date(given.expiresAt).toISOString(),
            })
          : { Code: given.code, Message: given.message, RequestId: "6894B13B-6D71-4EF5-88FA-F32781734A7F" };
      response
        .writeHead("key" in given ? 200 : given.status, { "content-type": "application/json" })
        .end(JSON.stringify(answered));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
