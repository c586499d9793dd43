import { networkErrorCodes, type EcsFailure } from "../errorCodes.ts";
import type { RequestSocket } from "./requestSocket.ts";

/** A failure, before the transport adds which call it was. */
export type Failure = Omit<EcsFailure, "action" | "regionId">;

/** Trap: for a body that is not JSON pop-core throws a plain object, not an Error. */
export function isUnparsable(error: unknown): error is { name: string; text: string } {
  return !(error instanceof Error) && (error as { name?: unknown } | null)?.name === "SyntaxError";
}

/**
 * The failure that an error thrown by pop-core stands for.
 *
 * @param xml the answer, if it was XML
 * @throws the error itself, if it comes neither from the service nor from the network, e.g. missing credentials
 */
export function failureOf(
  error: unknown,
  xml: Record<string, unknown> | undefined,
  socket: RequestSocket,
  endpoint: string,
  readTimeoutMs: number,
): Failure {
  if (isUnparsable(error)) {
    return xml === undefined ? unreadableAnswer(error.text, socket) : serviceFailure(xml, socket);
  }
  if (!(error instanceof Error)) {
    throw error;
  }
  const { data, code, name } = error as Error & { data?: unknown; code?: string };
  if (data !== undefined) {
    return serviceFailure(data, socket);
  }
  if (name.startsWith("RequestTimeout")) {
    return {
      code: "RequestTimeout",
      serviceMessage: `no answer from ${endpoint} within ${Math.round(readTimeoutMs)} ms`,
      status: socket.status,
      transport: true,
    };
  }
  if (error instanceof TypeError && socket.status !== undefined) {
    // Trap: pop-core throws a TypeError for an answer that is JSON but not an object.
    return unreadableAnswer("null", socket);
  }
  if (code === undefined) {
    throw error;
  }
  return {
    code,
    serviceMessage: `no answer from ${endpoint}: ${networkErrorCodes[code]?.event ?? code}`,
    status: socket.status,
    transport: true,
  };
}

/** A failure that the service reports in its answer. */
export function serviceFailure(body: unknown, socket: RequestSocket): Failure {
  const answer = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof answer[key] === "string" ? answer[key] : undefined);
  const code = text("Code");
  return {
    code: code ?? "UnreadableAnswer",
    serviceMessage: text("Message") ?? `the answer has no error code`,
    status: socket.status,
    requestId: text("RequestId") ?? socket.requestId,
    retryAfterMs: socket.retryAfterMs,
    transport: code === undefined,
  };
}

/** An answer in neither the service's JSON nor its XML, e.g. a proxy's page. */
function unreadableAnswer(text: string, socket: RequestSocket): Failure {
  const title = /<title>([^<]{1,100})<\/title>/i.exec(text)?.[1];
  return {
    code: "UnreadableAnswer",
    serviceMessage:
      text.trim() === ""
        ? "the answer is empty"
        : `the answer is not the service's${title === undefined ? "" : `: "${title.trim()}"`}`,
    status: socket.status,
    requestId: socket.requestId,
    retryAfterMs: socket.retryAfterMs,
    transport: true,
  };
}
