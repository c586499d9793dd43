import { closest, distance } from "fastest-levenshtein";

/** The most similar name, ignoring case; undefined if none is similar. */
export function nearestName<T extends string>(misspelt: string, names: readonly T[]): T | undefined {
  const lowerCase = misspelt.toLowerCase();
  const nearest = closest(
    lowerCase,
    names.map((name) => name.toLowerCase()),
  );
  const isSimilar = distance(lowerCase, nearest) <= Math.max(2, Math.floor(misspelt.length / 3));
  return isSimilar ? names.find((name) => name.toLowerCase() === nearest) : undefined;
}
