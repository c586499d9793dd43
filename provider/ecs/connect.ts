import { EcsClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import { createTransport, type TransportOptions } from "./http/transport.ts";
import { withRetry, type RetryOptions } from "./retry.ts";

/** Calls in flight at once in one region, and so connections to one endpoint. */
const MAX_IN_FLIGHT = 20;

/** What a client needs to know. */
export interface ConnectOptions
  extends Omit<TransportOptions, "maxSockets">, Omit<RetryOptions, "maxInFlight" | "clock"> {}

/** A client of the API. It makes no call and looks for no credentials before it is used. */
export function connect(options: ConnectOptions, clock: Clock): EcsClient {
  const send = createTransport({ ...options, maxSockets: MAX_IN_FLIGHT }, clock);
  return new EcsClient(withRetry(send, { ...options, maxInFlight: MAX_IN_FLIGHT, clock }));
}
