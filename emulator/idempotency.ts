import { createHash } from "node:crypto";
import type { Body } from "./answer.ts";
import { refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

interface Remembered {
  /** A hash: parameters can be secret, and a state file keeps tokens. */
  readonly parameters: string;
  readonly since: number;
  answer: Body | undefined;
}

/** A client token in use: keep the answer for it, or give it up if nothing was changed. */
export interface Reservation {
  /** The first call's answer, if this call repeats it. */
  readonly earlier: Body | undefined;
  keep(answer: Body): void;
  giveUp(): void;
}

/** What is not documented about client tokens, so it can be chosen. */
export interface TokenOptions {
  /** How long a token is remembered, from its first call. */
  readonly lastMs: number;
  /** Whether a call is refused that repeats the creation of a cluster that was deleted since. */
  readonly refuse: (answer: Body) => boolean;
}

/** A used token, as a state file keeps it. */
export interface UsedToken {
  readonly key: string;
  readonly parameters: string;
  readonly since: number;
  readonly answer: Body;
}

/** The client tokens and what each was used for. A refused call leaves its token unused. */
export class ClientTokens {
  private readonly remembered = new Map<string, Remembered>();
  private readonly options: TokenOptions;

  constructor(options: TokenOptions) {
    this.options = options;
  }

  /** Forgets every token. */
  forget(): void {
    this.remembered.clear();
  }

  /** The tokens whose calls were answered. */
  get used(): UsedToken[] {
    return [...this.remembered].flatMap(([key, { parameters, since, answer }]) =>
      answer === undefined ? [] : [{ key, parameters, since, answer }],
    );
  }

  /** Adds tokens that a state file has kept. */
  load(used: readonly UsedToken[]): void {
    for (const { key, ...remembered } of used) {
      this.remembered.set(key, remembered);
    }
  }

  /**
   * Refusals: IdempotentParameterMismatch, IdempotentProcessing. A token belongs to an account, a region and an action:
   * the scope.
   */
  reserve(scope: readonly string[], token: string, parameters: Parameters, now: number): Reservation {
    const key = JSON.stringify([...scope, token]);
    const fingerprint = fingerprintOf(parameters);
    const earlier = this.find(key, now);
    if (earlier === undefined) {
      return this.remember(key, { parameters: fingerprint, since: now, answer: undefined });
    }
    if (earlier.parameters !== fingerprint) {
      throw refusal("IdempotentParameterMismatch");
    }
    if (earlier.answer === undefined) {
      throw refusal("IdempotentProcessing");
    }
    if (this.options.refuse(earlier.answer)) {
      throw refusal("IdempotentParameterMismatch");
    }
    return { earlier: earlier.answer, keep: () => undefined, giveUp: () => undefined };
  }

  private find(key: string, now: number): Remembered | undefined {
    const found = this.remembered.get(key);
    const isExpired = found?.answer !== undefined && now - found.since >= this.options.lastMs;
    return isExpired ? undefined : found;
  }

  private remember(key: string, remembered: Remembered): Reservation {
    this.remembered.set(key, remembered);
    return {
      earlier: undefined,
      keep: (answer) => {
        remembered.answer = answer;
      },
      giveUp: () => {
        if (this.remembered.get(key) === remembered) {
          this.remembered.delete(key);
        }
      },
    };
  }
}

function fingerprintOf(parameters: Parameters): string {
  const { ClientToken: _, ...compared } = parameters;
  const sorted = JSON.stringify(Object.entries(compared).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(sorted).digest("hex");
}
