import { shortened } from "./shortened.ts";

/** A field of an object, with the type of its values. */
export interface Field<T> {
  readonly accepts: (value: unknown) => value is T;
  /** What a value must be, for the message about a wrong one. */
  readonly mustBe: string;
  readonly required?: true;
}

/** A field that every such object has. */
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

/** The same field, but every such object has it. */
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

export const texts: Field<readonly string[]> = {
  accepts: (value): value is readonly string[] =>
    Array.isArray(value) && value.every((each) => typeof each === "string"),
  mustBe: "a list of strings",
};

export const positive: Field<number> = {
  accepts: (value): value is number => typeof value === "number" && value > 0 && Number.isFinite(value),
  mustBe: "a number above 0",
};

export const flag: Field<boolean> = {
  accepts: (value) => typeof value === "boolean",
  mustBe: "true or false",
};

/** What is wrong with an object that must have these fields, and no others; `of` is what it is. */
export function problemsOfObject(
  where: string,
  known: Fields,
  value: Record<string, unknown>,
  of: string,
): string[] {
  const problems: string[] = [];
  for (const [name, fieldValue] of Object.entries(value)) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (field === undefined) {
      problems.push(
        `${where}${shortened(name)}: unknown for ${of}; known are ${Object.keys(known).join(", ")}`,
      );
    } else if (fieldValue !== undefined) {
      problems.push(...problemsOfField(`${where}${name}`, field, fieldValue));
    }
  }
  for (const [name, field] of Object.entries(known)) {
    if (field.required === true && value[name] === undefined) {
      problems.push(`${where}${name}: is required for ${of}`);
    }
  }
  return problems;
}

/** What is wrong with the value of a field. */
export function problemsOfField(where: string, field: Field<unknown>, value: unknown): string[] {
  return field.accepts(value) ? [] : [`${where}: must be ${field.mustBe}, not ${formatted(value)}`];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as JSON, cut. What is nested in it is left out: JSON.stringify overflows the stack on a deep value. */
export function formatted(value: unknown): string {
  const json = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && inner !== value ? "…" : inner,
  ) as string | undefined;
  return shortened(json ?? typeof value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
