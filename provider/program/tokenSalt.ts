import * as pulumi from "@pulumi/pulumi";
import { tokenKeyOf } from "../cluster/clientToken";
import * as tokenSaltLifecycle from "../dynamic/tokenSaltLifecycle";
import { stackMemory } from "./stackMemory";

/**
 * The random part of all ClientTokens of a stack. If a crash loses the answer of a creation, the next run must send the same
 * token to get that cluster, and no other stack may ever send it. So the salt is a resource: the engine has it in the state
 * before the first cluster is created.
 */
class ClientTokenSalt extends pulumi.dynamic.Resource {
  declare readonly value: pulumi.Output<string | undefined>;

  constructor(opts: pulumi.CustomResourceOptions) {
    super(tokenSaltLifecycle, "hpc-client-tokens", { value: undefined }, opts, "alicloud", "ClientTokenSalt");
  }
}

const SALT_TYPE = "pulumi-nodejs:dynamic/alicloud:ClientTokenSalt";

/**
 * The value of the running stack's salt, which is registered on first use; undefined where the engine leaves the salt out of
 * a targeted run.
 *
 * @param opts of the resource that needs it first, for its provider
 */
function tokenSalt(opts: pulumi.CustomResourceOptions | undefined): pulumi.Output<string | undefined> {
  const memory = stackMemory();
  if (memory.salt === undefined) {
    // A stack may have no default provider (pulumi:disable-default-providers).
    const provider = opts?.provider ?? opts?.parent?.getProvider(SALT_TYPE);
    memory.salt = withoutDependencies(new ClientTokenSalt(provider === undefined ? {} : { provider }).value);
  }
  return memory.salt;
}

/** The key of a cluster's ClientTokens (clientToken.ts); undefined where the engine leaves the salt out of a targeted run. */
export function tokenKey(
  resourceType: string,
  resourceName: string,
  opts: pulumi.CustomResourceOptions | undefined,
): pulumi.Output<string | undefined> {
  const keyOf = (salt: string | undefined, urn: string) =>
    salt === undefined ? undefined : tokenKeyOf(salt, urn);
  const salt = tokenSalt(opts);
  if (opts?.parent === undefined) {
    // The same as createUrn, without its output: a program may have a thousand clusters, and outputs take time.
    const urn = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${resourceType}::${resourceName}`;
    return salt.apply((value) => keyOf(value, urn));
  }
  const urn = withoutDependencies(pulumi.createUrn(resourceName, resourceType, opts.parent));
  return pulumi.all([salt, urn]).apply(([value, ownUrn]) => keyOf(value, ownUrn));
}

/**
 * The same value without its dependencies. With a dependency on the salt, a first `pulumi up --target <cluster>` would fail on
 * a resource that the user never declared.
 */
export function withoutDependencies<T>(output: pulumi.Output<T>): pulumi.Output<T> {
  // Resolves to the SDK's unknown value where a preview does not know the value yet.
  const value = (output as unknown as { promise(withUnknowns: true): Promise<T> }).promise(true);
  return pulumi.output(value) as pulumi.Output<T>;
}
