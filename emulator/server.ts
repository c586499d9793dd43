import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { deliver, type Finish } from "./delivery.ts";
import type { Gateway } from "./gateway.ts";
import type { Incoming } from "./incoming.ts";

/** An HTTP server on the loopback interface in front of the gateway. */
export interface ListeningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 only. Port 0 is a free port. */
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
      if (closing.aborted) {
        return; // pauses end with an error when the service closes
      }
      // A bug in the emulator ends the process: an answer would look like a fault.
      queueMicrotask(() => {
        throw error;
      });
    });
  });
  // Longer than clients keep an idle connection: otherwise closing it races with their next request.
  server.keepAliveTimeout = 120_000;
  server.on("connection", (socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.once("close", () => sockets.delete(socket));
  });
  await listening(server, port);
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("The server has no port.");
  }
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) {
            resolve();
          } else {
            reject(error);
          }
        });
      });
      for (const socket of sockets) {
        socket.destroy();
      }
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
  if (incoming === undefined) {
    return; // the client closed the connection before its request was complete
  }
  const { delivery, record } = await gateway.serve(incoming);
  await deliver(delivery, record, response, finish);
}

async function read(request: IncomingMessage): Promise<Incoming | undefined> {
  const chunks: Buffer[] = [];
  const complete = await new Promise<boolean>((resolve) => {
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      resolve(true);
    });
    request.once("close", () => {
      resolve(request.complete);
    });
    request.once("error", () => {
      resolve(false);
    });
  });
  if (!complete) {
    return undefined;
  }
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
