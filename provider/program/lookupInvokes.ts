import * as pulumi from "@pulumi/pulumi";
import { PACKAGE } from "../resourceTypes";
import type { Found, LookupName, LookupResult } from "./lookupForms";

/** A function of the plugin returns an object. Where the lookup returns a list, this is the name of its property. */
const lists: Readonly<Record<LookupName, string | undefined>> = {
  getHpcCluster: undefined,
  getHpcClusters: "clusters",
  getRegions: "regions",
};

/** A lookup as an invoke of the plugin's function, which the engine sends to the plugin, and the SDK's mocks to the test's `call`. */
export async function invokeLookup<N extends LookupName>(
  name: N,
  args: object,
  opts: pulumi.InvokeOptions | undefined,
): Found<LookupResult<N>> {
  const token = `${PACKAGE}:index:${name}`;
  const answer = (await pulumi.runtime.invoke(token, args, opts).catch((error: unknown) => {
    // The SDK's mocks drop the message of an error that `call` throws.
    throw error instanceof Error && error.message !== "" ? error : new Error(`The mock of ${token} failed.`);
  })) as Record<string, unknown>;
  const list = lists[name];
  // The engine's answer for a provider whose arguments a preview does not know.
  if (pulumi.runtime.isDryRun() && Object.keys(answer).length === 0) {
    return undefined;
  }
  const result = list === undefined ? answer : answer[list];
  if (result === undefined) {
    throw new Error(`The answer to ${token} has no "${list}". A mock must return an object with it: a list.`);
  }
  return result as LookupResult<N>;
}
