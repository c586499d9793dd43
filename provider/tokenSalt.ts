import * as pulumi from "@pulumi/pulumi";
import { stackMemory } from "./stackMemory";
import * as tokenSaltLifecycle from "./tokenSaltLifecycle";

/**
 * The random part of all ClientTokens of a stack. A crash right after the service has made a cluster loses the answer; the
 * next run must come with the same token to get that cluster, and no other stack may ever come with it. So the salt is a
 * resource: the engine has it in the state before the first cluster is made.
 */
class ClientTokenSalt extends pulumi.dynamic.Resource {
  declare readonly value: pulumi.Output<string | undefined>;

  constructor(opts: pulumi.CustomResourceOptions) {
    super(tokenSaltLifecycle, "hpc-client-tokens", { value: undefined }, opts, "alicloud", "ClientTokenSalt");
  }
}

const SALT_TYPE = "pulumi-nodejs:dynamic/alicloud:ClientTokenSalt";

/**
 * The value of the running stack's salt, which is registered on first use; undefined where the engine left the salt out of
 * a targeted run.
 *
 * @param opts of the resource that needs it first, for its provider
 */
export function tokenSalt(opts: pulumi.CustomResourceOptions | undefined): pulumi.Output<string | undefined> {
  const memory = stackMemory();
  if (memory.salt === undefined) {
    // A stack may have no default provider (pulumi:disable-default-providers).
    const provider = opts?.provider ?? opts?.parent?.getProvider(SALT_TYPE);
    memory.salt = withoutDependencies(new ClientTokenSalt(provider === undefined ? {} : { provider }).value);
  }
  return memory.salt;
}

/**
 * The same value, on which a resource can be built without depending on where it comes from. With the dependency, the first
 * `pulumi up --target <cluster>` would fail on a resource that the user never wrote.
 */
export function withoutDependencies<T>(output: pulumi.Output<T>): pulumi.Output<T> {
  // Resolves to the SDK's mark of the unknown, where a preview does not know the value yet.
  const value = (output as unknown as { promise(withUnknowns: true): Promise<T> }).promise(true);
  return pulumi.output(value) as pulumi.Output<T>;
}
