import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import type { Delivery, Gateway } from "./gateway.ts";
import type { Incoming } from "./incoming.ts";
import type { RequestRecord, RequestUpdate } from "./requests.ts";

/** What the socket side tells about a request. */
export type Finish = (record: RequestRecord, change: RequestUpdate) => void;

/** An HTTP server on the loopback interface in front of the gateway. */
export type ListeningServer = { readonly port: number; close(): Promise<void> };

/** Listens on 127.0.0.1 and nowhere else; port 0 takes a free one. */
export async function listen(
  gateway: Gateway,
  port: number,
  closing: AbortSignal,
  finish: Finish,
): Promise<ListeningServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    serve(gateway, request, response, finish).catch((error: unknown) => {
      response.destroy();
      if (closing.aborted) return; // pauses end with an error when the service closes
      // A bug of this service. Answering would make it look like one of its faults.
      queueMicrotask(() => {
        throw error;
      });
    });
  });
  // Longer than any client keeps an idle connection: closing first would race with its next request.
  server.keepAliveTimeout = 120_000;
  server.on("connection", (socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.once("close", () => sockets.delete(socket));
  });
  await listening(server, port);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function serve(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  finish: Finish,
): Promise<void> {
  const incoming = await read(request);
  if (incoming === undefined) return; // the client left in the middle of its request, which is none then
  const { delivery, record } = await gateway.serve(incoming);
  await deliver(delivery, record, response, finish);
}

async function read(request: IncomingMessage): Promise<Incoming | undefined> {
  const chunks: Buffer[] = [];
  const complete = await new Promise<boolean>((resolve) => {
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(true));
    request.once("close", () => resolve(request.complete));
    request.once("error", () => resolve(false));
  });
  if (!complete) return undefined;
  const target = request.url ?? "/";
  const question = target.indexOf("?");
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  return {
    method: request.method ?? "GET",
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? "" : target.slice(question + 1),
    headers,
    body: Buffer.concat(chunks),
  };
}

async function deliver(
  delivery: Delivery,
  record: RequestRecord,
  response: ServerResponse,
  finish: Finish,
): Promise<void> {
  const { socket } = response;
  switch (delivery.kind) {
    case "reset":
      finish(record, {});
      socket?.resetAndDestroy();
      return;
    case "destroy":
      finish(record, {});
      socket?.destroy();
      return;
    case "silence":
      if (socket === null || socket.destroyed) finish(record, {});
      else socket.once("close", () => finish(record, {}));
      return;
    case "reply": {
      const { reply, drip } = delivery;
      const body = Buffer.from(reply.body, "utf8");
      response.writeHead(reply.status, { ...reply.headers, "content-length": body.length });
      const change = { status: reply.status, ...(reply.code === undefined ? {} : { code: reply.code }) };
      if (drip !== undefined) {
        response.flushHeaders();
        await writeSlowly(response, body, drip);
        finish(record, change);
        response.end();
        return;
      }
      // Before the bytes go, so that who has the answer also finds the record complete.
      finish(record, change);
      response.end(body);
    }
  }
}

async function writeSlowly(
  response: ServerResponse,
  body: Buffer,
  drip: { readonly intervalMs: number; readonly bytes: number },
): Promise<void> {
  const left = new AbortController();
  response.once("close", () => left.abort());
  try {
    for (let at = 0; at < body.length; at += drip.bytes) {
      await pause(drip.intervalMs, undefined, { signal: left.signal });
      response.write(body.subarray(at, at + drip.bytes));
    }
  } catch (error) {
    if (!left.signal.aborted) throw error; // nobody is there to read the rest
  }
}
