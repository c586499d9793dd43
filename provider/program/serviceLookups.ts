/** The lookups' calls of the service, from the program. */
import * as pulumi from "@pulumi/pulumi";
import {
  explicitProvider,
  stackConfiguration,
  type ConfigurationSource,
} from "../account/configurationSource.ts";
import { validRegionId } from "../account/regions.ts";
import { problemTexts, type ConfigLookup } from "../account/settingReader.ts";
import { readSettings, type Settings } from "../account/settings.ts";
import { lookupNamed, type LookupArgs, type LookupName, type LookupResult } from "../cluster/lookups.ts";
import type { EcsClient } from "../ecs/client.ts";
import { systemClock } from "../ecs/clock.ts";
import { connect } from "../ecs/connect.ts";
import { getOrCreate } from "../ecs/getOrCreate.ts";
import type { Found } from "./lookupForms.ts";
import { configurationOfProvider } from "./provider.ts";
import { isKnown, promiseOf } from "./sdkInternals.ts";
import { runningStack } from "./stackMemory.ts";

type Provider = pulumi.ProviderResource | undefined;
interface LookupClient {
  ecs: EcsClient;
  settings: Settings;
}

/** One client for each provider, and for each stack that takes its settings from its configuration. */
const clients = new WeakMap<object, LookupClient>();

/**
 * A lookup with the account and region of its provider, else of the stack's configuration. The result is undefined if a preview
 * does not know the provider's arguments yet.
 */
export async function serviceLookup<N extends LookupName>(
  name: N,
  args: LookupArgs,
  provider: Provider,
): Found<LookupResult<N>> {
  const config = provider === undefined ? stackConfig() : await providerConfig(provider);
  if (config === undefined) {
    return undefined;
  }
  return (await lookupNamed(name).find(args, (regionId) => {
    const source = (provider === undefined ? stackConfiguration : explicitProvider)("alicloud");
    const key = provider ?? runningStack();
    const { ecs, settings } = getOrCreate(clients, key, () => createClient(config, source));
    return Promise.resolve({
      ecs,
      regionId: validRegionId(regionId ?? settings.region, source.missingRegion),
    });
  })) as LookupResult<N>;
}

function createClient(config: ConfigLookup, source: ConfigurationSource): LookupClient {
  const settings = readSettings(config, process.env, source);
  if (settings.problems.length > 0) {
    throw new Error(problemTexts(settings.problems).join("\n"));
  }
  return { ecs: connect(settings, systemClock), settings };
}

function stackConfig(): ConfigLookup {
  const config = new pulumi.Config("alicloud");
  return (key) => config.get(key.replace(/^alicloud:/, ""));
}

/** The arguments of a provider; undefined if a preview does not know one of them yet. */
async function providerConfig(provider: pulumi.ProviderResource): Promise<ConfigLookup | undefined> {
  const configuration = configurationOfProvider(provider)!;
  const values = (await isKnown(configuration)) ? await promiseOf(configuration) : undefined;
  return values === undefined ? undefined : (key) => (values as Record<string, string | undefined>)[key];
}
