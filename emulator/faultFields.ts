import { actionNames, type ActionName } from "./actionNames.ts";
import { oneOf, whole, type Field } from "./fields.ts";
import type { When } from "./holds.ts";

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

function isCallNumber(value: unknown): boolean {
  return whole(1).accepts(value);
}
