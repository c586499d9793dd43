import { closest, distance } from "fastest-levenshtein";

/** The name that a misspelt one was meant to be, whatever the case; undefined if none is near. */
export function nearestName<T extends string>(misspelt: string, names: readonly T[]): T | undefined {
  const found = closest(
    misspelt.toLowerCase(),
    names.map((name) => name.toLowerCase()),
  );
  const isNear = distance(misspelt.toLowerCase(), found) <= Math.max(2, Math.floor(misspelt.length / 3));
  return isNear ? names.find((name) => name.toLowerCase() === found) : undefined;
}
