/** Promise: every example runs as it is written: up, up again without changes; and its outputs are right. */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { languageHost, runCli } from "../engine/cli.ts";
import { type TestStack, createBackend } from "../engine/stack.ts";
import { errorsIn } from "./account/diagnostics.ts";
import { changingCalls, clusterOps, configurationFor, createEcsStack, failureOf } from "./ecsStack.ts";
import { ExamplesCopy, exampleProgram, examplesFolder } from "./exampleProgram.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

interface Example {
  folder: string;
  /** The project's name, for its own configuration. */
  project: string;
  /** What has to be there before: configuration values. */
  prepare?: () => Record<string, string>;
  /** What it shows before that. */
  first?: (stack: TestStack) => Promise<void>;
  /** What `up` leaves in the service, by name. */
  leaves: Record<string, string>;
  /** What its outputs promise. */
  expectOutputs?: (outputs: Record<string, unknown>, stack: TestStack) => void;
}

const runnable: Example[] = [
  { folder: "quickstart", project: "hpc-quickstart", leaves: { "render-farm": "cn-hangzhou" } },
  { folder: "plugin", project: "hpc-plugin", leaves: { "render-farm": "cn-hangzhou" } },
  {
    folder: "adopt",
    project: "hpc-adopt",
    prepare: () => {
      const { hpcClusterId } = ecs.store.add({ name: "by-hand", description: "Made by hand" });
      return {
        "hpc-adopt:clusterId": hpcClusterId,
        "hpc-adopt:clusterName": "by-hand",
        "hpc-adopt:clusterDescription": "Made by hand",
      };
    },
    first: async (stack) => {
      await stack.setConfig({ "hpc-adopt:clusterDescription": undefined });
      expect(errorsIn(await failureOf(stack.preview()))).toMatchObject([
        { message: expect.stringMatching(/property description .*"Made by hand", but is none/) },
      ]);
      await stack.setConfig({ "hpc-adopt:clusterDescription": "Made by hand" });
    },
    leaves: { "by-hand": "cn-hangzhou" },
    expectOutputs: (outputs) => {
      expect(outputs["createdBy"]).toBe("somebody else");
      expect(changingCalls(ecs)).toEqual([]);
    },
  },
  {
    folder: "lookup",
    project: "hpc-lookup",
    prepare: () => {
      for (const name of ["render-farm-1", "render-farm-2", "archive"]) {
        ecs.store.add({ name });
      }
      return {};
    },
    leaves: { "lookup-farm": "cn-hangzhou" },
    expectOutputs: (outputs) => {
      const farms = ecs.store.clusters().filter(({ name }) => name.startsWith("render-farm-"));
      expect(outputs).toMatchObject({
        regionCount: ecs.regions.length,
        renderFarmIds: farms.map(({ hpcClusterId }) => hpcClusterId).sort(),
        foundName: "lookup-farm",
      });
    },
  },
  {
    folder: "multi-region",
    project: "hpc-multi-region",
    leaves: Object.fromEntries(
      ["cn-beijing", "cn-hangzhou", "ap-southeast-1"].flatMap((region) => [
        [`nightly-${region}`, region],
        [`preview-${region}`, region],
      ]),
    ),
    expectOutputs: (outputs, stack) => {
      const regions = ["cn-beijing", "cn-hangzhou", "ap-southeast-1"];
      expect(outputs["regions"]).toEqual(regions);
      const idOf = (regionId: string) =>
        ecs.store.clusters({ name: `nightly-${regionId}`, regionId })[0]?.hpcClusterId;
      expect(outputs["nightlyIds"]).toEqual(regions.map(idOf));
      // The salt is with one of them: nothing needs the default provider.
      const providers = stack.state().resources("pulumi:providers:pulumi-nodejs");
      expect(providers.map(({ urn }) => urn.split("::").at(-1)).sort()).toEqual(regions.sort());
      expect(stack.stateText()).not.toContain(ecs.accessKeySecret);
    },
  },
];

