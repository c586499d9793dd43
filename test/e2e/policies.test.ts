/**
 * Promise: policies of `@pulumi/policy` for the classes of this package are applied, to clusters, to all clusters of a stack and to
 * providers. They get what the program gives, and a policy that throws says which it is.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { enginePath, repositoryRoot } from "../engine/engine.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { Transcript } from "../engine/stack.ts";
import { createEcsStack, failureOf } from "./ecsStack.ts";
import { examplesFolder } from "./exampleProgram.ts";
import { dynamicHost, hosts } from "./hosts.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

let folder: string;
let example: string;
let env: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(path.join(isolateEnvironment(), "policies-"));
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(folder, "node_modules"), "junction");
  example = path.join(folder, "policy-pack");
  cpSync(path.join(examplesFolder, "policy-pack"), example, { recursive: true });
  env = { PATH: `${analyzerFolder()}${path.delimiter}${enginePath()}` };
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

/** Runs policy packs for an engine without a language host. The official release, which has one, does not look for it. */
function analyzerFolder(): string {
  const bin = path.join(folder, "bin");
  mkdirSync(bin);
  const runner = path.join(repositoryRoot, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  const analyzer = path.join(bin, "pulumi-analyzer-policy-nodejs");
  writeFileSync(analyzer, `#!/bin/sh\nexec "${process.execPath}" "${runner}" "$@"\n`);
  writeFileSync(`${analyzer}.cmd`, `@"${process.execPath}" "${runner}" %*\r\n`);
  chmodSync(analyzer, 0o755);
  return bin;
}

/** The example's pack with other policies, for the classes of a package. */
function packOf(policies: string, from = "pulumi-alicloud-hpc"): string {
  const pack = mkdtempSync(path.join(folder, "pack-"));
  cpSync(example, pack, { recursive: true });
  rmSync(path.join(pack, "index.ts"));
  // Not in TypeScript: nothing is to be checked (test/declarations/cluster.test-d.ts), which takes seconds.
  writeFileSync(
    path.join(pack, "index.js"),
    `const { PolicyPack, remediateResourceOfType, validateResourceOfType, validateStackResourcesOfType } = require("@pulumi/policy");
     const { HpcCluster, Provider } = require(${JSON.stringify(from)});
     new PolicyPack("of-the-test", { policies: [${policies}] });`,
  );
  return pack;
}

/** A file with the enforcement levels of policies. */
function configFile(levels: Record<string, string>): string {
  const file = path.join(mkdtempSync(path.join(folder, "config-")), "policies.json");
  writeFileSync(file, JSON.stringify(levels));
  return file;
}

/** What policies have reported: the policy, the resource's name, and the last line of the message. */
function reportsIn({ events }: Pick<Transcript, "events">): string[][] {
  return events
    .flatMap(({ policyEvent }) => policyEvent ?? [])
    .map(({ policyName, resourceUrn, message }) => [
      policyName,
      resourceUrn?.split("::").at(-1) ?? "",
      message.trim().split("\n").at(-1) ?? "",
    ])
    .sort();
}

const account = () => ({
  accessKey: ecs.accessKeyId,
  secretKey: ecs.accessKeySecret,
  endpoints: [{ ecs: ecs.endpoint }],
});

describe.each(hosts)("of the $name", (host) => {
  const { HpcCluster, Provider } = host;

  test("policies see what is visible of clusters and providers; a remediation changes a cluster; an advisory one stops nothing", async () => {
    await using stack = await createEcsStack(ecs, {
      env,
      config: { "alicloud:region": "cn-shanghai" },
      program: async () => {
        const beijing = new Provider("beijing", { ...account(), region: "cn-beijing" });
        new HpcCluster("one", { name: "dev-one", description: "Nightly frames" }, { provider: beijing });
        new HpcCluster("two", { name: "two" });
      },
    });
    const seeing = packOf(
      `{
        name: "cluster",
        description: "Each cluster",
        validateResource: validateResourceOfType(HpcCluster, (cluster, _, report) => report(JSON.stringify(cluster))),
      },
      {
        name: "description",
        description: "Each cluster has a description",
        enforcementLevel: "remediate",
        remediateResource: remediateResourceOfType(HpcCluster, (cluster) => ({ description: "For films", ...cluster })),
      },
      {
        name: "clusters",
        description: "All clusters",
        validateStack: validateStackResourcesOfType(HpcCluster, (clusters, _, report) => {
          report(clusters.map(({ name, regionId }) => name + " in " + regionId).sort().join(", "));
        }),
      },
      {
        name: "provider",
        description: "Each provider",
        validateResource: validateResourceOfType(Provider, (_, { props }, report) => {
          report(String(props["region"] ?? props["alicloud:region"]));
        }),
      }`,
      host.name === "plugin" ? "pulumi-alicloud-hpc/plugin" : "pulumi-alicloud-hpc",
    );
    const { events } = await stack.up({
      policyPacks: [example, seeing],
      policyPackConfigs: [configFile({ "hpc-cluster-name": "advisory" }), configFile({})],
    });
    const defaultProvider = host.name === "plugin" ? "alicloud-hpc" : "default";
    expect(reportsIn({ events })).toEqual([
      ["cluster", "one", '{"description":"Nightly frames","name":"dev-one","regionId":"cn-beijing"}'],
      ["cluster", "two", '{"description":"For films","name":"two","regionId":"cn-shanghai"}'],
      ["clusters", "hpc-test", "dev-one in cn-beijing, two in cn-shanghai"],
      ["hpc-cluster-name", "two", expect.stringContaining("does not match")],
      ...[
        ["provider", "beijing", "cn-beijing"],
        ["provider", defaultProvider, "cn-shanghai"],
      ].sort(),
    ]);
    expect(ecs.store.clusters({ name: "two" })).toMatchObject([{ description: "For films" }]);
  });
});

test("the example refuses a cluster at preview, and names it", async () => {
  await using stack = await createEcsStack(ecs, {
    env,
    program: async () => {
      new dynamicHost.HpcCluster("good", { name: "dev-farm" });
      new dynamicHost.HpcCluster("bad", { name: "farm" });
    },
  });
  const failed = await failureOf(stack.preview({ policyPacks: [example] }));
  const report = 'The name "farm" does not match ^(dev|prod)-[a-z0-9-]+$.';
  expect(reportsIn(failed)).toEqual([["hpc-cluster-name", "bad", report]]);
  expect(failed.output).toMatch(/\[mandatory\] +hpc-cluster-name +\(.*HpcCluster: bad\)/);
  expect(failed.output).toContain(report);
});

test("a policy that throws fails the preview, and the message says which it is", async () => {
  await using stack = await createEcsStack(ecs, {
    env,
    program: async () => {
      new dynamicHost.HpcCluster("rendering", { name: "dev-farm" });
    },
  });
  const broken = packOf(
    `{
      name: "broken",
      description: "A policy with a mistake",
      validateResource: validateResourceOfType(HpcCluster, ({ name }) => {
        throw new Error("no rule for " + name);
      }),
    }`,
  );
  const failed = await failureOf(stack.preview({ policyPacks: [broken] }));
  expect(failed.output).toContain(
    "Error validating resource with policy 'broken' from policy pack 'of-the-test@v1.0.0'",
  );
  expect(failed.output).toContain("no rule for dev-farm");
});
