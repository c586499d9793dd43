import type { Namespace } from "../ecs/errorCodes.ts";
import type { ConfigKeyName } from "./configKeys.ts";

/** Where the configuration of a provider comes from, and so what a message says about a setting that is missing. */
export interface ConfigurationSource {
  /** What messages put before the names of the keys: `alicloud` in the dynamic provider, `alicloud-hpc` in the plugin. */
  readonly namespace: Namespace;
  /** What to do if there are no credentials. */
  readonly missingCredentials: string;
  /** What to do if there is no region. */
  readonly missingRegion: string;
  /** How to set a secret key. */
  howToSet(key: ConfigKeyName): string;
  /** The keys as a place that was searched. */
  placeOf(...keys: ConfigKeyName[]): string;
}

/** The stack's configuration. */
export function stackConfiguration(namespace: Namespace): ConfigurationSource {
  return {
    namespace,
    missingCredentials:
      `Set them with \`pulumi config set --secret ${namespace}:accessKey …\` and ` +
      `\`pulumi config set --secret ${namespace}:secretKey …\`, or in the environment.`,
    missingRegion:
      "regionId is required; give one (e.g. cn-hangzhou), or set a region for the whole stack: " +
      `pulumi config set ${namespace}:region cn-hangzhou (environment: ALICLOUD_REGION).`,
    howToSet: (key) => `pulumi config set --secret ${namespace}:${key} …`,
    placeOf: (...keys) => `stack configuration ${listed(keys.map((key) => `${namespace}:${key}`))}`,
  };
}

/** The stack's configuration, as far as the engine gives it to the plugin: without what is for `@pulumi/alicloud`. */
export function pluginConfiguration(namespace: Namespace): ConfigurationSource {
  const source = stackConfiguration(namespace);
  const onlyInPrograms =
    "The stack's `alicloud:*` counts only for what a TypeScript or JavaScript program declares, not for `pulumi import`.";
  return {
    ...source,
    missingCredentials: `${source.missingCredentials} ${onlyInPrograms}`,
    missingRegion: `${source.missingRegion} ${onlyInPrograms}`,
  };
}

/**
 * The key that tells an explicit provider of dynamic resources from the default one: the SDK does not. It starts with `__`, so the
 * engine does not show it; and without a colon the SDK would look for the key of the project.
 */
export const EXPLICIT_KEY = "__alicloud:isExplicit";

/** The arguments of a provider that the program declares. */
export function explicitProvider(namespace: Namespace): ConfigurationSource {
  return {
    namespace,
    missingCredentials:
      "This is an explicit Provider, which does not read the stack's configuration. Give it `accessKey` and `secretKey` " +
      '(e.g. accessKey: new pulumi.Config("alicloud").requireSecret("accessKey")), a `profile` or other credentials, ' +
      "or set them in the environment.",
    missingRegion:
      "regionId is required; give one (e.g. cn-hangzhou), or give the Provider a `region`: an explicit Provider does not read the " +
      "stack's configuration (environment: ALICLOUD_REGION).",
    howToSet: (key) => `give the Provider \`${key}\``,
    placeOf: (...keys) => `the Provider's ${listed(keys)}`,
  };
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
