import { createHash } from "node:crypto";

/**
 * The key of all ClientTokens of one cluster: the stack's salt makes the same program in another stack or backend create
 * clusters of its own, and the URN tells apart the clusters of one stack.
 */
export function tokenKeyOf(salt: string, urn: string): string {
  return digest([salt, urn]).toString("base64url").slice(0, 22);
}

/**
 * A series of ClientTokens, for one key and one set of values: the service refuses a token that comes with other values.
 *
 * @param parameters what CreateHpcCluster is called with, in the API's names
 */
export function tokenSeriesOf(tokenKey: string, parameters: Readonly<Record<string, string>>): string {
  const values = Object.entries(parameters).filter(([, value]) => value !== "");
  return digest([tokenKey, ...values.sort().flat()])
    .toString("base64url")
    .slice(0, 22);
}

/**
 * A ClientToken, 64 characters (the service's limit). It is the same after a crash, so the repeated call finds the first cluster.
 *
 * @param generation n: the token of the (n+1)-th cluster with this key and these values. The earlier ones have been deleted.
 */
export function clientTokenOf(series: string, generation: number): string {
  return digest([series, generation]).toString("hex");
}

function digest(parts: readonly (string | number)[]): Buffer {
  // As JSON: a concatenation would give different parts the same text.
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
