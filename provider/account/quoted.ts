/** A value for a message: in quotes, with invisible characters escaped, cut after 60 characters. */
export function quoted(value: string): string {
  const characters = Array.from(value);
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : value);
}
