import { createHash } from "node:crypto";

/**
 * The key of all ClientTokens of one cluster: the stack's salt makes the same program in another stack or backend create
 * clusters of its own, and the URN tells apart the clusters of one stack.
 */
export function tokenKeyOf(salt: string, urn: string): string {
  return digest([salt, urn]).toString("base64url").slice(0, 22);
}

/** The values that a ClientToken stands for: the service refuses a token that comes with other values. */
export interface TokenValues {
  regionId: string;
  name: string;
  description?: string | undefined;
}

/**
 * A series of ClientTokens, for one cluster and one set of values. Its generations count the clusters that were created with
 * the same key and values, and have been deleted since.
 */
export function tokenSeriesOf(tokenKey: string, { regionId, name, description = "" }: TokenValues): string {
  return digest([tokenKey, regionId, name, description]).toString("base64url").slice(0, 22);
}

/** A ClientToken, 64 characters (the service's limit). The same after a crash, so the repeated call finds the first cluster. */
export function clientTokenOf(series: string, generation: number): string {
  return digest([series, generation]).toString("hex");
}

function digest(parts: readonly (string | number)[]): Buffer {
  // As JSON: a concatenation would give different parts the same text.
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
