import { configKeys } from "../account/configKeys.ts";
import type { ConfigurationSource } from "../account/configurationSource.ts";
import { adviceAbout } from "../account/nearestName.ts";

/** Where an audit's configuration comes from. */
export const auditConfiguration: ConfigurationSource = {
  namespace: "alicloud",
  missingCredentials:
    "Set ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY in the environment, or give a profile.",
  missingRegion: "Set ALICLOUD_REGION in the environment.",
  howToSet: (key) => `give the configuration ${key}`,
  placeOf: (...keys) => `the audit's configuration ${keys.join(", ")}`,
};

/** Why a key is wrong: it does not exist. Undefined if it exists. */
export function unknownKeyReason(key: string): string | undefined {
  return Object.hasOwn(configKeys, key)
    ? undefined
    : `${JSON.stringify(key)} is not a configuration key: ${adviceAbout(key, Object.keys(configKeys), "the keys are")}`;
}
