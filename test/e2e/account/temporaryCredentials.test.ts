/** Promise: temporary credentials are renewed while an operation runs. How often, and what fails: test/unit/credentials.test.ts. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { TestStack } from "../../engine/stack.ts";
import { createEcsStack } from "../ecsStack.ts";
import { type Answer, startCredentialsUri, startSts } from "./credentialServers.ts";
import { pluginHost } from "../hosts.ts";
import { selfSignedCertificate } from "./selfSignedCertificate.ts";

const [studio, archive] = ["1000000000000001", "1000000000000002"] as const;
const certificate = selfSignedCertificate();
const roleArn = `acs:ram::${archive}:role/renderer`;
let ecs: Emulator;
/** Temporary keys of the second account, in the order in which they were issued. */
let issued: string[];
beforeEach(async () => {
  ecs = await startEmulator({ accounts: [{ accountId: studio }, { accountId: archive }] });
  issued = [];
});
afterEach(() => ecs.stop());

/** New credentials each time, near enough to their end to be asked for again. */
function issueAnother(): Answer {
  const key = ecs.accounts.issueToken(archive);
  issued.push(key.accessKeyId);
  return { key, expiresAt: Date.now() + 10 * 60_000 };
}

/** Two clusters, the second after the first. */
const program = async () => {
  const first = new HpcCluster("first", { name: "first" });
  new HpcCluster("second", { name: "second" }, { dependsOn: [first] });
};

/** Runs `up`; in the middle of the first creation every key issued so far comes to its end. */
async function upWithExpiry(stack: TestStack): Promise<void> {
  const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
  const up = stack.start("up");
  await Promise.race([hold.reached, up.result]);
  for (const accessKeyId of issued) {
    ecs.accounts.setExpiry(accessKeyId, Date.now() - 1);
  }
  hold.release();
  await up.result;
}

/** Both clusters are the second account's, and no request came with an old key. */
function expectRenewed(): void {
  expect(ecs.store.clusters().map(({ name, accountId }) => [name, accountId])).toEqual([
    ["first", archive],
    ["second", archive],
  ]);
  expect(ecs.requests.filter(({ code }) => code !== undefined)).toEqual([]);
  expect(issued.length).toBeGreaterThan(1);
}

const withoutKeys = { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined };

test("a credentials URI is called again while an up runs, before its credentials expire", async () => {
  await using uri = await startCredentialsUri(issueAnother);
  await using stack = await createEcsStack(ecs, {
    program,
    config: {
      ...withoutKeys,
      "alicloud:credentialsUri": { value: `http://${uri.host}/vault?key=secret-of-the-uri`, secret: true },
    },
  });
  await upWithExpiry(stack);
  expectRenewed();
  expect(uri.asked[0]).toMatchObject({ method: "GET", path: "/vault" });
  expect(stack.stateText()).not.toMatch(/secret-of-the-uri|STS\.NT|CAIS/);
});

test("a role is assumed with the configured key, and again while an up runs", async () => {
  await using sts = await startSts(certificate, issueAnother);
  await using stack = await createEcsStack(ecs, { program, config: { "alicloud:endpoints": undefined } });
  const authority = path.join(stack.workDir, "authority.pem");
  writeFileSync(authority, certificate.cert);
  stack.setEnv({ NODE_EXTRA_CA_CERTS: authority });
  await stack.automation.setAllConfig(
    {
      "alicloud:endpoints[0].ecs": { value: ecs.endpoint },
      "alicloud:endpoints[0].sts": { value: sts.host },
      "alicloud:assumeRole.roleArn": { value: roleArn },
      "alicloud:assumeRole.sessionName": { value: "nightly" },
      "alicloud:assumeRole.sessionExpiration": { value: "900" },
      "alicloud:assumeRole.externalId": { value: "external-id", secret: true },
    },
    true,
  );
  await upWithExpiry(stack);
  expectRenewed();
  for (const { params } of sts.asked) {
    expect(params).toMatchObject({
      Action: "AssumeRole",
      AccessKeyId: ecs.accessKeyId,
      RoleArn: roleArn,
      RoleSessionName: "nightly",
      DurationSeconds: "900",
      ExternalId: "external-id",
    });
  }
});

test("a role is assumed with an OIDC token by an explicit provider, beside the configured account", async () => {
  await using sts = await startSts(certificate, issueAnother);
  await using stack = await createEcsStack(ecs, { program: async () => undefined });
  const authority = path.join(stack.workDir, "authority.pem");
  const oidcTokenFile = path.join(stack.workDir, "oidc-token");
  writeFileSync(authority, certificate.cert);
  writeFileSync(oidcTokenFile, "token-of-the-ci");
  stack.setEnv({ NODE_EXTRA_CA_CERTS: authority });
  stack.setProgram(async () => {
    const provider = new Provider("ci", {
      region: "cn-beijing",
      assumeRoleWithOidc: {
        roleArn,
        oidcProviderArn: `acs:ram::${archive}:oidc-provider/ci`,
        oidcTokenFile,
        roleSessionName: "ci",
      },
      endpoints: [{ ecs: ecs.endpoint, sts: sts.host }],
    });
    new HpcCluster("theirs", { name: "theirs" }, { provider });
    new HpcCluster("ours", { name: "ours" });
  });
  await stack.up();
  expect(Object.fromEntries(ecs.store.clusters().map(({ name, accountId }) => [name, accountId]))).toEqual({
    theirs: archive,
    ours: studio,
  });
  expect(sts.asked[0]?.params).toMatchObject({
    Action: "AssumeRoleWithOIDC",
    OIDCToken: "token-of-the-ci",
    RoleArn: roleArn,
    RoleSessionName: "ci",
  });
  expect(stack.stateText()).not.toMatch(/token-of-the-ci|STS\.NT|CAIS/);
});

// The steps of https://github.com/pulumi/pulumi-alicloud/issues/931.
test("an OIDC role of the environment needs no configuration", async () => {
  await using sts = await startSts(certificate, issueAnother);
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      new pluginHost.HpcCluster("rendering", { name: "render-farm" });
    },
    config: { ...withoutKeys, "alicloud:region": undefined },
  });
  const [authority, tokenFile] = ["authority.pem", "oidc-token"].map((name) =>
    path.join(stack.workDir, name),
  ) as [string, string];
  writeFileSync(authority, certificate.cert);
  writeFileSync(tokenFile, "token-of-the-ci");
  const role = { ALIBABA_CLOUD_ROLE_ARN: roleArn, ALIBABA_CLOUD_OIDC_TOKEN_FILE: tokenFile };
  const services = { ALIBABA_CLOUD_ENDPOINT_STS: `https://${sts.host}`, NODE_EXTRA_CA_CERTS: authority };
  const away = { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true", HOME: stack.workDir };
  const provider = { ALIBABA_CLOUD_OIDC_PROVIDER_ARN: `acs:ram::${archive}:oidc-provider/ci` };
  stack.setEnv({ ...role, ...provider, ...services, ...away, ALIBABA_CLOUD_REGION: "cn-beijing" });
  await stack.up();
  expect(ecs.store.clusters()).toMatchObject([{ accountId: archive, regionId: "cn-beijing" }]);
  expect(sts.asked[0]?.params).toMatchObject({ Action: "AssumeRoleWithOIDC", OIDCToken: "token-of-the-ci" });
  expect(stack.stateText()).not.toMatch(/token-of-the-ci|STS\.NT|CAIS/);
});
