import * as pulumi from "@pulumi/pulumi";
import { readSettings } from "./config";
import type { EcsClient } from "./ecs/client";
import { regionReasons } from "./inputs";
import { configurationOfProvider } from "./provider";

/** The explicit provider of a lookup: its own, or that of its parent. */
export function providerOf(opts: pulumi.InvokeOptions | undefined): pulumi.ProviderResource | undefined {
  return opts?.provider ?? opts?.parent?.getProvider("pulumi-nodejs:dynamic/alicloud:HpcCluster");
}

/** One client for each provider, and for each stack that has its settings from its configuration. */
const clients = new WeakMap<object, Promise<{ ecs: EcsClient; region: string | undefined }>>();

/** The client and the region of a lookup: its own, or those of its provider, or the configured ones. */
export async function connection(
  regionId: string | undefined,
  opts: pulumi.InvokeOptions | undefined,
): Promise<{ ecs: EcsClient; regionId: string }> {
  const provider = providerOf(opts);
  const key = provider ?? (pulumi.runtime.getStackResource() as pulumi.Resource | undefined) ?? clients;
  let client = clients.get(key);
  if (client === undefined) {
    client = connect(provider);
    clients.set(key, client);
  }
  const { ecs, region } = await client;
  const wanted = regionId ?? region;
  const reasons = regionReasons(wanted);
  if (wanted === undefined || reasons.length > 0) {
    throw new pulumi.RunError(reasons.join(" "));
  }
  return { ecs, regionId: wanted };
}

async function connect(
  provider: pulumi.ProviderResource | undefined,
): Promise<{ ecs: EcsClient; region: string | undefined }> {
  const settings = readSettings(await configLookup(provider));
  if (settings.problems.length > 0) {
    throw new pulumi.RunError(settings.problems.map(({ key, reason }) => `${key} ${reason}`).join("\n"));
  }
  // Loaded on first need: a program that only declares clusters calls no service.
  const connection = await import("./ecs/connection.js");
  return { ecs: connection.connect(settings), region: settings.region };
}

async function configLookup(
  provider: pulumi.ProviderResource | undefined,
): Promise<(key: string) => string | undefined> {
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
    // In a preview an argument may be unknown; then the callback is never called.
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
