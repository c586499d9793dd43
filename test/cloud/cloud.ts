/**
 * `npm run test:cloud`: runs the contract, and the life of one cluster with the provider, against the real ECS.
 *
 * Exit codes: 0 all tests passed; 1 a test or the run failed; 2 nothing was called; 3 clusters are left in the account;
 * 130, 143, 129 interrupted, and everything deleted.
 *
 * What it cannot provoke in somebody's account, only the emulator shows: NotEmpty.HpcCluster and InvalidHpcClusterId.Creating
 * need an instance, Forbidden.RAM and other errors of credentials need another user, and throttling would disturb others.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type Target, serviceIn } from "../contract/target.ts";
import { killTree } from "../engine/engineProcesses.ts";
import { obstacleIn, prefixPattern, removeClusters, stem } from "./leftovers.ts";

const usage = `Usage: npm run test:cloud -- [options] [file…]

Runs test/contract and test/cloud/realLife.test.ts, or only the given files, against the real ECS. It needs ALICLOUD_ACCESS_KEY,
ALICLOUD_SECRET_KEY and ALICLOUD_REGION in the environment, and reads ALICLOUD_SECURITY_TOKEN and ALIBABA_CLOUD_ENDPOINT_ECS.
Without --yes it only prints what it would do.

  --yes             do it
  --cleanup         only delete what earlier runs have left
  --prefix PREFIX   with --cleanup: only of the run with this prefix; otherwise of all runs, also of one still running`;

/** More calls of CreateHpcCluster than a run makes: also where the service accepts what the emulator rejects. */
export const mostClusters = 120;

/** How many clusters exist at the same time at most. */
export const mostAtATime = 6;

/** Where the output goes, one call for each line. */
export type Print = (line: string) => void;

/** Runs the command and returns its exit code. */
export async function main(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  print: Print,
): Promise<number> {
  let options: ReturnType<typeof parse>;
  let target: Target;
  try {
    options = parse(args);
    const { cleanup, prefix } = options.values;
    if (prefix !== undefined && !cleanup) {
      throw new Error("--prefix needs --cleanup: a run has a new prefix of its own.");
    }
    if (prefix !== undefined && !prefixPattern.test(prefix)) {
      throw new Error(`--prefix must be ${stem}, 6 to 16 of a-z0-9, and a hyphen.`);
    }
    target = serviceIn(environment, prefix ?? `${stem}${randomBytes(4).toString("hex")}-`);
  } catch (error) {
    print(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  const redacted: Print = (line) => print(withoutSecrets(target, line));
  const { values, positionals } = options;
  if (values.cleanup) {
    return await cleanUp(target, values.prefix, values.yes, redacted);
  }
  redacted(planOf(target));
  if (!values.yes) {
    redacted("Nothing has been called. To run it, add --yes.");
    return 2;
  }
  const obstacle = await obstacleIn(target);
  if (obstacle !== undefined) {
    redacted(obstacle);
    return 1;
  }
  const files = positionals.length > 0 ? positionals : ["test/contract/", "test/cloud/realLife.test.ts"];
  return await run(target, files, environment, redacted);
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      yes: { type: "boolean", default: false },
      cleanup: { type: "boolean", default: false },
      prefix: { type: "string" },
    },
  });
}

function planOf({ endpoint, region, accessKeyId, prefix }: Target): string {
  return [
    `This runs the tests against ECS in ${region} (${endpoint}) with the access key that ends in ${accessKeyId.slice(-4)}.`,
    `  Creates   at most ${mostClusters} HPC clusters, at most ${mostAtATime} at a time; no instances, nothing in other regions.`,
    `  Marks     each by a name or a description that starts with ${prefix}`,
    "  Deletes   each after its test, and at the end all with this prefix (DeleteHpcCluster): also after a failure,",
    "            SIGINT or SIGTERM. If any are left, it lists them and exits with the code 3.",
    "  Ignores   every cluster without the prefix.",
  ].join("\n");
}

