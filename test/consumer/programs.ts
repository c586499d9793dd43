/** What a user writes: the program and its settings, for each kind of program. */
import type { Cell } from "./cells.ts";

/** The cluster that is there before any consumer, for the look-up. */
export const sharedName = "shared-farm";

/** What each program declares: name and region of its two clusters. */
export const declared = [
  { name: "render-farm", regionId: "cn-hangzhou" },
  { name: "render-farm-2", regionId: "cn-beijing" },
] as const;

const [first, second] = declared;

/** The name of the program's file. */
export function programFile({ language }: Cell): string {
  return language === "js" ? "index.js" : "index.ts";
}

/** The program. The two kinds of module differ in how they import, export and wait. */
export function programText({ language, module }: Cell): string {
  const isTyped = language !== "js";
  const isRequired = module === "cjs" && !isTyped;
  const lines = isRequired
    ? [
        'const pulumi = require("@pulumi/pulumi");',
        'const { HpcCluster, Provider, getHpcClusters } = require("pulumi-alicloud-hpc");',
      ]
    : [
        'import * as pulumi from "@pulumi/pulumi";',
        `import { HpcCluster, Provider, getHpcClusters${isTyped ? ", type HpcClusterArgs" : ""} } from "pulumi-alicloud-hpc";`,
      ];
  lines.push(
    'const config = new pulumi.Config("alicloud");',
    `const args${isTyped ? ": HpcClusterArgs" : ""} = { name: "${first.name}", description: "Nightly frames" };`,
    'const cluster = new HpcCluster("rendering", args);',
    'const elsewhere = new Provider("elsewhere", {',
    `  region: "${second.regionId}",`,
    '  accessKey: config.require("accessKey"),',
    '  secretKey: config.requireSecret("secretKey"),',
    '  endpoints: config.requireObject("endpoints"),',
    "});",
    `new HpcCluster("second", { name: "${second.name}" }, { provider: elsewhere });`,
    'const found = getHpcClusters({ nameRegex: "^shared-" });',
  );
  const shared = "found.then((clusters) => clusters.map(({ id }) => id))";
  if (isRequired) {
    lines.push(`module.exports = { clusterId: cluster.id, sharedIds: ${shared} };`);
  } else {
    lines.push(
      `export const clusterId${isTyped ? ": pulumi.Output<string>" : ""} = cluster.hpcClusterId;`,
      `export const sharedIds${isTyped ? (module === "esm" ? ": string[]" : ": Promise<string[]>") : ""} = ` +
        (module === "esm" ? "(await found).map(({ id }) => id);" : `${shared};`),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** As Pulumi's templates have it: the older one for TypeScript 5.9, today's for TypeScript 6 and for ES modules. */
export function compilerOptions({ language, module }: Cell): Record<string, unknown> {
  const resolution =
    module === "cjs" && language === "ts5.9"
      ? { target: "es2020", module: "commonjs", moduleResolution: "node" }
      : { target: "es2022", module: "nodenext", moduleResolution: "nodenext" };
  return {
    strict: true,
    outDir: "bin",
    ...resolution,
    sourceMap: true,
    noImplicitReturns: true,
    noFallthroughCasesInSwitch: true,
    forceConsistentCasingInFileNames: true,
  };
}
