/** Whose ECS it is: keys, region and endpoint, from the same environment variables as the provider reads. */
import { describeRegion } from "../../emulator/regions.ts";

/** A key pair, with a token when it is a temporary one. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string | undefined;
}

/** What the environment says; undefined where it says nothing. */
export interface Account {
  readonly credentials: Credentials | undefined;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

/** The first that is set counts. */
export const environmentNames = {
  accessKey: ["ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"],
  secretKey: ["ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"],
  securityToken: ["ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"],
  region: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"],
  endpoint: ["ALIBABA_CLOUD_ENDPOINT_ECS", "ECS_ENDPOINT"],
} as const satisfies Record<string, readonly string[]>;

/** Reads the account; half a key pair is none. */
export function accountIn(environment: Readonly<Record<string, string | undefined>>): Account {
  const value = (setting: keyof typeof environmentNames): string | undefined =>
    environmentNames[setting]
      .map((name) => environment[name]?.trim())
      .find((found) => found !== undefined && found !== "");
  const accessKeyId = value("accessKey");
  const accessKeySecret = value("secretKey");
  return {
    credentials:
      accessKeyId === undefined || accessKeySecret === undefined
        ? undefined
        : { accessKeyId, accessKeySecret, securityToken: value("securityToken") },
    region: value("region"),
    endpoint: value("endpoint"),
  };
}

/** What is missing, and where to put it; undefined when nothing is. */
export function whatIsMissing(account: Account, region: string | undefined): string | undefined {
  const anyOf = (setting: keyof typeof environmentNames): string => environmentNames[setting].join(" or ");
  const wanted = [
    ...(account.credentials === undefined
      ? [`an access key (${anyOf("accessKey")}) and its secret (${anyOf("secretKey")})`]
      : []),
    ...(region === undefined ? [`a region (--region, or ${anyOf("region")})`] : []),
  ];
  return wanted.length === 0
    ? undefined
    : `There is no account to compare with. Set in the environment: ${wanted.join("; ")}.`;
}

/** The URL of ECS in a region. */
export function endpointOf(region: string, override: string | undefined): string {
  const host = override ?? describeRegion(region).RegionEndpoint;
  return (/^https?:\/\//i.test(host) ? host : `https://${host}`).replace(/\/+$/, "");
}

/** As much of a key id as may be shown: four characters, of a long one. */
export function shownKeyId(accessKeyId: string): string {
  return accessKeyId.length < 12 ? "…" : `…${accessKeyId.slice(-4)}`;
}

/** Keeps what must not be seen out of everything that is written. */
export function redactor(credentials: Credentials | undefined): (text: string) => string {
  const { accessKeyId, accessKeySecret, securityToken } = credentials ?? {};
  const secrets = [accessKeySecret, securityToken, accessKeyId]
    .filter((secret) => secret !== undefined && secret.length >= 4)
    .flatMap((secret) => {
      const once = encodeURIComponent(secret as string);
      return [secret as string, once, encodeURIComponent(once), encodeURIComponent(encodeURIComponent(once))];
    });
  return (text) => {
    // SignatureDoesNotMatch repeats the whole string to sign, which has the key id, the nonce and the token in it.
    let clean = text.replace(/[\s,;:.]*server string to sign is.*/gi, ".");
    for (const secret of secrets) clean = clean.replaceAll(secret, "[redacted]");
    return (
      clean
        // The signed URL of a GET, in an error's message.
        .replace(/(AccessKeyId|Signature|SignatureNonce|SecurityToken)=[^&\s"']+/g, "$1=[redacted]")
        // A signature by itself: twenty bytes in base64.
        .replace(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{27}=/g, "[redacted]")
    );
  };
}
