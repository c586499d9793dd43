/** The start of a text that a client sent: whole if it has at most 100 characters, or else cut. */
export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
