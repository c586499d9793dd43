import { actionNames, type ActionName } from "./actionNames.ts";
import type { When } from "./holds.ts";

/** A field of a rule, with the type of its values. */
export interface Field<T> {
  readonly accepts: (value: unknown) => value is T;
  /** What a value must be, for the message about a wrong one. */
  readonly mustBe: string;
  readonly required?: true;
}

/** A field that every rule of its kind has. */
export interface RequiredField<T> extends Field<T> {
  readonly required: true;
}

/** Fields by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** An object with these fields. */
export type ObjectOf<F extends Fields> = Flat<
  { readonly [N in keyof F as F[N] extends RequiredField<unknown> ? N : never]: ValueOf<F[N]> } & {
    readonly [N in keyof F as F[N] extends RequiredField<unknown> ? never : N]?: ValueOf<F[N]>;
  }
>;

type ValueOf<F> = F extends Field<infer T> ? T : never;

// One object type instead of an intersection, for the compiler's messages.
type Flat<T> = { [N in keyof T]: T[N] };

/** The same field, but every rule of its kind has it. */
export function required<T>(field: Field<T>): RequiredField<T> {
  return { ...field, required: true };
}

/** A whole number. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Field<number> {
  return {
    accepts: (value): value is number => isWhole(value) && value >= least && value <= most,
    mustBe: `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? " up" : ` to ${most}`}`,
  };
}

/** One of these texts. */
export function oneOf<const T extends string>(...allowed: readonly T[]): Field<T> {
  return {
    accepts: (value): value is T => allowed.some((each) => each === value),
    mustBe: `one of ${allowed.join(", ")}`,
  };
}

export const text: Field<string> = {
  accepts: (value): value is string => typeof value === "string" && value !== "",
  mustBe: "a string that is not empty",
};

export const flag: Field<boolean> = {
  accepts: (value) => typeof value === "boolean",
  mustBe: "true or false",
};

export const positive: Field<number> = {
  accepts: (value): value is number => typeof value === "number" && value > 0 && Number.isFinite(value),
  mustBe: "a number above 0",
};

export const share: Field<number> = {
  accepts: (value): value is number => typeof value === "number" && value >= 0 && value <= 1,
  mustBe: "a number from 0 to 1",
};

export const milliseconds = whole(0, 3_600_000);
export const errorStatus = whole(400, 599);
export const when: Field<When> = oneOf("beforeCommit", "afterCommit");
export const throttlingCode = oneOf("Throttling", "Throttling.User", "Throttling.Api");

export const actions: Field<ActionName | readonly ActionName[]> = {
  accepts: (value): value is ActionName | readonly ActionName[] => {
    const names: readonly unknown[] = Array.isArray(value) ? value : [value];
    return names.length > 0 && names.every((name) => actionNames.some((each) => each === name));
  },
  mustBe: `one or more of ${actionNames.join(", ")}`,
};

/** Calls by their numbers. */
export type CallNumbers =
  number | readonly number[] | { readonly from?: number; readonly to?: number; readonly every?: number };

export const callNumbers: Field<CallNumbers> = {
  accepts: (value): value is CallNumbers => {
    if (Array.isArray(value)) {
      return value.every(isCallNumber);
    }
    if (typeof value !== "object" || value === null) {
      return isCallNumber(value);
    }
    return Object.entries(value).every(
      ([name, each]) => ["from", "to", "every"].includes(name) && isCallNumber(each),
    );
  },
  mustBe: "a call number from 1 up, a list of them, or { from, to, every }",
};

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isCallNumber(value: unknown): boolean {
  return isWhole(value) && value >= 1;
}
