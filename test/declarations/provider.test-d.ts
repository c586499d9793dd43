/** As cluster.test-d.ts, for explicit providers. */
import { ComponentResource, type Output, type ProviderResource } from "@pulumi/pulumi";
import { type AssumeRoleWithOidc, HpcCluster, Provider, type ProviderArgs } from "pulumi-alicloud-hpc";
import { expectTypeOf } from "vitest";

declare const text: Output<string>;
declare const maybe: Output<string | undefined>;
declare const ci: AssumeRoleWithOidc;

const provider = new Provider("beijing");
new Provider("beijing", { region: "cn-beijing", accessKey: text, secretKey: maybe });
new Provider("beijing", {
  assumeRole: { roleArn: text, sessionExpiration: 900 },
  assumeRoleWithOidc: { roleArn: "", oidcProviderArn: "", oidcTokenFile: "/token" },
  endpoints: [{ ecs: text }, { sts: "sts.example.com" }],
  skipRegionValidation: true,
  clientReadTimeout: 1_000,
  profile: undefined,
});
expectTypeOf(provider).toExtend<ProviderResource>();

// @ts-expect-error a misspelt argument
new Provider("beijing", { regionId: "cn-beijing" });
// @ts-expect-error a list, as in the stack configuration
new Provider("beijing", { endpoints: { ecs: "ecs.example.com" } });
// @ts-expect-error an endpoint of a service that is not called
new Provider("beijing", { endpoints: [{ vpc: "vpc.example.com" }] });
// @ts-expect-error a role has an ARN
new Provider("beijing", { assumeRole: { sessionName: "nightly" } });
// @ts-expect-error the field is called roleSessionName here
new Provider("beijing", { assumeRoleWithOidc: { ...ci, sessionName: "nightly" } });
// @ts-expect-error a number of seconds
new Provider("beijing", { maxRetryTimeout: "5m" });
// @ts-expect-error true or false
new Provider("beijing", { skipRegionValidation: "yes" });

// The ordinary options take it.
new HpcCluster("c", { name: "farm" }, { provider });
new ComponentResource("test:Site", "site", {}, { providers: [provider] });
new ComponentResource("test:Site", "site", {}, { provider });
// @ts-expect-error a provider, not its name
new HpcCluster("c", { name: "farm" }, { provider: "beijing" });

// Exactly the keys of the reference.
expectTypeOf<keyof ProviderArgs>().toEqualTypeOf<
  | "accessKey"
  | "secretKey"
  | "securityToken"
  | "region"
  | "profile"
  | "sharedCredentialsFile"
  | "ecsRoleName"
  | "credentialsUri"
  | "assumeRole"
  | "assumeRoleWithOidc"
  | "endpoints"
  | "protocol"
  | "skipRegionValidation"
  | "clientReadTimeout"
  | "clientConnectTimeout"
  | "maxRetryTimeout"
>();
