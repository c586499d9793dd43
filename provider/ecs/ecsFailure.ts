/** What is known about one failed call of the ECS API. */
export interface EcsFailure {
  /** The API action, e.g. `CreateHpcCluster`. */
  action: string;
  /** The region that was called. */
  regionId: string;
  /** The service's error code; without an answer, Node's code (`ECONNRESET`) or one of the transport (errorCodes.ts). */
  code: string;
  /** The service's message, without secrets. */
  serviceMessage: string;
  /** The HTTP status, if there was an answer. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** How long the service asks to wait before the next call, milliseconds (header `x-acs-retry-after`). */
  retryAfterMs?: number | undefined;
  /** There was no readable answer of the service: it is not known whether the request was carried out. */
  transport?: boolean | undefined;
  /** Where the credentials came from; part of the message if they were refused. */
  credentialSource?: string | undefined;
}
