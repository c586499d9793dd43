import * as pulumi from "@pulumi/pulumi";
import { nearestName } from "./nearestName";

/** A RAM role, assumed with the provider's own credentials. */
export interface AssumeRole {
  /** The ARN of the role, `acs:ram::<account>:role/<name>`. Required. */
  roleArn: pulumi.Input<string>;
  /** A policy that narrows the role's rights further. Default: none. */
  policy?: pulumi.Input<string | undefined>;
  /** The name of the session, as the account's logs show it. Default: one made up. */
  sessionName?: pulumi.Input<string | undefined>;
  /** How long the temporary credentials last, seconds; 900 at least. Default: 3600. Renewed while a run lasts. */
  sessionExpiration?: pulumi.Input<number | undefined>;
  /** The external id that the role's trust policy asks for. Default: none. */
  externalId?: pulumi.Input<string | undefined>;
}

/** A RAM role, assumed with the token of an OpenID Connect identity provider. */
export interface AssumeRoleWithOidc {
  /** The ARN of the role. Required. */
  roleArn: pulumi.Input<string>;
  /** The ARN of the identity provider in RAM. Required. */
  oidcProviderArn: pulumi.Input<string>;
  /** The file that holds the token; read again for each renewal. Required. */
  oidcTokenFile: pulumi.Input<string>;
  /** A policy that narrows the role's rights further. Default: none. */
  policy?: pulumi.Input<string | undefined>;
  /** The name of the session. Default: one made up. */
  roleSessionName?: pulumi.Input<string | undefined>;
  /** How long the temporary credentials last, seconds; 900 at least. Default: 3600. */
  sessionExpiration?: pulumi.Input<number | undefined>;
}

/** Endpoints to use instead of the usual ones; a host or a URL each. */
export interface Endpoints {
  /** Of ECS, for every region. */
  ecs?: pulumi.Input<string | undefined>;
  /** Of STS, with which roles are assumed. */
  sts?: pulumi.Input<string | undefined>;
}

/**
 * An account and a region. The names are the keys of the stack configuration (`alicloud:<key>`), the same as those of
 * `@pulumi/alicloud`. What is not given comes from the environment, not from the stack configuration.
 */
export interface ProviderArgs {
  /** The id of the access key. Kept as a secret. Environment: `ALICLOUD_ACCESS_KEY`, … */
  accessKey?: pulumi.Input<string | undefined>;
  /** The secret of the access key. Kept as a secret. Environment: `ALICLOUD_SECRET_KEY`, … */
  secretKey?: pulumi.Input<string | undefined>;
  /** The token of temporary (STS) credentials. Kept as a secret. Environment: `ALICLOUD_SECURITY_TOKEN`, … */
  securityToken?: pulumi.Input<string | undefined>;
  /** The region of clusters without a `regionId`. Environment: `ALICLOUD_REGION`, … */
  region?: pulumi.Input<string | undefined>;
  /** The name of a profile of the Alibaba Cloud CLI. Environment: `ALICLOUD_PROFILE`, … */
  profile?: pulumi.Input<string | undefined>;
  /** The CLI's configuration file. Default: `~/.aliyun/config.json`. */
  sharedCredentialsFile?: pulumi.Input<string | undefined>;
  /** The RAM role of the ECS instance that Pulumi runs on. */
  ecsRoleName?: pulumi.Input<string | undefined>;
  /** A URL that answers with temporary credentials. Kept as a secret. */
  credentialsUri?: pulumi.Input<string | undefined>;
  /** A role to assume with the credentials above. */
  assumeRole?: pulumi.Input<AssumeRole | undefined>;
  /** A role to assume with an OpenID Connect token, instead of the credentials above. */
  assumeRoleWithOidc?: pulumi.Input<AssumeRoleWithOidc | undefined>;
  /** Other endpoints than the usual ones: a list of one object, as in `alicloud:endpoints`. */
  endpoints?: pulumi.Input<pulumi.Input<Endpoints>[] | undefined>;
  /** `HTTPS` (the default) or `HTTP`, for endpoints without a scheme. */
  protocol?: pulumi.Input<string | undefined>;
  /** Whether preview leaves DescribeRegions alone. Default: false. */
  skipRegionValidation?: pulumi.Input<boolean | undefined>;
  /** How long an answer may take, milliseconds. Default: 30,000. */
  clientReadTimeout?: pulumi.Input<number | undefined>;
  /** How long making a connection may take, milliseconds. Default: 10,000. */
  clientConnectTimeout?: pulumi.Input<number | undefined>;
  /** How long a call is repeated after transient errors, seconds. Default: 300. */
  maxRetryTimeout?: pulumi.Input<number | undefined>;
}

