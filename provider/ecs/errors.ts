import { adviceIn, errorCodeOf, type EcsFailure, type ErrorCode, type Namespace } from "./errorCodes.ts";

/** In characters. */
const LONGEST_SERVICE_MESSAGE = 1_000;

/** One attempt of a call has failed. `withRetry` repeats it, or makes an {@link EcsError} of the last one. */
export class FailedAttempt extends Error {
  readonly failure: EcsFailure;
  /** What the code means. */
  readonly meaning: ErrorCode;

  constructor(failure: EcsFailure) {
    super(failure.code);
    this.failure = failure;
    this.name = "FailedAttempt";
    this.meaning = errorCodeOf(failure);
  }
}

/** How often a call was tried, and how its error is written. */
export interface Attempts {
  /** Default: 1. */
  readonly count?: number;
  /** The duration of all attempts. Default: 0. */
  readonly elapsedMs?: number;
  /** Default: `alicloud`. */
  readonly namespace?: Namespace;
}

/**
 * A failed call of the ECS API. The message names action, region, code and request, and says what to do:
 *
 *     CreateHpcCluster in cn-hangzhou: InvalidHpcClusterName.Malformed: Specified hpc cluster name is not valid.
 *     Change `name`: … (HTTP 400, request 4734…, attempt 1)
 */
export class EcsError extends Error {
  readonly action: string;
  readonly regionId: string;
  readonly code: string;
  readonly serviceMessage: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly transport: boolean;
  readonly attempts: number;
  /** What the code means. */
  readonly meaning: ErrorCode;

  constructor(failure: EcsFailure, { count = 1, elapsedMs = 0, namespace = "alicloud" }: Attempts = {}) {
    const { advice, ...row } = errorCodeOf(failure);
    const meaning: ErrorCode = advice === undefined ? row : { ...row, advice: adviceIn(namespace, advice) };
    const facts = [
      failure.status === undefined ? undefined : `HTTP ${failure.status}`,
      failure.requestId === undefined ? undefined : `request ${failure.requestId}`,
      count === 1 ? "attempt 1" : `${count} attempts over ${(elapsedMs / 1000).toFixed(1)} s`,
    ];
    const sentences = [
      asSentence(shortened(failure.serviceMessage, LONGEST_SERVICE_MESSAGE)) ||
        "The service gave no message.",
      meaning.advice?.replace("{action}", failure.action),
      isAboutCredentials(meaning) && failure.credentialSource !== undefined
        ? `The credentials came from ${failure.credentialSource}.`
        : undefined,
    ];
    super(
      // A lone surrogate could not be sent to the engine.
      (
        `${failure.action} in ${failure.regionId}: ${failure.code}: ${sentences.filter(Boolean).join(" ")} ` +
        `(${facts.filter(Boolean).join(", ")})`
      ).toWellFormed(),
    );
    this.name = "EcsError";
    this.action = failure.action;
    this.regionId = failure.regionId;
    this.code = failure.code;
    this.serviceMessage = failure.serviceMessage;
    this.status = failure.status;
    this.requestId = failure.requestId;
    this.transport = failure.transport ?? false;
    this.attempts = count;
    this.meaning = meaning;
  }
}

/** Cuts a text to `most` characters: gRPC sends messages in headers. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?。]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function isAboutCredentials({ refused }: ErrorCode): boolean {
  return refused === "credentials" || refused === "permission";
}

/** Whether the service says that the cluster does not exist: by a code, never by HTTP 404, which has other meanings too. */
export function saysGone(error: unknown): boolean {
  return error instanceof EcsError && error.meaning.gone !== undefined;
}

/** The message of a thrown value, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
