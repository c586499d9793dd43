import * as pulumi from "@pulumi/pulumi";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  configKey,
  configKeys,
  endpointsFields,
  type ConfigKeyName,
  type Fields,
  type ValueType,
} from "../account/configKeys.ts";
import { EXPLICIT_KEY } from "../account/configurationSource.ts";
import { nearestName } from "../account/nearestName.ts";
import { clusterTypes } from "../resourceTypes.ts";
import { isOfType } from "./sdkInternals.ts";

interface ValueTypes {
  string: string;
  number: number;
  boolean: boolean;
}

type RequiredNames<F extends Fields> = {
  [K in keyof F]: F[K] extends { isRequired: true } ? K : never;
}[keyof F];
/** Fields as inputs. Mapped from the table directly, so that editors show the table's comments. */
type FieldInputs<F extends Fields> = {
  -readonly [K in keyof Pick<F, RequiredNames<F>>]: pulumi.Input<ValueTypes[F[K]["type"]]>;
} & {
  -readonly [K in keyof Omit<F, RequiredNames<F>>]?: pulumi.Input<ValueTypes[F[K]["type"]] | undefined>;
};

/** A RAM role to assume with the provider's own credentials. */
export interface AssumeRole extends FieldInputs<typeof assumeRoleFields> {}
/** A RAM role to assume with the token of an OpenID Connect identity provider. */
export interface AssumeRoleWithOidc extends FieldInputs<typeof assumeRoleWithOidcFields> {}
/** Endpoints to use instead of the usual ones; each is a host or a URL. */
export interface Endpoints extends FieldInputs<typeof endpointsFields> {}

type InputOf<T extends ValueType, Structured> = T extends keyof ValueTypes
  ? ValueTypes[T]
  : T extends readonly string[]
    ? string
    : Structured;
/** The types of the structured arguments. */
interface StructuredArgs {
  assumeRole: AssumeRole;
  assumeRoleWithOidc: AssumeRoleWithOidc;
  endpoints: pulumi.Input<Endpoints>[];
}
type Args = {
  -readonly [K in keyof typeof configKeys]?: pulumi.Input<
    | InputOf<(typeof configKeys)[K]["type"], K extends keyof StructuredArgs ? StructuredArgs[K] : never>
    | undefined
  >;
};

/**
 * An account and a region. The names are the keys of the stack configuration (`alicloud:<key>`), the same as those of
 * `@pulumi/alicloud`. What is missing is read from the environment, not from the stack configuration. Access keys, tokens and
 * the credentials URI are stored as secrets.
 */
export interface ProviderArgs extends Args {}

/** The configuration of each provider, for lookups in this process. It is not part of the resource. */
const configurations = new WeakMap<
  pulumi.ProviderResource,
  pulumi.Output<Record<string, string | undefined>>
>();

/**
 * A second account or region beside the configured one, for the usual `provider` and `providers` options:
 *
 * ```ts
 * const beijing = new Provider("beijing", { region: "cn-beijing" });
 * new HpcCluster("rendering", { name: "render-farm" }, { provider: beijing });
 * ```
 *
 * A wrong or incomplete argument is an error at preview, at the first cluster that uses the provider; a misspelt one is an
 * error at once. Arguments that only the provider of `@pulumi/alicloud` has are ignored: both can take the same object.
 */
export class Provider extends pulumi.ProviderResource {
  /** @internal The whole type: policies compare it with those of resources. */
  static readonly __pulumiType: string = "pulumi:providers:pulumi-nodejs";

  /**
   * @param resourceName the unique name of the resource in the program
   * @param args the account and the region
   * @param opts the usual options of a Pulumi resource
   */
  constructor(resourceName: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    const configuration = configurationOf(resourceName, args);
    super("pulumi-nodejs", resourceName, { ...configuration, [EXPLICIT_KEY]: "true" }, opts);
    configurations.set(this, pulumi.output(configuration));
  }

  /** Whether a value is a provider of dynamic resources, of whatever package: they share one type. */
  static override isInstance(value: unknown): value is Provider {
    return isOfType(Provider.__pulumiType, value);
  }
}

/**
 * The explicit provider of a lookup: its own, or that of its parent.
 *
 * @throws if it is not a {@link Provider}: nothing is known of its account
 */
export function providerOf(opts: pulumi.InvokeOptions | undefined): pulumi.ProviderResource | undefined {
  const provider = opts?.provider ?? opts?.parent?.getProvider(clusterTypes.dynamic);
  if (provider !== undefined && configurationOfProvider(provider) === undefined) {
    throw new pulumi.RunError(
      "A lookup of pulumi-alicloud-hpc takes a Provider of pulumi-alicloud-hpc as its provider, and no other; give one, or none. " +
        "With a Provider of pulumi-alicloud-hpc/plugin, import the lookup from there too.",
    );
  }
  return provider;
}

/** The configuration of a {@link Provider}; undefined for a provider of another kind. */
export function configurationOfProvider(
  provider: pulumi.ProviderResource,
): pulumi.Output<Record<string, string | undefined>> | undefined {
  return configurations.get(provider);
}

/** The arguments in the form of the stack configuration: `alicloud:` keys with texts. */
export function configurationOf(resourceName: string, args: ProviderArgs): pulumi.Inputs {
  const configuration: pulumi.Inputs = {};
  for (const [name, value] of Object.entries(args)) {
    if (!isConfigKey(name)) {
      const nearest = nearestName(name, Object.keys(configKeys));
      if (nearest !== undefined) {
        throw new pulumi.RunError(
          `Provider ${JSON.stringify(resourceName)}: ${JSON.stringify(name)} is not an argument; did you mean "${nearest}"?`,
        );
      }
    } else if (value !== undefined) {
      const text = pulumi.output(value).apply(asText);
      configuration[`alicloud:${name}`] = configKey(name).isSecret ? pulumi.secret(text) : text;
    }
  }
  return configuration;
}

function isConfigKey(name: string): name is ConfigKeyName {
  return Object.hasOwn(configKeys, name);
}

function asText(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === "string"
    ? (value ?? undefined)
    : JSON.stringify(value);
}
