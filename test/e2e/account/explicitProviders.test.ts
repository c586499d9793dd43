/**
 * Promises: an explicit Provider gives its clusters, and those of its components, their account and region; its secrets
 * are encrypted in every file; its arguments are checked at preview, may be outputs, and may change.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type ProviderResource,
  secret,
} from "@pulumi/pulumi";
import { HpcCluster, Provider, type ProviderArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AccessKey, type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { TestStack } from "../../engine/stack.ts";
import { clusterOps, clustersInState, createEcsStack, failureOf } from "../ecsStack.ts";
import { hosts } from "../hosts.ts";
import { errorsIn } from "./diagnostics.ts";

const [studio, archive] = ["1000000000000001", "1000000000000002"] as const;
let ecs: Emulator;
/** One key of each account. */
let keys: Record<typeof studio | typeof archive, AccessKey>;
beforeEach(async () => {
  ecs = await startEmulator({ accounts: [{ accountId: studio }, { accountId: archive }] });
  keys = { [studio]: ecs.accounts.addKey(studio), [archive]: ecs.accounts.addKey(archive) };
});
afterEach(() => ecs.stop());

/** What a provider for one account and region is told. */
function argumentsFor(accountId: keyof typeof keys, region: string) {
  const { accessKeyId, accessKeySecret } = keys[accountId];
  return {
    region,
    accessKey: accessKeyId,
    secretKey: accessKeySecret,
    endpoints: [{ ecs: ecs.endpoint }],
  } satisfies ProviderArgs;
}

/** No account, no region, no endpoint: everything has to come from the explicit providers. */
const nothingConfigured = {
  "alicloud:region": undefined,
  "alicloud:accessKey": undefined,
  "alicloud:secretKey": undefined,
  "alicloud:endpoints": undefined,
};

/** Where each cluster is, by its name. */
const whereabouts = () =>
  Object.fromEntries(
    ecs.store.clusters().map(({ name, accountId, regionId }) => [name, `${accountId} ${regionId}`]),
  );

/** Every file that the backend has written: states, their backups and the history. */
const filesOf = ({ backend }: TestStack) =>
  readdirSync(backend.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"))
    .join("\n");

class Site extends ComponentResource {
  constructor(name: string, build: (parent: Site) => void, opts: ComponentResourceOptions) {
    super("test:render:Site", name, {}, opts);
    build(this);
  }
}

test("two accounts at work at once beside the configured one; every cluster lands where it should", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const beijing = new Provider("beijing", argumentsFor(studio, "cn-beijing"));
      const singapore = new Provider("singapore", argumentsFor(archive, "ap-southeast-1"));
      for (const index of [1, 2, 3]) {
        new HpcCluster(`studio-${index}`, { name: `studio-${index}` }, { provider: beijing });
        new HpcCluster(`archive-${index}`, { name: `archive-${index}` }, { provider: singapore });
      }
      // The provider's region is only a default.
      new HpcCluster("archive-eu", { name: "archive-eu", regionId: "eu-west-1" }, { provider: singapore });
      new HpcCluster("configured", { name: "configured" });
    },
  });
  const [inBeijing, inSingapore] = (["cn-beijing", "ap-southeast-1"] as const).map((regionId) =>
    ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit", regionId }),
  );
  const up = stack.start("up");
  // Each is stopped in the middle of its creation while the other is.
  await Promise.all([inBeijing?.reached, inSingapore?.reached]);
  inBeijing?.release();
  inSingapore?.release();
  await up.result;

  expect(whereabouts()).toEqual({
    "studio-1": `${studio} cn-beijing`,
    "studio-2": `${studio} cn-beijing`,
    "studio-3": `${studio} cn-beijing`,
    "archive-1": `${archive} ap-southeast-1`,
    "archive-2": `${archive} ap-southeast-1`,
    "archive-3": `${archive} ap-southeast-1`,
    "archive-eu": `${archive} eu-west-1`,
    configured: `${studio} cn-hangzhou`,
  });
  expect(ecs.requests.filter(({ code }) => code !== undefined)).toEqual([]);

  await stack.destroy();
  expect(ecs.store.clusters()).toEqual([]);
});

