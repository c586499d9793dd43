import type { EcsFailure } from "./ecsFailure";
import { errorCodeOf, type ErrorCode } from "./errorCodes";

/** In characters. */
const LONGEST_SERVICE_MESSAGE = 1_000;

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
  readonly retryAfterMs: number | undefined;
  readonly transport: boolean;
  readonly attempts: number;
  /** What the code means. */
  readonly meaning: ErrorCode;

  constructor(
    private readonly failure: EcsFailure,
    attempts = 1,
    elapsedMs = 0,
  ) {
    const meaning = errorCodeOf(failure);
    const facts = [
      failure.status === undefined ? undefined : `HTTP ${failure.status}`,
      failure.requestId === undefined ? undefined : `request ${failure.requestId}`,
      attempts === 1 ? "attempt 1" : `${attempts} attempts over ${(elapsedMs / 1000).toFixed(1)} s`,
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
    this.retryAfterMs = failure.retryAfterMs;
    this.transport = failure.transport ?? false;
    this.attempts = attempts;
    this.meaning = meaning;
  }

  /** The same failure, with the count and duration of all attempts in its message. */
  after(attempts: number, elapsedMs: number): EcsError {
    return new EcsError(this.failure, attempts, elapsedMs);
  }
}

/** A host sends a message in the headers of an answer, whose length is limited. */
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
