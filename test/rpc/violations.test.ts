/**
 * Promise: `checkHpcCluster` finds what the check of a preview finds, with the same words, in the arguments of a program and in what
 * mocks receive. What only the account knows is left out here: the regions and the cluster to adopt.
 */
import { isUnknown, runtime, secret } from "@pulumi/pulumi";
import fc from "fast-check";
import * as dynamic from "pulumi-alicloud-hpc";
import * as plugin from "pulumi-alicloud-hpc/plugin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DynamicProvider, ProgramFolder } from "./dynamicProvider.ts";
import { PluginProvider } from "./pluginProvider.ts";
import { type Properties, unknownValue } from "./servedProvider.ts";

const folder = new ProgramFolder();
afterAll(() => folder.remove());

const settings = {
  region: "cn-hangzhou",
  skipRegionValidation: "true",
  accessKey: "LTAI0123456789",
  secretKey: "0123456789",
};

const hosts = [
  {
    name: "dynamic provider",
    ...dynamic,
    start: async () => {
      const provider = await DynamicProvider.start(folder, await folder.providerText());
      const named = Object.entries(settings).map(([key, value]) => [`alicloud:${key}`, value]);
      await provider.configure(Object.fromEntries(named) as Record<string, string>);
      return provider;
    },
    // The engine sends a dynamic provider no marks of secrets.
    received: (value: unknown): unknown => runtime.unwrapRpcSecret(value),
  },
  {
    name: "plugin",
    ...plugin,
    start: async () => {
      const provider = await PluginProvider.start();
      await provider.configure(settings);
      return provider;
    },
    received: (value: unknown): unknown => value,
  },
];

describe.each(hosts)("of the $name", ({ name: hostName, HpcCluster, checkHpcCluster, start, received }) => {
  let provider: DynamicProvider | PluginProvider;
  beforeAll(async () => void (provider = await start()));
  afterAll(() => provider.stop());

  /** What a preview reports. */
  async function reported(inputs: Properties): Promise<unknown[]> {
    const { failures } = await provider.check({}, inputs);
    return failures.map(({ property, reason }) => (property === "" ? { reason } : { property, reason }));
  }

  test("the arguments of a program", async () => {
    const text = fc.constantFrom("", "x", "render-farm", "2nd farm", "https://a", "CN", "é".repeat(300));
    const value = fc.oneof(
      { weight: 4, arbitrary: text },
      fc.constantFrom<unknown>(null, unknownValue, 7, true, ["a"], { a: "b" }),
    );
    const args = fc.record(
      {
        name: value,
        regionId: value,
        description: value,
        clientToken: value,
        // Preview asks the service for a cluster with this id.
        adopt: fc.constantFrom<unknown>("", null, 7),
        descriptoin: value,
        tags: value,
        __other: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(args, async (given) => {
        expect(checkHpcCluster(given)).toEqual(await reported(given));
      }),
      { numRuns: 300, examples: [[{}], [{ name: "render-farm" }]] },
    );
  });

  test("outputs and promises are not known", () => {
    const name = secret<string>("x");
    expect(checkHpcCluster({ name, description: Promise.resolve("x"), regionId: undefined })).toEqual([]);
  });

  test("what mocks receive in a preview: hidden inputs, secrets, and an id that is not known yet", async () => {
    const inputs = new Map<string, Properties>();
    await runtime.setMocks(
      {
        newResource: (args) => {
          inputs.set(args.name, args.inputs as Properties);
          return { id: undefined, state: args.inputs as Properties };
        },
        call: ({ inputs: given }) => given as Properties,
      },
      "hpc",
      "test",
      true,
    );
    const first = new HpcCluster("first", { name: "render-farm" });
    const mistakes = { name: secret("x"), description: "x", clientToken: first.id, nam: "render-farm" };
    const second = new HpcCluster("second", mistakes);
    await new Promise((resolve) => second.urn.apply(resolve));

    expect(checkHpcCluster(inputs.get("first")!)).toEqual([]);
    const given = inputs.get("second")!;
    expect(isUnknown(given["clientToken"])).toBe(true);
    const sent = Object.entries(given).map(([key, value]) => [
      key,
      isUnknown(value) ? unknownValue : received(value),
    ]);
    const violations = checkHpcCluster(given);
    expect(violations).toEqual(await reported(Object.fromEntries(sent) as Properties));
    expect(violations).toEqual([
      { reason: expect.stringMatching(/^name breaks a rule. Its value is a secret/) as string },
      { property: "description", reason: expect.stringContaining("but has 1") as string },
      { reason: expect.stringContaining('"nam" is not a property') as string },
    ]);
  });

  test("a missing region is none of its own, and a missing name only for the dynamic provider", () => {
    const isRequired = hostName === "dynamic provider";
    expect(checkHpcCluster({}).map(({ property }) => property)).toEqual(isRequired ? ["name"] : []);
  });
});
