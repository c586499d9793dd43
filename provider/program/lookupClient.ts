import * as pulumi from "@pulumi/pulumi";
import { validRegionId } from "../account/regions";
import { readSettings } from "../account/settings";
import { problemTexts, type ConfigLookup } from "../account/settingReader";
import type { EcsClient } from "../ecs/client";
import { systemClock } from "../ecs/clock";
import { connect } from "../ecs/connect";
import { getOrCreate } from "../ecs/getOrCreate";
import { configurationOfProvider, providerOf } from "./provider";

/** One client for each provider, and for each stack that takes its settings from its configuration. */
const clients = new WeakMap<object, Promise<LookupClient>>();

interface LookupClient {
  ecs: EcsClient;
  /** The configured region. */
  region: string | undefined;
}

/** The client of a lookup's provider or of the configured account, and the lookup's region. */
export async function lookupClient(
  regionId: string | undefined,
  opts: pulumi.InvokeOptions | undefined,
): Promise<{ ecs: EcsClient; regionId: string }> {
  const provider = providerOf(opts);
  const key = provider ?? (pulumi.runtime.getStackResource() as pulumi.Resource | undefined) ?? clients;
  const { ecs, region } = await getOrCreate(clients, key, () => createClient(provider));
  return { ecs, regionId: validRegionId(regionId ?? region) };
}

async function createClient(provider: pulumi.ProviderResource | undefined): Promise<LookupClient> {
  const settings = readSettings(await configLookup(provider));
  if (settings.problems.length > 0) {
    throw new pulumi.RunError(problemTexts(settings.problems).join("\n"));
  }
  return { ecs: connect(settings, systemClock), region: settings.region };
}

async function configLookup(provider: pulumi.ProviderResource | undefined): Promise<ConfigLookup> {
  if (provider === undefined) {
    const config = new pulumi.Config("alicloud");
    return (key) => config.get(key.replace(/^alicloud:/, ""));
  }
  const configuration = configurationOfProvider(provider);
  if (configuration === undefined) {
    throw new pulumi.RunError(
      "A lookup takes a Provider of pulumi-alicloud-hpc as its provider; give one, or none.",
    );
  }
  const known = await new Promise<Record<string, string | undefined> | undefined>((resolve, reject) => {
    // In a preview an argument may be unknown. Then the callback is never called.
    const { isKnown } = configuration as unknown as { isKnown: Promise<boolean> };
    isKnown.then((known) => {
      if (!known) {
        resolve(undefined);
      }
    }, reject);
    configuration.apply(resolve);
  });
  if (known === undefined) {
    throw new pulumi.RunError(
      "The provider's arguments are not known yet in this preview, so nothing can be looked up with it.",
    );
  }
  return (key) => known[key];
}