test("arguments may be outputs, unknown in the first preview; secrets are encrypted in every file, the rest can be read, and nothing is printed", async () => {
  const token = ecs.accounts.issueToken(archive);
  const [uri, asSecret] = ["http://127.0.0.1:1/credentials?key=uri-of-the-vault", "eu-central-1"];
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const temporary = {
        ...argumentsFor(archive, "cn-beijing"),
        accessKey: token.accessKeyId,
        secretKey: token.accessKeySecret,
        securityToken: token.securityToken,
        // Comes after the keys, so it is kept and not asked.
        credentialsUri: uri,
      };
      const beijing = new Provider("beijing", temporary);
      const first = new HpcCluster("first", { name: "first" }, { provider: beijing });
      const hidden = new Provider("hidden", { ...argumentsFor(studio, ""), region: secret(asSecret) });
      new HpcCluster("other", { name: "other" }, { provider: hidden });
      const known = argumentsFor(archive, "eu-west-1");
      const derived = new Provider("derived", {
        ...known,
        region: first.id.apply(() => "cn-shanghai"),
        secretKey: first.id.apply(() => known.secretKey),
        endpoints: first.id.apply(() => known.endpoints),
      });
      return { region: new HpcCluster("second", { name: "second" }, { provider: derived }).regionId };
    },
  });
  const preview = await stack.preview({ diff: true });
  expect(clusterOps(preview)).toEqual({ first: ["create"], other: ["create"], second: ["create"] });
  expect(ecs.store.clusters()).toEqual([]);
  const up = await stack.up({ diff: true });
  expect(up.outputs["region"]?.value).toBe("cn-shanghai");
  expect(whereabouts()).toEqual({
    first: `${archive} cn-beijing`,
    other: `${studio} ${asSecret}`,
    second: `${archive} cn-shanghai`,
  });

  const { accessKeyId, accessKeySecret, securityToken } = token;
  const secrets = [accessKeyId, accessKeySecret, securityToken, "uri-of-the-vault"];
  for (const key of Object.values(keys)) {
    secrets.push(key.accessKeySecret, key.accessKeyId);
  }
  const files = filesOf(stack);
  expect(files).toContain(ecs.endpoint); // so it is there that they would be
  for (const text of secrets) {
    expect(files).not.toContain(text);
    for (const { output } of [preview, up]) {
      expect(output).not.toContain(text);
    }
  }
  const encrypted = { ciphertext: expect.any(String) as string };
  expect(stack.state().resource("beijing").inputs).toMatchObject({
    "alicloud:region": "cn-beijing",
    "alicloud:accessKey": encrypted,
    "alicloud:secretKey": encrypted,
    "alicloud:securityToken": encrypted,
    "alicloud:credentialsUri": encrypted,
  });
  expect(stack.state().resource("hidden").inputs).toMatchObject({ "alicloud:region": encrypted });
});

