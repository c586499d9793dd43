import type { Body } from "./answer.ts";
import { refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

type Remembered = { readonly parameters: string; answer: Body | undefined };

/** A place taken for a client token: keep the answer there, or give it up when nothing was done. */
export type Reservation = {
  /** The first call's answer, when this call is a repetition. */
  readonly earlier: Body | undefined;
  keep(answer: Body): void;
  giveUp(): void;
};

/**
 * What each client token was used for. How long the service remembers is not documented; here it is for ever,
 * also when what was created has been deleted since. Refused calls leave no trace.
 */
export class ClientTokens {
  readonly #remembered = new Map<string, Remembered>();

  /** IdempotentParameterMismatch, IdempotentProcessing. Tokens belong to an account, a region and an action. */
  reserve(scope: readonly string[], token: string, parameters: Parameters): Reservation {
    const key = JSON.stringify([...scope, token]);
    const fingerprint = fingerprintOf(parameters);
    const earlier = this.#remembered.get(key);
    if (earlier === undefined) {
      const remembered: Remembered = { parameters: fingerprint, answer: undefined };
      this.#remembered.set(key, remembered);
      return {
        earlier: undefined,
        keep: (answer) => {
          remembered.answer = answer;
        },
        giveUp: () => {
          this.#remembered.delete(key);
        },
      };
    }
    if (earlier.parameters !== fingerprint) throw refusal("IdempotentParameterMismatch");
    if (earlier.answer === undefined) throw refusal("IdempotentProcessing");
    return { earlier: earlier.answer, keep: () => {}, giveUp: () => {} };
  }
}

function fingerprintOf(parameters: Parameters): string {
  const { ClientToken: _, ...compared } = parameters;
  return JSON.stringify(Object.entries(compared).sort(([a], [b]) => (a < b ? -1 : 1)));
}
