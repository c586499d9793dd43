import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Reply } from "./answer.ts";
import { faultOf } from "./fault.ts";
import type { ServiceFault } from "./faultKinds.ts";
import type { RequestRecord, RequestUpdate } from "./requests.ts";

/** How a request ends: with a reply, or with its connection reset, closed, or left open without an answer. */
export type Delivery =
  | { readonly kind: "reply"; readonly reply: Reply; readonly faults: readonly ServiceFault[] }
  | { readonly kind: "reset" }
  | { readonly kind: "destroy" }
  | { readonly kind: "silence" };

/** Called when a request ends. */
export type Finish = (record: RequestRecord, change: RequestUpdate) => void;

/** Sends the reply, or does to the connection what the delivery says. */
export async function deliver(
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
      if (socket === null || socket.destroyed) {
        finish(record, {});
      } else {
        socket.once("close", () => {
          finish(record, {});
        });
      }
      return;
    case "reply":
      await sendReply(delivery.reply, delivery.faults, response, (change) => {
        finish(record, change);
      });
  }
}

async function sendReply(
  reply: Reply,
  faults: readonly ServiceFault[],
  response: ServerResponse,
  finish: (change: RequestUpdate) => void,
): Promise<void> {
  const change = { status: reply.status, ...(reply.code === undefined ? {} : { code: reply.code }) };
  const body = Buffer.from(reply.body, "utf8");
  const isBrokenGzip = faultOf(faults, "brokenGzip") !== undefined;
  const headers = isBrokenGzip ? { ...reply.headers, "content-encoding": "gzip" } : reply.headers;
  const drip = faultOf(faults, "drip");
  const isEndless = faultOf(faults, "endlessBody") !== undefined;
  if (drip === undefined && !isEndless) {
    response.writeHead(reply.status, { ...headers, "content-length": body.length });
    // Before the body is sent, so that the record is complete when the client has the answer.
    finish(change);
    response.end(body);
    return;
  }
  response.writeHead(reply.status, isEndless ? headers : { ...headers, "content-length": body.length });
  response.flushHeaders();
  const size = drip?.bytes ?? (drip === undefined ? body.length : 1);
  await whileConnected(response, async (signal) => {
    for (let at = 0; at < body.length; at += size) {
      await pause(drip?.intervalMs ?? 0, undefined, { signal });
      response.write(body.subarray(at, at + size));
    }
    while (isEndless) {
      await pause(10, undefined, { signal });
      response.write(" ".repeat(1024));
    }
  });
  finish(change);
  response.end();
}

// Runs until it is done, or until the client closes the connection.
async function whileConnected(
  response: ServerResponse,
  write: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const closed = new AbortController();
  response.once("close", () => {
    closed.abort();
  });
  try {
    await write(closed.signal);
  } catch (error) {
    if (!closed.signal.aborted) {
      throw error;
    }
  }
}