test("default providers may be disabled: a component's provider, in each form of the option, is its children's and their children's", async () => {
  const forms: Record<string, (provider: ProviderResource) => ComponentResourceOptions> = {
    list: (provider) => ({ providers: [provider] }),
    map: (provider) => ({ providers: { "pulumi-nodejs": provider } }),
    option: (provider) => ({ provider }),
  };
  const cluster = (name: string, opts: CustomResourceOptions) => new HpcCluster(name, { name }, opts);
  await using stack = await createEcsStack(ecs, {
    config: { ...nothingConfigured, "pulumi:disable-default-providers": '["*"]' },
    program: async () => {
      const beijing = new Provider("beijing", argumentsFor(archive, "cn-beijing"));
      const london = new Provider("london", argumentsFor(studio, "eu-west-1"));
      for (const [form, option] of Object.entries(forms)) {
        const build = (site: Site): void => {
          cluster(`${form}-child`, { parent: site });
          const inner = (room: Site): void => void cluster(`${form}-grandchild`, { parent: room });
          new Site(`${form}-room`, inner, { parent: site });
          cluster(`${form}-own`, { parent: site, provider: london });
        };
        new Site(form, build, option(beijing));
      }
    },
  });
  await stack.up();
  expect(whereabouts()).toEqual(
    Object.fromEntries(
      Object.keys(forms).flatMap((form) => [
        [`${form}-child`, `${archive} cn-beijing`],
        [`${form}-grandchild`, `${archive} cn-beijing`],
        [`${form}-own`, `${studio} eu-west-1`],
      ]),
    ),
  );
  // One salt for the stack, with the provider of the cluster that came first; examples.test.ts has one that is given to its cluster.
  const [salt, ...otherSalts] = stack.state().resources("alicloud:ClientTokenSalt");
  expect(otherSalts).toEqual([]);
  expect(salt?.provider).toMatch(/::beijing::/);

  stack.setProgram(async () => {
    new HpcCluster("unprovided", { name: "unprovided" });
  });
  const { output } = await failureOf(stack.preview());
  expect(output).toMatch(/[Dd]efault provider/);
});

test("every argument reaches the provider; a new key leaves the clusters alone; another region replaces those without one of their own", async () => {
  const program = (given: ProviderArgs) => async () => {
    const provider = new Provider("studio", given);
    new HpcCluster("follows", { name: "follows" }, { provider });
    new HpcCluster("stays", { name: "stays", regionId: "eu-west-1" }, { provider });
  };
  // What only its own setting makes possible: HTTP to a bare host, no region check, numbers and booleans as such.
  const given = {
    ...argumentsFor(studio, "cn-beijing"),
    endpoints: [{ ecs: ecs.endpoint.replace("http://", "") }],
    protocol: "HTTP",
    skipRegionValidation: true,
    clientConnectTimeout: 2_000,
    clientReadTimeout: 2_000,
    maxRetryTimeout: 20,
  } satisfies ProviderArgs;
  await using stack = await createEcsStack(ecs, { config: nothingConfigured, program: program(given) });
  await stack.up();
  expect(ecs.calls("DescribeRegions")).toEqual([]);
  const before = ecs.store.clusters();

  const next = ecs.accounts.addKey(studio);
  ecs.accounts.removeKey(given.accessKey);
  const rotated = { ...given, accessKey: next.accessKeyId, secretKey: next.accessKeySecret };
  stack.setProgram(program(rotated));
  expect(clusterOps(await stack.up())).toEqual({ follows: ["same"], stays: ["same"] });
  expect(ecs.store.clusters()).toEqual(before);

  stack.setProgram(program({ ...rotated, region: "cn-shanghai" }));
  expect(clusterOps(await stack.up())["stays"]).toEqual(["same"]);
  expect(whereabouts()).toEqual({ follows: `${studio} cn-shanghai`, stays: `${studio} eu-west-1` });
  expect(clustersInState(stack)).toHaveLength(2);

  // A provider that has left the program still deletes its clusters, with the new key.
  stack.setProgram(async () => undefined);
  await stack.up();
  expect(ecs.store.clusters()).toEqual([]);
  expect(stack.state().resources("pulumi:providers:pulumi-nodejs")).toEqual([]);
});

test.each(hosts)(
  "what an explicit provider lacks is not taken from the stack's configuration, and the error says so: $name",
  async ({ HpcCluster, Provider }) => {
    const { endpoints, region } = argumentsFor(studio, "cn-beijing");
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        const provider = new Provider("studio", { endpoints, region });
        new HpcCluster("rendering", { name: "render-farm" }, { provider });
      },
      // Nobody is asked for the RAM role of this machine.
      env: { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true" },
    });
    const [keyless] = errorsIn(await failureOf(stack.preview()));
    expect(keyless?.message).toMatch(
      /explicit Provider, which does not read the stack's configuration\. Give it `accessKey` and `secretKey`/,
    );
    expect(keyless?.message).toContain("- the Provider's accessKey and secretKey\n");
    expect(keyless?.message).not.toContain("pulumi config set");
  },
);
