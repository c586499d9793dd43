import type { EcsFailure } from "./errors";
import type { Exchange } from "./exchange";

/** Trap: for a body that is not JSON pop-core throws a plain object, not an Error. */
export function isUnparsable(error: unknown): error is { name: string; text: string } {
  return !(error instanceof Error) && (error as { name?: unknown } | null)?.name === "SyntaxError";
}

/** The answer in XML, if that is what the text is. */
export async function readXml(text: string): Promise<Record<string, unknown> | undefined> {
  // Loaded on first need: answers in XML are rare.
  const { parseXmlAnswer } = await import("./xmlAnswer.js");
  return parseXmlAnswer(text);
}

/** What is known of a failure from its exchange alone. */
export type Failure = Omit<EcsFailure, "action" | "regionId">;

/** A failure as pop-core throws it, in the terms of the service. What is not of the network is thrown on: it has its own words. */
export function failureOf(
  error: unknown,
  answer: Record<string, unknown> | undefined,
  exchange: Exchange,
  endpoint: string,
  readTimeoutMs: number,
): Failure {
  if (isUnparsable(error)) {
    return answer === undefined ? unreadable(error.text, exchange) : statusFailure(answer, exchange);
  }
  if (!(error instanceof Error)) {
    throw error;
  }
  const { data, code, name } = error as Error & { data?: unknown; code?: string };
  if (data !== undefined) {
    return statusFailure(data, exchange);
  }
  if (name.startsWith("RequestTimeout")) {
    return {
      code: "RequestTimeout",
      serviceMessage: `no answer from ${endpoint} within ${readTimeoutMs} ms`,
      status: exchange.status,
      transport: true,
    };
  }
  if (error instanceof TypeError && exchange.status !== undefined) {
    // Trap: pop-core stumbles over an answer that is JSON, but no object.
    return unreadable("null", exchange);
  }
  if (code === undefined) {
    // E.g. no credentials.
    throw error;
  }
  return {
    code,
    serviceMessage: `no answer from ${endpoint}: ${sayings[code] ?? code}`,
    status: exchange.status,
    transport: true,
  };
}

const sayings: Readonly<Record<string, string>> = {
  ConnectTimeout: "no connection in time",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  ENOTFOUND: "the host is not known",
  EAI_AGAIN: "the host's name could not be looked up",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "the connection timed out",
};

/** A failure that the service told: with its code, or for want of one with its status. */
export function statusFailure(body: unknown, exchange: Exchange): Failure {
  const answer = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof answer[key] === "string" ? answer[key] : undefined);
  const code = text("Code");
  return {
    code: code ?? "UnreadableAnswer",
    serviceMessage: text("Message") ?? `the answer has no error code`,
    status: exchange.status,
    requestId: text("RequestId") ?? exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
    transport: code === undefined,
  };
}

/** An answer of neither the service's JSON nor its XML, e.g. the page of a proxy. */
function unreadable(text: string, exchange: Exchange): Failure {
  const title = /<title>([^<]{1,100})<\/title>/i.exec(text)?.[1];
  return {
    code: "UnreadableAnswer",
    serviceMessage:
      text.trim() === ""
        ? "the answer is empty"
        : `the answer is not the service's${title === undefined ? "" : `: "${title.trim()}"`}`,
    status: exchange.status,
    requestId: exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
    transport: true,
  };
}
