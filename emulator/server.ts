import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Control, ControlAnswer } from "./control.ts";
import { deliver, type Delivery, type Finish } from "./delivery.ts";
import type { Head, Incoming } from "./incoming.ts";
import type { RequestRecord } from "./requests.ts";

/** The longest body, in bytes. */
const bodyLimit = 1024 * 1024;

/**
 * Many clients read the answer only when they have sent their body. So the rest of a body that is not needed is discarded up to
 * here, in bytes. Then the connection is closed.
 */
const discardLimit = 16 * bodyLimit;

/** The page loads nothing from elsewhere, and no other page can frame it. */
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

/** What is behind the server. */
export interface Services {
  /** A call of the API. */
  serve(incoming: Incoming): Promise<{ readonly delivery: Delivery; readonly record: RequestRecord }>;
  /** A request that controls the emulator: its answer, or what to do with its body; undefined if it is none. */
  control(head: Head): Control | ControlAnswer | undefined;
  readonly finish: Finish;
}

/** An HTTP server on the loopback interface. */
export interface ListeningServer {
  readonly port: number;
  /** Closes the connections of the calls in progress. */
  dropCalls(): void;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1 only. Port 0 is a free port.
 *
 * @throws if the port is in use or not allowed
 */
export async function listen(services: Services, port: number): Promise<ListeningServer> {
  const sockets = new Set<Socket>();
  const calling = new Set<Socket>();
  const serving = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const served = serve(services, calling, request, response).finally(() => serving.delete(served));
    serving.add(served);
    served.catch((error: unknown) => {
      response.destroy();
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
    dropCalls: () => {
      for (const socket of calling) {
        socket.destroy();
      }
    },
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
      await Promise.allSettled(serving);
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(portError(port, error), { cause: error }));
    });
    server.listen(port, "127.0.0.1", () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function portError(port: number, { code, message }: NodeJS.ErrnoException): string {
  const advice = "choose another port (0: a free one).";
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on 127.0.0.1 is in use. Stop the process that uses it, or ${advice}`;
    case "EACCES":
      return `Port ${port} on 127.0.0.1 needs more rights than this user has; ${advice}`;
    default:
      return `Port ${port} on 127.0.0.1 cannot be used: ${message}; ${advice}`;
  }
}

/** @param calling the sockets of the calls in progress */
async function serve(
  services: Services,
  calling: Set<Socket>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const head = headOf(request);
  const control = services.control(head);
  if (control !== undefined && typeof control !== "function") {
    discard(request);
    respond(response, control);
    return;
  }
  const read = await readBody(request);
  if (read === undefined) {
    return; // the client closed the connection before its request was complete
  }
  const incoming = { ...head, ...read };
  if (control !== undefined) {
    respond(response, control(incoming));
    return;
  }
  const { socket } = request;
  calling.add(socket);
  response.once("close", () => calling.delete(socket));
  const { delivery, record } = await services.serve(incoming);
  await deliver(delivery, record, response, services.finish);
}

function respond(response: ServerResponse, answer: ControlAnswer): void {
  if ("page" in answer) {
    response.writeHead(answer.status, pageHeaders);
    response.end(answer.page);
    return;
  }
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.end(JSON.stringify(answer.body));
}

function headOf(request: IncomingMessage): Head {
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
  };
}

/** Reads the body, up to the limit. Undefined if the client closes the connection before. */
async function readBody(request: IncomingMessage): Promise<Pick<Incoming, "body" | "isTooLong"> | undefined> {
  const tooLong = { body: Buffer.alloc(0), isTooLong: true };
  if (Number(request.headers["content-length"] ?? 0) > bodyLimit) {
    discard(request);
    return tooLong;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  return await new Promise((resolve) => {
    const collect = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= bodyLimit) {
        chunks.push(chunk);
        return;
      }
      request.off("data", collect);
      discard(request);
      resolve(tooLong);
    };
    const end = (): void => {
      resolve(request.complete ? { body: Buffer.concat(chunks), isTooLong: false } : undefined);
    };
    request.on("data", collect);
    request.once("end", end);
    request.once("close", end);
    request.once("error", end);
  });
}

function discard(request: IncomingMessage): void {
  let discarded = 0;
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > discardLimit) {
      request.socket.destroy();
    }
  });
}
