import * as pulumi from "@pulumi/pulumi";
import { configKeys } from "../account/configKeys.ts";
import { PACKAGE } from "../resourceTypes.ts";
import { configurationOf, type ProviderArgs } from "./provider.ts";
import { isOfType } from "./sdkInternals.ts";
import { stackMemory } from "./stackMemory.ts";

/**
 * A second account or region beside the configured one, for the usual `provider` and `providers` options:
 *
 * ```ts
 * const beijing = new Provider("beijing", { region: "cn-beijing" });
 * new HpcCluster("rendering", { name: "render-farm" }, { provider: beijing });
 * ```
 *
 * A wrong or incomplete argument is an error at preview; a misspelt one is an error at once. Arguments that only the provider of
 * `@pulumi/alicloud` has are ignored: both can take the same object.
 */
export class Provider extends pulumi.ProviderResource {
  /** @internal The whole type: policies compare it with those of resources. */
  static readonly __pulumiType: string = `pulumi:providers:${PACKAGE}`;

  /**
   * @param resourceName the unique name of the resource in the program
   * @param args the account and the region
   * @param opts the usual options of a Pulumi resource
   */
  constructor(resourceName: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    const inputs: pulumi.Inputs = {};
    for (const [key, value] of Object.entries<unknown>(configurationOf(resourceName, args))) {
      inputs[key.replace("alicloud:", "")] = value;
    }
    super(PACKAGE, resourceName, inputs, opts);
  }

  /** Whether a value is a Provider of this kind, of this or of another copy of this package. */
  static override isInstance(value: unknown): value is Provider {
    return isOfType(Provider.__pulumiType, value);
  }
}

/**
 * The provider of resources for which the program gives none. The engine configures its default provider from the stack's
 * `alicloud-hpc:*`, so that is taken unless the stack has `alicloud:*`: then a provider with both, of which `alicloud-hpc:*`
 * counts first.
 */
export function defaultProvider(): pulumi.ProviderResource | undefined {
  const memory = stackMemory();
  memory.pluginProvider ??= { provider: providerOfStack() };
  return memory.pluginProvider.provider;
}

function providerOfStack(): Provider | undefined {
  const own = new pulumi.Config(PACKAGE);
  const shared = new pulumi.Config("alicloud");
  const names = Object.keys(configKeys);
  const isShared = names.some((name) => shared.get(name) !== undefined);
  if (!isShared) {
    return undefined;
  }
  const args: Record<string, string | undefined> = {};
  for (const name of names) {
    args[name] = own.get(name) ?? shared.get(name);
  }
  return new Provider(PACKAGE, args);
}
