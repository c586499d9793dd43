/** Promise: the schema of the plugin says what the tables and the comments of the code say. */
import { expect, test } from "vitest";
import { type ConfigKey, configKeys } from "../../provider/account/configKeys.ts";
import { properties } from "../../provider/cluster/properties.ts";
import {
  packageSchema,
  type PropertySpec,
  type PropertySpecs,
  readManifest,
} from "../../scripts/packageSchema.ts";
import { releaseFields } from "../../scripts/repositoryMetadata.ts";

const namesWhere = (specs: PropertySpecs, holds: (spec: PropertySpec) => true | undefined): string[] =>
  Object.entries(specs).flatMap(([name, spec]) => (holds(spec) ? [name] : []));
const replacing = (specs: PropertySpecs): string[] =>
  namesWhere(specs, ({ replaceOnChanges }) => replaceOnChanges);

const manifest = readManifest();
const { version, config, provider, resources, types } = packageSchema();
const cluster = resources["alicloud-hpc:index:HpcCluster"]!;

test("has the version of the package, and every SDK sends it", () => {
  expect(version).toBe(manifest.version);
  for (const [language, options] of Object.entries(packageSchema().language)) {
    expect(options, language).toMatchObject({ respectSchemaVersion: true });
  }
});

test("says where it comes from only if package.json names the repository, and then package.json names the plugin", () => {
  const origin = ["homepage", "repository", "publisher", "logoUrl", "pluginDownloadURL"];
  expect(Object.keys(packageSchema()).filter((field) => origin.includes(field))).toEqual([]);
  expect(manifest).not.toHaveProperty("pulumi");

  const released = { ...manifest, ...releaseFields("some-owner/some.name", manifest) };
  const { language, ...local } = packageSchema();
  expect(packageSchema(released)).toEqual({
    ...local,
    // Go's module is in the repository too.
    language: {
      ...language,
      go: { ...language["go"], importBasePath: "github.com/some-owner/some.name/sdk/go/alicloudhpc" },
    },
    homepage: "https://github.com/some-owner/some.name#readme",
    repository: "https://github.com/some-owner/some.name",
    publisher: "some-owner",
    logoUrl: "https://github.com/some-owner.png",
    pluginDownloadURL: "github://api.github.com/some-owner/some.name",
  });
  expect(released).toMatchObject({
    repository: { type: "git", url: "git+https://github.com/some-owner/some.name.git" },
    bugs: "https://github.com/some-owner/some.name/issues",
    pulumi: {
      resource: true,
      name: "alicloud-hpc",
      version,
      server: "github://api.github.com/some-owner/some.name",
    },
  });
});

test.each(["", "name", "https://github.com/owner/name", "owner/name/more"])(
  "the repository of a release is an owner and a name, not %j",
  (repository) => {
    expect(() => releaseFields(repository, manifest)).toThrow("<owner>/<name>");
  },
);

test("a cluster needs no input, and only another region replaces it", () => {
  expect(cluster).not.toHaveProperty("requiredInputs");
  expect(Object.keys(cluster.inputProperties).sort()).toEqual(Object.keys(properties).sort());
  expect(replacing(cluster.inputProperties)).toEqual(["regionId"]);
  expect(replacing(cluster.properties)).toEqual(["regionId"]);
});

test("an SDK declares every output of a cluster that it reads", () => {
  expect(Object.keys(cluster.stateInputs.properties).sort()).toEqual(Object.keys(cluster.properties).sort());
});

test("every configuration key is an argument of the provider, and the secret ones are secret", () => {
  expect(config.variables).toEqual(provider.inputProperties);
  expect(Object.keys(config.variables)).toEqual(Object.keys(configKeys));
  const secretKeys = Object.entries<ConfigKey>(configKeys).flatMap(([key, { isSecret }]) =>
    isSecret ? [key] : [],
  );
  expect(namesWhere(config.variables, ({ secret }) => secret)).toEqual(secretKeys);
});

test("no default comes from the environment, which an SDK would store in the state", () => {
  expect(JSON.stringify(packageSchema())).not.toContain("defaultInfo");
});

test("nothing in it speaks of the dynamic provider's configuration or of TypeScript alone", () => {
  expect(JSON.stringify(packageSchema())).not.toMatch(/`alicloud:|```|@link|undefined/);
});

test("every type is used", () => {
  const text = JSON.stringify(packageSchema());
  expect(Object.keys(types).filter((name) => !text.includes(`"#/types/${name}"`))).toEqual([]);
});
