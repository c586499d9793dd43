import { createHash } from "node:crypto";

/**
 * The key that all ClientTokens of one cluster are made of: the stack's salt, so that the same program in another stack or
 * backend makes clusters of its own, and the cluster's URN, so that two clusters of one stack are two.
 */
export function tokenKeyOf(salt: string, urn: string): string {
  return digest([salt, urn]).toString("base64url").slice(0, 22);
}

/** The values of a cluster that its ClientToken stands for: the service refuses a token that comes with other values. */
export interface TokenValues {
  regionId: string;
  name: string;
  description?: string | undefined;
}

/**
 * The ClientToken of a cluster's creation, 64 characters (the service's limit). The same after a crash, so that the repeated
 * call finds the cluster of the first.
 *
 * @param generation counts the clusters that were made with the same key and values, and have been deleted since
 */
export function clientTokenOf(tokenKey: string, generation: number, values: TokenValues): string {
  return digest([tokenKey, generation, values.regionId, values.name, values.description ?? ""]).toString(
    "hex",
  );
}

function digest(parts: readonly (string | number)[]): Buffer {
  // As JSON, since a mere concatenation would give different parts the same text.
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
