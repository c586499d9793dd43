/** Runs `pulumi import`. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type CliResult, runCli } from "../engine/cli.ts";
import { LanguageHost, type ProgramGenerator } from "../engine/languageHost.ts";
import type { TestStack } from "../engine/stack.ts";
import { clusterType } from "./pluginCluster.ts";

/** A cluster to import, and the name of its resource. */
export interface ImportedCluster {
  name: string;
  id: string;
}

/** How to import. */
export interface ImportOptions {
  /** Makes the code that is printed; without it there is none. */
  generate?: ProgramGenerator;
  /** More arguments of the command. */
  args?: readonly string[];
  /** More environment variables. */
  env?: Readonly<Record<string, string>>;
}

/**
 * Runs `pulumi import`, for one cluster with its arguments, for several with `--file`.
 *
 * @returns how the command ended
 */
export async function runImport(
  stack: TestStack,
  clusters: readonly ImportedCluster[],
  { generate, args: more = [], env = {} }: ImportOptions = {},
): Promise<CliResult> {
  await using host = await LanguageHost.start(generate === undefined ? {} : { generate });
  const args = [
    "import",
    "--stack",
    stack.stackName,
    "--yes",
    `--generate-code=${generate !== undefined}`,
    ...more,
  ];
  const [first, ...others] = clusters;
  if (first !== undefined && others.length === 0) {
    args.push(clusterType, first.name, first.id);
  } else {
    const file = path.join(stack.workDir, "import.json");
    writeFileSync(
      file,
      JSON.stringify({ resources: clusters.map((one) => ({ type: clusterType, ...one })) }),
    );
    args.push("--file", file);
  }
  return await runCli(args, { cwd: stack.workDir, backend: stack.backend, env: { ...env, ...host.env } });
}

/** Imports clusters, without code. */
export async function importClusters(stack: TestStack, clusters: readonly ImportedCluster[]): Promise<void> {
  const { exitCode, stdout, stderr } = await runImport(stack, clusters);
  if (exitCode !== 0) {
    throw new Error(`pulumi import failed\n${stdout}${stderr}`);
  }
}
