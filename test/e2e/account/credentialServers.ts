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
      const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
      const arrival = {
        method: request.method ?? "",
        path: url.pathname,
        params: Object.fromEntries([...url.searchParams, ...form]),
        headers: request.headers,
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
      const body =
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
        .end(JSON.stringify(body));
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
