import * as pulumi from "@pulumi/pulumi";
import { tokenKeyOf } from "../cluster/clientToken.ts";
import { tokenSaltProvider } from "../resourceTypes.ts";
import { promiseOf, type MaybeUnknown } from "./sdkInternals.ts";
import { stackMemory } from "./stackMemory.ts";

/**
 * The random part of all ClientTokens of a stack. If a crash loses the answer of a creation, the next run must send the same
 * token to get that cluster, and no other stack may ever send it. So the salt is a resource: the engine has it in the state
 * before the first cluster is created.
 */
class ClientTokenSalt extends pulumi.CustomResource {
  declare readonly value: pulumi.Output<string | undefined>;

  constructor(opts: pulumi.CustomResourceOptions) {
    const { type, text } = tokenSaltProvider;
    super(type, "hpc-client-tokens", { value: undefined, __provider: text }, opts);
  }
}

/**
 * The value of the running stack's salt, which is registered on first use; undefined where the engine leaves the salt out of
 * a targeted run. Without a dependency: with one, a first `pulumi up --target <cluster>` would fail on a resource that the user
 * never declared.
 *
 * @param opts of the resource that needs it first, for its provider
 */
function tokenSalt(
  opts: pulumi.CustomResourceOptions | undefined,
): Promise<MaybeUnknown<string | undefined>> {
  const memory = stackMemory();
  if (memory.salt === undefined) {
    // A stack may have no default provider (pulumi:disable-default-providers).
    const provider = opts?.provider ?? opts?.parent?.getProvider(tokenSaltProvider.type);
    memory.salt = promiseOf(new ClientTokenSalt(provider === undefined ? {} : { provider }).value);
  }
  return memory.salt;
}

/** The key of a cluster's ClientTokens (clientToken.ts); undefined where the engine leaves the salt out of a targeted run. */
export async function tokenKey(
  resourceType: string,
  resourceName: string,
  opts: pulumi.CustomResourceOptions | undefined,
): Promise<MaybeUnknown<string | undefined>> {
  const urn =
    opts?.parent === undefined
      ? // The same as createUrn, without its output: a program may have a thousand clusters, and outputs take time.
        `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${resourceType}::${resourceName}`
      : promiseOf(pulumi.createUrn(resourceName, resourceType, opts.parent));
  const [salt, ownUrn] = await Promise.all([tokenSalt(opts), urn]);
  return typeof salt === "string" ? tokenKeyOf(salt, ownUrn as string) : salt;
}
