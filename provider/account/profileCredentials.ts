import { CredentialsReason } from "../ecs/credentials/credentialErrors";
import type { CredentialChoice, StsChoice } from "../ecs/credentials/credentialSource";
import type { CliProfile, NoProfile } from "./cliProfile";
import { profileModes, signInCommand } from "./profileModes";
import { quoted } from "./quoted";
import { fieldOf, type SettingReader } from "./settingReader";

/** The credentials of a profile, or why it has none, without a secret. */
export function profileCredentials(
  profile: CliProfile,
  sts: StsChoice,
  reader: SettingReader,
): CredentialChoice | NoProfile {
  try {
    return credentialsOf(profile, sts, reader, [profile.name]);
  } catch (error) {
    if (error instanceof CredentialsReason) {
      return { reason: error.message };
    }
    throw error;
  }
}

/** A reason that names the profile which it is about. */
class ProfileReason extends CredentialsReason {}

/** @param chain the names of the profiles that led here, and its own */
function credentialsOf(
  profile: CliProfile,
  sts: StsChoice,
  reader: SettingReader,
  chain: readonly string[],
): CredentialChoice {
  const reasonThat = (has: string): ProfileReason =>
    new ProfileReason(`the profile ${quoted(profile.name)} of ${profile.file} has ${has}`);
  const wanted = fieldOf(profile.fields, "mode");
  if (wanted === undefined) {
    throw reasonThat("no mode; set it up with `aliyun configure`.");
  }
  const name = Object.keys(profileModes).find((mode) => mode.toLowerCase() === wanted.toLowerCase());
  const mode = name === undefined ? undefined : profileModes[name];
  if (name === undefined || mode === undefined) {
    const working = Object.keys(profileModes).filter((each) => !("refused" in profileModes[each]!));
    throw reasonThat(
      `the mode ${quoted(wanted)}, which does not exist; the modes that work are ${working.join(", ")}.`,
    );
  }
  if ("refused" in mode) {
    throw reasonThat(`the mode ${name}, which is not supported: ${mode.refused}.`);
  }
  const missing = mode.required.filter((field) => fieldOf(profile.fields, field) === undefined);
  if (missing.length > 0) {
    throw reasonThat(
      `the mode ${name}, but no ${missing.join(", ")}; set it up with \`${signInCommand(profile, name)}\`.`,
    );
  }
  try {
    return mode.choose({
      profile,
      reader,
      field: (field) => fieldOf(profile.fields, field),
      required: (field) => fieldOf(profile.fields, field)!,
      sts: {
        region: fieldOf(profile.fields, "sts_region") ?? sts.region,
        endpoint: fieldOf(profile.fields, "sts_endpoint")?.replace(/^https?:\/\/|\/+$/gi, "") ?? sts.endpoint,
      },
      credentialsOf: (source) => {
        const fields = profile.all.find((candidate) => candidate["name"] === source);
        if (fields === undefined) {
          throw new CredentialsReason(`its source_profile ${quoted(source)} does not exist; correct it.`);
        }
        if (chain.includes(source)) {
          throw new CredentialsReason(
            `its source_profile ${quoted(source)} leads back to it; correct one of them.`,
          );
        }
        const next = {
          ...profile,
          name: source,
          fields,
          source: `${profile.source} and its source_profile ${quoted(source)}`,
        };
        return credentialsOf(next, sts, reader, [...chain, source]);
      },
    });
  } catch (error) {
    throw error instanceof CredentialsReason && !(error instanceof ProfileReason)
      ? reasonThat(`the mode ${name}, but ${error.message}`)
      : error;
  }
}