/** Every argument, and whether its value is a secret. */
const ARGUMENTS: Readonly<Record<keyof ProviderArgs, "plain" | "secret">> = {
  accessKey: "secret",
  secretKey: "secret",
  securityToken: "secret",
  region: "plain",
  profile: "plain",
  sharedCredentialsFile: "plain",
  ecsRoleName: "plain",
  credentialsUri: "secret",
  assumeRole: "plain",
  assumeRoleWithOidc: "plain",
  endpoints: "plain",
  protocol: "plain",
  skipRegionValidation: "plain",
  clientReadTimeout: "plain",
  clientConnectTimeout: "plain",
  maxRetryTimeout: "plain",
};

/** Where each provider keeps its configuration for the lookups of this process; not part of the resource. */
const configurations = new WeakMap<
  pulumi.ProviderResource,
  pulumi.Output<Record<string, string | undefined>>
>();

/**
 * A second account or region beside the configured one, for the ordinary `provider` and `providers` options:
 *
 * ```ts
 * const beijing = new Provider("beijing", { region: "cn-beijing" });
 * new HpcCluster("rendering", { name: "render-farm" }, { provider: beijing });
 * ```
 *
 * A wrong or half-given argument is an error at preview, at the first cluster that uses the provider; a misspelt one is an
 * error at once. Those that only the provider of `@pulumi/alicloud` knows are left aside: both may get the same object.
 */
export class Provider extends pulumi.ProviderResource {
  /**
   * @param resourceName the unique name of the resource in the program
   * @param args the account and the region
   * @param opts the ordinary options of a Pulumi resource
   */
  constructor(resourceName: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    const configuration = configurationOf(resourceName, args);
    super("pulumi-nodejs", resourceName, configuration, opts);
    configurations.set(this, pulumi.output(configuration));
  }
}

/** The configuration of a {@link Provider}; undefined for a provider of another kind. */
export function configurationOfProvider(
  provider: pulumi.ProviderResource,
): pulumi.Output<Record<string, string | undefined>> | undefined {
  return configurations.get(provider);
}

/** The arguments as the stack configuration would have them: `alicloud:` keys, and texts. */
function configurationOf(resourceName: string, args: ProviderArgs): pulumi.Inputs {
  const configuration: pulumi.Inputs = {};
  for (const [key, value] of Object.entries(args)) {
    if (!isArgument(key)) {
      const meant = nearestName(key, Object.keys(ARGUMENTS));
      if (meant !== undefined) {
        throw new pulumi.RunError(
          `Provider ${JSON.stringify(resourceName)}: ${JSON.stringify(key)} is not an argument; did you mean "${meant}"?`,
        );
      }
    } else if (value !== undefined) {
      const text = pulumi.output(value).apply(asText);
      configuration[`alicloud:${key}`] = ARGUMENTS[key] === "secret" ? pulumi.secret(text) : text;
    }
  }
  return configuration;
}

function isArgument(key: string): key is keyof ProviderArgs {
  return Object.hasOwn(ARGUMENTS, key);
}

function asText(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === "string"
    ? (value ?? undefined)
    : JSON.stringify(value);
}
