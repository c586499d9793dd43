import { EcsClient } from "./client";
import { createTransport, type TransportOptions } from "./transport";

/** Connections to one endpoint at once. */
const MAX_SOCKETS = 20;

/** A client that is ready to call. No call is made yet, and no credentials are looked for. */
export function connect(options: Omit<TransportOptions, "maxSockets">): EcsClient {
  return new EcsClient(createTransport({ ...options, maxSockets: MAX_SOCKETS }));
}