async function cleanUp(
  target: Target,
  prefix: string | undefined,
  yes: boolean,
  print: Print,
): Promise<number> {
  if (!yes) {
    print(
      `This deletes every HPC cluster in ${target.region} (${target.endpoint}) whose name or description starts with ` +
        `${prefix ?? `the prefix of any run (${stem}…-)`}.\nNothing has been called. To run it, add --yes.`,
    );
    return 2;
  }
  return (await removeAndReport(target, prefix, 0, print)) ? 0 : 3;
}

/** Runs Vitest in a process group of its own, so that an interruption never stops the removal that follows. */
async function run(
  target: Target,
  files: readonly string[],
  environment: NodeJS.ProcessEnv,
  print: Print,
): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "test-cloud-"));
  const differences = path.join(folder, "differences.txt");
  writeFileSync(differences, "");
  const vitest = path.join(
    path.dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
    "vitest.mjs",
  );
  const child = spawn(process.execPath, [vitest, "run", "--maxWorkers=1", ...files], {
    cwd: path.join(import.meta.dirname, "../.."),
    detached: true,
    env: {
      ...environment,
      CONTRACT_PREFIX: target.prefix,
      CONTRACT_DIFFERENCES: differences,
      NODE_USE_ENV_PROXY: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let interruptedBy: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (interruptedBy === undefined) {
      interruptedBy = signal;
      print(`Interrupted by ${signal}. Everything that was created is deleted first.`);
      killTree(child.pid!);
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) {
    process.on(signal, interrupt);
  }
  try {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", print);
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    const found = readFileSync(differences, "utf8");
    if (found !== "") {
      print(`\nDifferences where the reference is uncertain. These are not failures:\n${found}`);
    }
    // A creation that was interrupted may show only after a while.
    const isLocal = new URL(target.endpoint).hostname === "127.0.0.1";
    const lookOnMs = code === 0 ? 0 : isLocal ? 500 : 10_000;
    if (!(await removeAndReport(target, target.prefix, lookOnMs, print))) {
      return 3;
    }
    if (interruptedBy !== undefined) {
      return 128 + constants.signals[interruptedBy];
    }
    return code === 0 ? 0 : 1;
  } finally {
    for (const signal of signals) {
      process.off(signal, interrupt);
    }
    rmSync(folder, { recursive: true });
  }
}

/** Whether nothing is left. */
async function removeAndReport(
  target: Target,
  prefix: string | undefined,
  lookOnMs: number,
  print: Print,
): Promise<boolean> {
  const again = `Try again: npm run test:cloud -- --cleanup --yes${prefix === undefined ? "" : ` --prefix ${prefix}`}`;
  try {
    const { removed, left } = await removeClusters(target, prefix, lookOnMs);
    for (const { HpcClusterId, Name } of removed) {
      print(`Deleted ${HpcClusterId} ${Name}`);
    }
    if (left.length === 0) {
      print(`No cluster with the prefix ${prefix ?? stem} is left.`);
      return true;
    }
    print("NOT everything could be deleted. Left:");
    for (const { HpcClusterId, Name, why } of left) {
      print(`  ${HpcClusterId} ${Name}: ${why}`);
    }
  } catch (error) {
    print(`It is not known whether clusters with the prefix ${prefix ?? stem} are left: ${messageOf(error)}`);
  }
  print(again);
  return false;
}

function withoutSecrets({ accessKeyId, accessKeySecret, securityToken }: Target, text: string): string {
  return [accessKeySecret, securityToken, accessKeyId]
    .filter((secret) => secret !== undefined)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  // The removal goes on when the terminal, or the reader of the pipe, is gone.
  process.stdout.on("error", () => undefined);
  process.exitCode = await main(process.argv.slice(2), process.env, (line) => {
    process.stdout.write(`${line}\n`);
  });
}
