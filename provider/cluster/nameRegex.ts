import { runInNewContext } from "node:vm";

/** How long the expression may take for all names together, milliseconds: nothing else of the process runs meanwhile. */
const LONGEST_MATCHING_MS = 1_000;

/**
 * @param option what gives the expression, for the message
 * @throws without the value, which may be a secret
 */
export function requireRegex(nameRegex: string | undefined, option: string): void {
  try {
    new RegExp(nameRegex ?? "", "u");
  } catch {
    throw new Error(
      `${option} is not a valid regular expression; correct it (the syntax is JavaScript's, with the flag u).`,
    );
  }
}

/**
 * The items whose names match. Some expressions would take longer than a program lives, even for one name.
 *
 * @param option what gives the expression, for the message
 * @throws if that takes longer than a second
 */
export function itemsWithName<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  nameRegex: string,
  option: string,
): T[] {
  const context = { nameRegex, names: items.map(nameOf) };
  try {
    const matches = runInNewContext(
      'const pattern = new RegExp(nameRegex, "u"); names.map((name) => pattern.test(name));',
      context,
      { timeout: LONGEST_MATCHING_MS },
    ) as boolean[];
    return items.filter((_, index) => matches[index]);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
      ? new Error(
          `${option} took longer than ${LONGEST_MATCHING_MS / 1_000} s for all names together; ` +
            "make it simpler, for example without a repetition inside a repetition.",
        )
      : error;
  }
}
