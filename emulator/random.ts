/** A stream of numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** `length` lower-case letters and digits. */
export function lowerCaseId(random: () => number, length: number): string {
  let id = "";
  while (id.length < length) {
    id += alphabet[Math.floor(random() * alphabet.length)] ?? "";
  }
  return id;
}
