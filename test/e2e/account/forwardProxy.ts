/** A proxy on the loopback interface that counts: CONNECT for https, absolute URLs for http. */
import { createServer, request as send } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";

/** A running proxy. */
export interface ForwardProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Every request: `CONNECT host:port` or `POST http://host/`. */
  asked: readonly string[];
}

/**
 * @param targetOf where a request for `host:port` goes to, instead of there: a proxy may know names that its users do not
 */
export async function startForwardProxy(targetOf: (host: string) => string): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // The other end may leave at any time.
    return socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    asked.push(`${request.method ?? ""} ${url.origin}${url.pathname}`);
    const forwarded = send(
      `http://${targetOf(url.host)}${url.pathname}${url.search}`,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  server.on("connection", keep);
  server.on("connect", (request, client: Socket, head: Buffer) => {
    asked.push(`CONNECT ${request.url ?? ""}`);
    const target = new URL(`http://${targetOf(request.url ?? "")}`);
    const upstream = keep(connect(Number(target.port), target.hostname)).once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      });
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
  };
}
