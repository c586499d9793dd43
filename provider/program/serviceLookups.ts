/** The lookups' calls of the service, from the program. */
import * as pulumi from "@pulumi/pulumi";
import {
  explicitProvider,
  stackConfiguration,
  type ConfigurationSource,
} from "../account/configurationSource";
import { REGION_OF_REGIONS, validRegionId } from "../account/regions";
import { problemTexts, type ConfigLookup } from "../account/settingReader";
import { readSettings, type Settings } from "../account/settings";
import {
  findCluster,
  findClusters,
  findInstances,
  findRegions,
  findSccTypes,
  type ClusterQuery,
  type ClustersQuery,
  type LookupPlace,
} from "../cluster/lookups";
import type { EcsClient } from "../ecs/client";
import { systemClock } from "../ecs/clock";
import { connect } from "../ecs/connect";
import { getOrCreate } from "../ecs/getOrCreate";
import type { Found } from "./lookupForms";
import { configurationOfProvider } from "./provider";
import { isKnown, promiseOf } from "./sdkInternals";
import { runningStack } from "./stackMemory";

type Provider = pulumi.ProviderResource | undefined;
interface Region {
  regionId?: string;
}
/** Opens the place of a lookup, once its arguments are known to be right. */
type OpenPlace = (regionId: string | undefined) => Promise<LookupPlace>;

/**
 * Each lookup, with the account and region of its provider, else of the stack's configuration. The result is undefined if a preview
 * does not know the provider's arguments yet.
 */
export const serviceLookups = {
  getHpcCluster: (args: ClusterQuery & Region, provider: Provider) =>
    lookUp(provider, (open) => findCluster(args, () => open(args.regionId))),
  getHpcClusters: (args: ClustersQuery & Region, provider: Provider) =>
    lookUp(provider, (open) => findClusters(args, () => open(args.regionId))),
  getRegions: (_: object, provider: Provider) =>
    lookUp(provider, async (open) => findRegions((await open(REGION_OF_REGIONS)).ecs)),
  getHpcClusterInstances: (args: { id?: string | undefined } & Region, provider: Provider) =>
    lookUp(provider, (open) => findInstances(args.id, () => open(args.regionId))),
  getSccInstanceTypes: (args: Region, provider: Provider) =>
    lookUp(provider, async (open) => findSccTypes(await open(args.regionId))),
};

interface LookupClient {
  ecs: EcsClient;
  settings: Settings;
}

/** One client for each provider, and for each stack that takes its settings from its configuration. */
const clients = new WeakMap<object, LookupClient>();

async function lookUp<R>(provider: Provider, find: (open: OpenPlace) => Promise<R>): Found<R> {
  const config = provider === undefined ? stackConfig() : await providerConfig(provider);
  if (config === undefined) {
    return undefined;
  }
  return await find((regionId) => {
    const source = (provider === undefined ? stackConfiguration : explicitProvider)("alicloud");
    const key = provider ?? runningStack();
    const { ecs, settings } = getOrCreate(clients, key, () => createClient(config, source));
    return Promise.resolve({
      ecs,
      regionId: validRegionId(regionId ?? settings.region, source.missingRegion),
    });
  });
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
