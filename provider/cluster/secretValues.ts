/** Removes the values of secrets from a text that the user will see. */
export type Redact = (text: string) => string;

/** A value of one character would remove ordinary letters. No rule allows one. */
const SHORTEST = 2;

/** @param secrets values of any kind; the texts in them are removed */
export function redactionOf(secrets: readonly unknown[]): Redact {
  const texts = secrets
    .flatMap(textsIn)
    // Messages quote values as JSON.
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1)])
    .filter((text) => text.length >= SHORTEST)
    // One may be a part of another.
    .sort((a, b) => b.length - a.length);
  return (text) => texts.reduce((redacted, secret) => redacted.replaceAll(secret, "[secret]"), text);
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
