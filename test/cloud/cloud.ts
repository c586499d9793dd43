/**
 * `npm run test:cloud`: compares the local ECS with real ECS, where there is an account for it.
 *
 * Exit codes: 0 nothing differs; 1 something does, or the run failed; 2 nothing was asked; 3 something is left in the
 * account; 130, 143, 129 interrupted, and everything removed.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { type Credentials, accountIn, endpointOf, redactor, shownKeyId, whatIsMissing } from "./account.ts";
import { Bench, type Situation, keptClusters } from "./bench.ts";
import { type Calls, connect, outcomeOf } from "./calls.ts";
import { type Finding, answer, ask } from "./comparison.ts";
import { contract, facts, notProvoked } from "./contract.ts";
import {
  CannotList,
  type Removal,
  isOurs,
  listClusters,
  prefixPattern,
  removeClusters,
  stem,
} from "./leftovers.ts";
import { comparisonText, differencesText, factsText, planText, removalText } from "./report.ts";

const usage = `Usage: npm run test:cloud -- [options]

Compares the local ECS of the tests with real ECS. Needs an access key in the environment (ALICLOUD_ACCESS_KEY,
ALICLOUD_SECRET_KEY, ALICLOUD_REGION, or what else the provider reads). Without --yes it only says what it would do.

  --yes             do it
  --region ID       default: that of the environment
  --endpoint URL    default: that of the environment, or the region's own
  --prefix PREFIX   marks the clusters; default: ${stem} and eight random characters
  --json FILE       writes the findings there too
  --contract-only   without the life of a cluster on the Pulumi engine
  --cleanup         only removes what runs have left: that of --prefix, or without it of any run, also of one going on
  --help
`;

class UsageError extends Error {}

interface Chosen {
  readonly credentials: Credentials;
  readonly situation: Situation;
  readonly endpoint: string;
  /** Undefined for the region's own. */
  readonly otherEndpoint: string | undefined;
  readonly prefixGiven: boolean;
  readonly yes: boolean;
  readonly cleanup: boolean;
  readonly life: boolean;
  readonly json: string | undefined;
}

// isolateEnvironment() empties the environment when the life begins, and none of this may depend on when.
const environment = { ...process.env };
const account = accountIn(environment);
const redact = redactor(account.credentials);
const say = (text: string): void => void process.stdout.write(`${redact(text)}\n`);
const progress = (text: string): void => void process.stderr.write(`${redact(text)}\n`);

