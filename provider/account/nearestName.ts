/** The most similar name, ignoring case; undefined if none is similar. */
export function nearestName<T extends string>(misspelt: string, names: readonly T[]): T | undefined {
  const lowerCase = misspelt.toLowerCase();
  const { closest, distance } = levenshtein();
  const nearest = closest(
    lowerCase,
    names.map((name) => name.toLowerCase()),
  );
  const isSimilar = distance(lowerCase, nearest) <= Math.max(2, Math.floor(misspelt.length / 3));
  return isSimilar ? names.find((name) => name.toLowerCase() === nearest) : undefined;
}

/** What to do about a misspelt name: the most similar one, or all that there are, e.g. "the keys are region, profile." */
export function adviceAbout(misspelt: string, names: readonly string[], all: string): string {
  const nearest = names.length === 0 ? undefined : nearestName(misspelt, names);
  return nearest === undefined ? `${all} ${names.join(", ") || "none"}.` : `did you mean "${nearest}"?`;
}

/** The most similar name, however different it is. */
export function closestName(misspelt: string, names: readonly string[]): string {
  return levenshtein().closest(misspelt, names);
}

/** Loaded on first use: most runs contain no wrong name. */
function levenshtein(): typeof import("fastest-levenshtein") {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("fastest-levenshtein") as typeof import("fastest-levenshtein");
}