/** Examples that are compiled (`npm run check:types`), and why they do not run here. */
const compiledOnly: Record<string, string> = {
  ...Object.fromEntries(
    ["csharp", "go", "java", "python", "yaml"].map((language) => [
      language,
      "test/plugin/sdks.test.ts runs it",
    ]),
  ),
  instances: "it needs the plugin of @pulumi/alicloud; test/e2e/instancesExample.test.ts runs it with mocks",
  testing: "test/consumer/testExamples.test.ts runs it with its test",
  "unit-tests": "test/consumer/testExamples.test.ts runs it with its test",
};

test("every example is run, or there is a reason", () => {
  const folders = readdirSync(examplesFolder).filter((name) =>
    existsSync(path.join(examplesFolder, name, "Pulumi.yaml")),
  );
  expect([...runnable.map(({ folder }) => folder), ...Object.keys(compiledOnly)].sort()).toEqual(
    folders.sort(),
  );
});

const there = () => Object.fromEntries(ecs.store.clusters().map(({ name, regionId }) => [name, regionId]));

test.each(runnable)(
  "$folder, inline: up, up again without changes",
  async ({ folder, project, prepare, first, leaves, expectOutputs }) => {
    const config = prepare?.() ?? {};
    const before = there();
    await using stack = await createEcsStack(ecs, {
      projectName: project,
      program: exampleProgram(folder),
      config,
    });
    await first?.(stack);
    const up = await stack.up();
    expect(there()).toEqual({ ...before, ...leaves });
    const ids = ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
    if ("clusterId" in up.outputs) {
      expect(ids).toContain(up.outputs["clusterId"].value);
    }

    const again = await stack.up({ expectNoChanges: true });
    expect(new Set(Object.values(clusterOps(again)).flat())).toEqual(new Set(["same"]));
    expectOutputs?.(
      Object.fromEntries(Object.entries(up.outputs).map(([key, { value }]) => [key, value])),
      stack,
    );
  },
);

const host = await languageHost();
const onDisk = [
  { title: "the root's Pulumi.yaml", cwd: ".", example: runnable[0] },
  ...runnable.map((example) => ({
    title: `examples/${example.folder}`,
    cwd: path.join("examples", example.folder),
    example,
  })),
];

describe.skipIf(host === undefined)(
  host === undefined
    ? "with the CLI (skipped: no pulumi-language-nodejs beside the engine or on PATH)"
    : "with the CLI",
  () => {
    test.each(onDisk)("$title: up, up again without changes, destroy", async ({ cwd, example }) => {
      if (example === undefined) {
        throw new Error("there is no example");
      }
      const config = { ...configurationFor(ecs), ...example.prepare?.() };
      const before = there();
      using copy = new ExamplesCopy();
      const backend = createBackend();
      try {
        const pulumi = async (...args: string[]): Promise<string> => {
          const { exitCode, stdout, stderr } = await runCli(args, {
            cwd: path.join(copy.folder, cwd),
            backend,
          });
          expect(exitCode, `pulumi ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
          return stdout;
        };
        await pulumi("stack", "init", "dev");
        for (const [key, value] of Object.entries(config)) {
          const { value: text, secret = false } = typeof value === "string" ? { value } : value;
          await pulumi("config", "set", secret ? "--secret" : "--plaintext", key, text);
        }
        await pulumi("preview");
        expect(there()).toEqual(before);
        await pulumi("up", "--yes", "--skip-preview");
        expect(there()).toEqual({ ...before, ...example.leaves });
        // By reference: with the provider's code in it, the state would be of another size.
        const reference =
          example.folder === "plugin"
            ? "alicloud-hpc:index:HpcCluster"
            : 'require(\\"pulumi-alicloud-hpc/lifecycle\\")';
        expect(await pulumi("stack", "export")).toContain(reference);
        await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
        await pulumi("destroy", "--yes", "--skip-preview");
        for (const name of Object.keys(example.leaves)) {
          expect(there()).not.toHaveProperty(name);
        }
      } finally {
        backend.dispose();
      }
    });
  },
);
