import { EcsClient } from "./client";
import type { Clock } from "./clock";
import { createTransport, type TransportOptions } from "./http/transport";
import { withRetry } from "./retry";

/** Calls in flight at once in one region, and so connections to one endpoint. */
const MAX_IN_FLIGHT = 20;

/** What a client needs to know. */
export interface ConnectOptions extends Omit<TransportOptions, "maxSockets"> {
  /** How long a call may be repeated, milliseconds. */
  maxRetryTimeoutMs: number;
}

/** A client of the API. It makes no call and looks for no credentials before it is used. */
export function connect(options: ConnectOptions, clock: Clock): EcsClient {
  const send = createTransport({ ...options, maxSockets: MAX_IN_FLIGHT }, clock);
  return new EcsClient(
    withRetry(send, { maxRetryTimeoutMs: options.maxRetryTimeoutMs, maxInFlight: MAX_IN_FLIGHT, clock }),
  );
}
