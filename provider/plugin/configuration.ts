import { configKeys, type ConfigKey } from "../account/configKeys.ts";
import {
  explicitProvider,
  pluginConfiguration,
  stackConfiguration,
  type ConfigurationSource,
} from "../account/configurationSource.ts";
import { adviceAbout } from "../account/nearestName.ts";
import { problemTexts, type ConfigLookup } from "../account/settingReader.ts";
import { readSettings, type Settings } from "../account/settings.ts";
import type { CheckFailure } from "../cluster/rules.ts";
import { UNKNOWN, type EngineProperties } from "../cluster/properties.ts";
import { PACKAGE } from "../resourceTypes.ts";

/** The inputs of a provider resource that are the engine's own. */
const OWN_INPUTS = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization"];

/** The keys whose values are secrets, also where the program does not mark them. */
export const SECRET_KEYS: readonly string[] = Object.entries<ConfigKey>(configKeys).flatMap(([name, row]) =>
  row.isSecret ? [name] : [],
);

/**
 * The settings of a provider resource; what it does not say comes from the environment.
 *
 * @param urn of the provider resource
 */
export function settingsOf(args: EngineProperties, urn: string | undefined): Settings {
  // A value may be a number or an object; the reader takes them as JSON.
  const lookup = (key: string) => args[key.replace(/^alicloud:/, "")];
  return readSettings(lookup as ConfigLookup, process.env, sourceOf(urn));
}

/** The engine names its default provider after the version, and the program side the one that it makes of `alicloud:*`. */
function sourceOf(urn: string | undefined): ConfigurationSource {
  const name = urn?.split("::").slice(3).join("::") || "default";
  if (name === PACKAGE) {
    return stackConfiguration(PACKAGE);
  }
  return /^default(_|$)/.test(name) ? pluginConfiguration(PACKAGE) : explicitProvider(PACKAGE);
}

/** What is wrong with the inputs of a provider resource. Without property names, whose values would be shown. */
export function configurationFailures(args: EngineProperties, urn: string | undefined): CheckFailure[] {
  const known = Object.keys(configKeys);
  const unknownKeys = Object.keys(args).filter(
    (key) => !key.startsWith("__") && ![...known, ...OWN_INPUTS].includes(key),
  );
  const reasons = unknownKeys.map((key) => {
    const advice = adviceAbout(key, known, "the keys are");
    return `${PACKAGE}:${key} is not a configuration key: ${advice}`;
  });
  // A setting that seems to be missing may be one that is not known yet.
  const problems = Object.values(args).includes(UNKNOWN) ? [] : problemTexts(settingsOf(args, urn).problems);
  return [...reasons, ...problems].map((reason) => ({ property: "", reason }));
}

/** The keys whose values differ. */
export function changedKeys(olds: EngineProperties, news: EngineProperties): string[] {
  return [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => !OWN_INPUTS.includes(key) && JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
  );
}
