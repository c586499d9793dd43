import { EcsClient } from "./client";
import { credentialSource, type CredentialPlan } from "./credentials";
import { withRetry } from "./retry";
import { createTransport, type TransportOptions } from "./transport";

/** Calls under way in one region at once, and so connections to one endpoint. */
const MAX_IN_FLIGHT = 20;

/** What a connection needs to know. */
export interface ConnectionOptions extends Omit<TransportOptions, "maxSockets" | "credentials"> {
  credentials: CredentialPlan;
  /** How long a call may be repeated, milliseconds. */
  maxRetryTimeoutMs: number;
}

/** A client that is ready to call. No call is made yet, and no credentials are looked for. */
export function connect(options: ConnectionOptions): EcsClient {
  const credentials = credentialSource(options.credentials, options.proxyEnv);
  const send = createTransport({ ...options, credentials, maxSockets: MAX_IN_FLIGHT });
  return new EcsClient(withRetry(send, { ...options, maxInFlight: MAX_IN_FLIGHT }));
}
