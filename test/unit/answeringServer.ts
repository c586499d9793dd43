import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it arrived, with its form decoded. */
export interface Arrival {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
  form: Readonly<Record<string, string>>;
}

/** Answers one request, by whatever means. */
export type Answerer = (response: ServerResponse, arrival: Arrival, number: number) => void;

/** A real HTTP server that answers as a test tells it to, on the loopback interface. */
export interface AnsweringServer {
  endpoint: string;
  arrivals: readonly Arrival[];
  /** The most connections that were open at one time. */
  readonly mostConnections: number;
  /** Connections opened since the start. */
  readonly connections: number;
  close(): Promise<void>;
}

/** @param host the address to listen on */
export async function startAnswering(answer: Answerer, host = "127.0.0.1"): Promise<AnsweringServer> {
  const arrivals: Arrival[] = [];
  const sockets = new Set<Socket>();
  let mostConnections = 0;
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const arrival: Arrival = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body,
        form: Object.fromEntries(new URLSearchParams(body)),
      };
      arrivals.push(arrival);
      answer(response, arrival, arrivals.length);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    mostConnections = Math.max(mostConnections, sockets.size);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    arrivals,
    get mostConnections() {
      return mostConnections;
    },
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        for (const socket of sockets) {
          socket.destroy();
        }
      }),
  };
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { "content-type": "application/json;charset=utf-8", ...headers })
    .end(JSON.stringify(body));
}

/** Answers with any text. */
export function plain(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": type, ...headers }).end(body);
}