function readArguments(args: readonly string[]): Chosen | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      yes: { type: "boolean", default: false },
      region: { type: "string" },
      endpoint: { type: "string" },
      prefix: { type: "string" },
      json: { type: "string" },
      "contract-only": { type: "boolean", default: false },
      cleanup: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const region = values.region ?? account.region;
  const missing = whatIsMissing(account, region);
  if (missing !== undefined || region === undefined || account.credentials === undefined) {
    throw new UsageError(missing);
  }
  // It becomes part of the host that signed requests are sent to.
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(region)) {
    throw new UsageError(`The region must be an id such as cn-hangzhou, not ${JSON.stringify(region)}.`);
  }
  const otherEndpoint = values.endpoint ?? account.endpoint;
  const endpoint = endpointOf(region, otherEndpoint);
  if (!URL.canParse(endpoint)) {
    throw new UsageError(`--endpoint must be a host or a URL, not ${JSON.stringify(endpoint)}.`);
  }
  const { prefix } = values;
  if (prefix !== undefined && !prefixPattern.test(prefix)) {
    throw new UsageError(
      `--prefix must be ${stem}, 6 to 16 of a-z0-9, and a hyphen, so that it cannot be the start of a name of yours.`,
    );
  }
  if (values.json !== undefined && values.yes) {
    try {
      writeFileSync(values.json, ""); // now, not when there is something to be lost
    } catch (error) {
      throw new UsageError(`--json: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return {
    credentials: account.credentials,
    situation: {
      region,
      elsewhere: region === "cn-beijing" ? "cn-hangzhou" : "cn-beijing",
      prefix: prefix ?? `${stem}${randomBytes(4).toString("hex")}-`,
      temporary: account.credentials.securityToken !== undefined,
    },
    endpoint,
    otherEndpoint: otherEndpoint === undefined ? undefined : endpoint,
    prefixGiven: prefix !== undefined,
    yes: values.yes,
    cleanup: values.cleanup,
    life: !values["contract-only"],
    json: values.json,
  };
}

const interruption = new AbortController();
let interruptedBy: NodeJS.Signals | undefined;
let crash: unknown;
let mayHaveMade = false;

function listenForInterruptions(prefix: string): void {
  let saidAt = 0;
  const hear = (signal: NodeJS.Signals): void => {
    if (!mayHaveMade) process.exit(exitCodeOf(signal));
    // Never the end: what has been made is removed first. npm passes on a Ctrl-C that the terminal has sent already.
    if (Date.now() - saidAt > 2_000) {
      progress(
        interruption.signal.aborted
          ? `Still removing. After SIGKILL: npm run test:cloud -- --cleanup --yes --prefix ${prefix}`
          : "Interrupted; what has been made is removed first.",
      );
    }
    saidAt = Date.now();
    interruptedBy ??= signal;
    interruption.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, hear);
  // A bug anywhere must not leave clusters behind.
  process.on("uncaughtException", (error) => {
    crash ??= error;
    if (!mayHaveMade) {
      progress(failureText(error));
      process.exit(1);
    }
    interruption.abort();
  });
  // Nor must a terminal, or a reader of the pipe, that has gone.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

async function main(): Promise<number> {
  let chosen: ReturnType<typeof readArguments>;
  try {
    chosen = readArguments(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) progress(error.message);
    else if (isParseError(error)) progress(`${error.message}\n\n${usage}`);
    else throw error;
    return 2;
  }
  if (chosen === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const { credentials, situation, endpoint } = chosen;
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(new URL(endpoint).hostname);
  const calls = connect({ endpoint, credentials, environment, paceMs: local ? 0 : 200 });
  return chosen.cleanup ? await cleanUp(chosen, calls) : await compare(chosen, calls, situation);
}

async function cleanUp(chosen: Chosen, calls: Calls): Promise<number> {
  const { region, prefix: given } = chosen.situation;
  const prefix = chosen.prefixGiven ? given : undefined;
  const whose = prefix ?? `${stem}…- (any run, also one that is going on)`;
  if (!chosen.yes) {
    say(
      `This would delete every HPC cluster in ${region} (${chosen.endpoint}) whose name or description starts with ${whose}, ` +
        `with the access key that ends in ${shownKeyId(chosen.credentials.accessKeyId)}.\nNothing has been asked. Do it: add --yes.`,
    );
    return 2;
  }
  const removal = await removeClusters(calls, region, prefix);
  for (const { id, name } of removal.removed) say(`removed ${id}  ${name ?? ""}`);
  say(removalText(removal, prefix));
  return isClean(removal) ? 0 : 3;
}

async function compare(chosen: Chosen, calls: Calls, situation: Situation): Promise<number> {
  const { prefix, region } = situation;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const further = keptClusters + (chosen.life ? 1 : 0);
  say(
    planText({
      region,
      endpoint: chosen.endpoint,
      keyId: shownKeyId(chosen.credentials.accessKeyId),
      prefix,
      checks: contract.length,
      creates: sum(contract.map(({ creates }) => creates)) + further,
      atMost: sum(contract.map(({ atMost }) => atMost)) + further,
      atATime: keptClusters + 2,
      life: chosen.life,
    }),
  );
  if (!chosen.yes) {
    say(`Nothing has been asked. Do it: npm run test:cloud -- --yes --prefix ${prefix}`);
    return 2;
  }

  listenForInterruptions(prefix);
  // Before anything is made: a package that does not build is no reason to leave something in an account.
  if (chosen.life) {
    const { installPackedPackage } = await import("../engine/packedPackage.ts");
    await installPackedPackage({ progress });
    const { ensureEngine } = await import("../engine/engine.ts");
    await ensureEngine({ progress });
  }
  const obstacle = await whatIsInTheWay(calls, situation);
  if (obstacle !== undefined) {
    progress(obstacle.text);
    return obstacle.exitCode;
  }

  const { signal } = interruption;
  const bench = new Bench(calls, chosen.credentials, situation, signal);
  const findings: Finding[] = [];
  const startedAt = new Date();
  mayHaveMade = true;
  let failure: unknown;
  let living = false;
  try {
    const checksThat = (late: boolean) => contract.filter((check) => (check.late === true) === late);
    await ask(bench, checksThat(false), signal, findings, progress);
    if (chosen.life) {
      // Only now: it brings the SDK, which takes a second to load.
      const { live } = await import("./life.ts");
      living = true;
      const { credentials, otherEndpoint } = chosen;
      await live({ calls, credentials, region, otherEndpoint, prefix, signal, findings, progress });
      living = false;
    }
    await ask(bench, checksThat(true), signal, findings, progress);
  } catch (error) {
    if (!signal.aborted) failure = error;
  }
  // A creation that was under way may show only after a while.
  const lookOnMs = bench.unsure || living ? 10_000 : 0;
  progress("Removing what has been made");
  const removal = await removeClusters(calls, region, prefix, { known: bench.made, lookOnMs });

  const asked = new Set(findings);
  const unasked = contract.filter(
    ({ group, name }) => ![...asked].some((finding) => finding.group === group && finding.name === name),
  ).length;
  failure ??= crash;
  const answers = answer(facts, findings);
  say(`\n${comparisonText(findings, unasked)}\n`);
  const differences = differencesText(findings);
  if (differences !== "") say(`${differences}\n`);
  say(`${factsText(answers)}\n`);
  say(
    `Not asked, because it cannot be provoked safely\n${notProvoked.map((line) => `  ${line}`).join("\n")}\n`,
  );
  if (failure !== undefined) progress(`The run broke: ${failureText(failure)}`);
  if (interruptedBy !== undefined) progress(`Interrupted by ${interruptedBy}.`);
  say(
    removalText(
      removal,
      prefix,
      bench.ever.size + removal.removed.filter(({ id }) => !bench.ever.has(id)).length,
    ),
  );
  if (chosen.json !== undefined) {
    const { elsewhere: _, ...where } = situation;
    const report = {
      ...{ ...where, endpoint: chosen.endpoint, startedAt, finishedAt: new Date() },
      ...{ interruptedBy, failure: failure === undefined ? undefined : failureText(failure) },
      ...{ unasked, findings, facts: answers, removal },
    };
    const clean = (_: string, value: unknown): unknown => (typeof value === "string" ? redact(value) : value);
    writeFileSync(chosen.json, `${JSON.stringify(report, clean, 2)}\n`);
  }
  if (!isClean(removal)) return 3;
  if (interruptedBy !== undefined) return exitCodeOf(interruptedBy);
  return failure === undefined && unasked === 0 && findings.every(({ same }) => same) ? 0 : 1;
}

/** Why nothing should be made in this account now. */
async function whatIsInTheWay(
  calls: Calls,
  { region, prefix }: Situation,
): Promise<{ text: string; exitCode: number } | undefined> {
  try {
    const ours = (await listClusters(calls, region)).filter((item) => isOurs(item, prefix));
    if (ours.length > 0) {
      const ids = ours.map(({ id }) => id).join(", ");
      const text = `There are clusters with this prefix already: ${ids}. Remove them: --cleanup --yes --prefix ${prefix}`;
      return { text, exitCode: 3 };
    }
  } catch (error) {
    if (!(error instanceof CannotList)) throw error;
    return { text: `ECS in ${region} does not answer this key: ${error.message}`, exitCode: 1 };
  }
  // Who may create and not delete would leave everything behind.
  const deletion = await calls.ask("DeleteHpcCluster", {
    RegionId: region,
    HpcClusterId: `hpc-${randomBytes(8).toString("hex")}`,
  });
  if (deletion.status !== 403 && deletion.code?.startsWith("Forbidden") !== true) return undefined;
  return {
    text: `This key may not delete HPC clusters (${outcomeOf(deletion)}), so none are made.`,
    exitCode: 1,
  };
}

function isClean({ left, blind }: Removal): boolean {
  return left.length === 0 && blind === undefined;
}

function failureText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isParseError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("ERR_PARSE_ARGS_")
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  progress(failureText(error));
  process.exitCode = 1;
}
