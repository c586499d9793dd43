/** What a value of a key may be. */
export type ValueType =
  | "string"
  | "number"
  | "boolean"
  /** One of these words, in any case; the first is the default. */
  | readonly [string, ...string[]]
  /** An object with these fields. */
  | { readonly fields: Fields }
  /** A list of objects with these fields. */
  | { readonly listOf: Fields };

export interface Field {
  readonly type: "string" | "number";
  readonly isRequired?: true;
  /** The environment variables that give a missing field its value; the first that is set counts. */
  readonly environment?: readonly [string, ...string[]];
}
export type Fields = Readonly<Record<string, Field>>;

/** One key of the configuration, `alicloud:<key>`; also an argument of `Provider`. */
export interface ConfigKey {
  readonly type: ValueType;
  /** The value is encrypted in the state. */
  readonly isSecret?: true;
  /** The environment variables; the first that is set counts. The stack configuration comes before them. */
  readonly environment?: readonly [string, ...string[]];
  readonly unit?: "milliseconds" | "seconds";
  readonly default?: number;
}

/** The fields of `alicloud:assumeRole`. */
export const assumeRoleFields = {
  /** The ARN of the role, `acs:ram::<account>:role/<name>`. Required. */
  roleArn: {
    type: "string",
    isRequired: true,
    environment: ["ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"],
  },
  /** A policy that restricts the role's rights further. Default: none. */
  policy: { type: "string" },
  /** The name of the session, as the account's logs show it. Default: a generated one. */
  sessionName: {
    type: "string",
    environment: ["ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"],
  },
  /** How long the temporary credentials last, seconds; at least 900. Default: 3600. They are renewed during a run. */
  sessionExpiration: { type: "number", environment: ["ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"] },
  /** The external id that the role's trust policy requires. Default: none. */
  externalId: { type: "string" },
} as const satisfies Fields;

/** The fields of `alicloud:assumeRoleWithOidc`. */
export const assumeRoleWithOidcFields = {
  /** The ARN of the role. Required. */
  roleArn: { type: "string", isRequired: true, environment: ["ALIBABA_CLOUD_ROLE_ARN"] },
  /** The ARN of the identity provider in RAM. Required. */
  oidcProviderArn: { type: "string", isRequired: true, environment: ["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"] },
  /** The file that contains the token; read again for each renewal. Required, unless `oidcToken` is set. */
  oidcTokenFile: { type: "string", environment: ["ALIBABA_CLOUD_OIDC_TOKEN_FILE"] },
  /** The token itself. It comes before the file, and cannot be renewed during a run. Default: none. */
  oidcToken: { type: "string", environment: ["ALIBABA_CLOUD_OIDC_TOKEN"] },
  /** A policy that restricts the role's rights further. Default: none. */
  policy: { type: "string" },
  /** The name of the session. Default: a generated one. */
  roleSessionName: { type: "string", environment: ["ALIBABA_CLOUD_ROLE_SESSION_NAME"] },
  /** How long the temporary credentials last, seconds; at least 900. Default: 3600. */
  sessionExpiration: { type: "number" },
} as const satisfies Fields;

/** The fields of the objects in `alicloud:endpoints`. */
export const endpointsFields = {
  /** The endpoint of ECS, for every region. */
  ecs: { type: "string", environment: ["ALIBABA_CLOUD_ENDPOINT_ECS", "ECS_ENDPOINT"] },
  /** The endpoint of STS, which assumes roles and knows the account of the credentials. */
  sts: { type: "string", environment: ["ALIBABA_CLOUD_ENDPOINT_STS", "STS_ENDPOINT"] },
} as const satisfies Fields;

/**
 * Every configuration key: the names, environment variables and order of `@pulumi/alicloud`. `Provider`'s arguments, the
 * reader of the settings and the documentation are derived from these rows and their comments.
 */
export const configKeys = {
  /** The id of the access key. Environment: `ALICLOUD_ACCESS_KEY`, … */
  accessKey: {
    type: "string",
    isSecret: true,
    environment: ["ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"],
  },
  /** The secret of the access key. Environment: `ALICLOUD_SECRET_KEY`, … */
  secretKey: {
    type: "string",
    isSecret: true,
    environment: ["ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"],
  },
  /** The token of temporary (STS) credentials. Environment: `ALICLOUD_SECURITY_TOKEN`, … */
  securityToken: {
    type: "string",
    isSecret: true,
    environment: ["ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"],
  },
  /** The region of clusters without a `regionId`. Environment: `ALICLOUD_REGION`, … */
  region: { type: "string", environment: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"] },
  /** The name of a profile of the Alibaba Cloud CLI. Environment: `ALICLOUD_PROFILE`, … */
  profile: { type: "string", environment: ["ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"] },
  /** The CLI's configuration file. Default: `~/.aliyun/config.json`. Environment: `ALICLOUD_SHARED_CREDENTIALS_FILE`, … */
  sharedCredentialsFile: {
    type: "string",
    environment: ["ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"],
  },
  /** The RAM role of the ECS instance that Pulumi runs on. Environment: `ALICLOUD_ECS_ROLE_NAME`, … */
  ecsRoleName: { type: "string", environment: ["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"] },
  /** A URL that returns temporary credentials. Environment: `ALICLOUD_CREDENTIALS_URI`, … */
  credentialsUri: {
    type: "string",
    isSecret: true,
    environment: ["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"],
  },
  /** A role to assume with the credentials above. */
  assumeRole: { type: { fields: assumeRoleFields }, isSecret: true },
  /** A role to assume with an OpenID Connect token, instead of the credentials above. */
  assumeRoleWithOidc: { type: { fields: assumeRoleWithOidcFields }, isSecret: true },
  /** Other endpoints than the usual ones: a list of one object. */
  endpoints: { type: { listOf: endpointsFields } },
  /** The protocol of endpoints without a scheme. Default: `HTTPS`. */
  protocol: { type: ["HTTPS", "HTTP"] },
  /** `true`: preview does not call DescribeRegions. Default: `false`. Environment: `ALICLOUD_SKIP_REGION_VALIDATION`. */
  skipRegionValidation: { type: "boolean", environment: ["ALICLOUD_SKIP_REGION_VALIDATION"] },
  /** How long an answer may take, milliseconds, at most 2,000,000. Default: 30,000. Environment: `CLIENT_READ_TIMEOUT`. */
  clientReadTimeout: {
    type: "number",
    unit: "milliseconds",
    default: 30_000,
    environment: ["CLIENT_READ_TIMEOUT"],
  },
  /** How long making a connection may take, milliseconds, at most 2,000,000. Default: 10,000. Environment: `CLIENT_CONNECT_TIMEOUT`. */
  clientConnectTimeout: {
    type: "number",
    unit: "milliseconds",
    default: 10_000,
    environment: ["CLIENT_CONNECT_TIMEOUT"],
  },
  /** How long a call is repeated after transient errors, seconds, at most 2,000,000. Default: 300. Environment: `MAX_RETRY_TIMEOUT`. */
  maxRetryTimeout: { type: "number", unit: "seconds", default: 300, environment: ["MAX_RETRY_TIMEOUT"] },
} as const satisfies Record<string, ConfigKey>;

/** The name of a key, without `alicloud:`. */
export type ConfigKeyName = keyof typeof configKeys;

/** The table, where a row is needed without its literal types. */
export function configKey(name: ConfigKeyName): ConfigKey {
  return configKeys[name];
}
