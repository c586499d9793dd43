import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";

/**
 * One request as seen on its socket. pop-core tells neither status nor headers of an answer that it cannot parse, and its
 * HTTP library leaves the connection of a request that timed out open; `addRequest`, the agent's one method, sees both.
 */
export class Exchange {
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

  /** Trap: pop-core's connect time-out is an idle time-out, which ends a slow answer too; {@link limitConnecting} is used instead. */
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

  get requestId(): string | undefined {
    const value = this.response?.headers["x-acs-request-id"];
    return typeof value === "string" ? value : undefined;
  }

  /** Frees the connection of a failed request, so that it does not hold a place in the pool. */
  abandon(): void {
    if (this.response?.complete !== true) {
      this.request?.destroy();
    }
  }
}

function limitConnecting(request: ClientRequest, connectTimeoutMs: number): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) {
      return;
    }
    const timer = setTimeout(() => {
      const error: NodeJS.ErrnoException = new Error("no connection in time");
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
