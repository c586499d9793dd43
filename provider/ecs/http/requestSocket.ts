import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";

/**
 * Watches one request on its socket. pop-core drops the status and headers of an answer that it cannot parse, and its HTTP
 * library leaves the connection open after a time-out. The agent's `addRequest` sees both.
 */
export class RequestSocket {
  /** To be given to the request: the pool's agent, watched. */
  readonly agent: Agent;
  private request: ClientRequest | undefined;
  private response: IncomingMessage | undefined;

  constructor(pool: Agent, connectTimeoutMs: number) {
    this.agent = Object.create(pool, {
      addRequest: {
        value: (request: ClientRequest, ...rest: unknown[]) => {
          this.request = request;
          request.once("response", (response) => {
            this.response = response;
            limitBody(request, response);
            watchDecompression(response);
          });
          limitConnecting(request, connectTimeoutMs);
          (pool as unknown as { addRequest(request: ClientRequest, ...rest: unknown[]): void }).addRequest(
            request,
            ...rest,
          );
        },
      },
    }) as Agent;
  }

  /** Trap: pop-core's connect time-out is an idle time-out and ends a slow answer too. {@link limitConnecting} replaces it. */
  readonly withoutIdleTimeout = ({ timeout: _, ...options }: RequestOptions): RequestOptions => options;

  get status(): number | undefined {
    return this.response?.statusCode;
  }

  get succeeded(): boolean {
    return this.status !== undefined && this.status >= 200 && this.status < 300;
  }

  /** Header `x-acs-retry-after`, milliseconds. */
  get retryAfterMs(): number | undefined {
    const value = Number(this.response?.headers["x-acs-retry-after"]);
    return Number.isFinite(value) && value > 0 ? value : undefined;
  }

  /** Header `x-acs-request-id`. */
  get requestId(): string | undefined {
    const value = this.response?.headers["x-acs-request-id"];
    return typeof value === "string" ? value : undefined;
  }

  /** Closes the connection of a request whose answer did not arrive completely, so that it does not stay in the pool. */
  abandon(): void {
    if (this.response?.complete !== true) {
      this.request?.destroy();
    }
  }
}

/** Far more than any answer of the API: 100 clusters are 60 kB. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Fails a request whose answer does not end, before it fills the memory. */
function limitBody(request: ClientRequest, response: IncomingMessage): void {
  const push = response.push.bind(response);
  let bytes = 0;
  // A "data" listener would start the stream before pop-core's HTTP library reads it.
  response.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes > MAX_BODY_BYTES) {
      const error: NodeJS.ErrnoException = new Error("the answer is too long");
      error.code = "AnswerTooLong";
      response.destroy(error);
      request.destroy(error);
      return false;
    }
    return push(chunk, encoding);
  };
}

/**
 * Trap: pop-core's HTTP library gives up a late answer before it listens to the stream that decompresses it, and then an error of
 * that stream would end the process.
 */
function watchDecompression(response: IncomingMessage): void {
  const pipe = response.pipe.bind(response);
  response.pipe = (destination, options) => {
    destination.on("error", () => undefined);
    return pipe(destination, options);
  };
}

function limitConnecting(request: ClientRequest, connectTimeoutMs: number): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) {
      return;
    }
    const timer = setTimeout(() => {
      const error: NodeJS.ErrnoException = new Error("the connection timed out");
      error.code = "ConnectTimeout";
      request.destroy(error);
    }, connectTimeoutMs);
    const stop = () => {
      clearTimeout(timer);
    };
    socket.once("connect", stop);
    socket.once("close", stop);
  });
}
