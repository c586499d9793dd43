#!/usr/bin/env node
import { parseArgs } from "node:util";
import { startEmulator, StateFileError, type Emulator } from "./emulator.ts";
import { FaultPlanError, readFaultFile } from "./faultFile.ts";
import type { FaultPlan } from "./fault.ts";
import { version } from "./packageFiles.cjs";
import { openRequestLog } from "./requestLog.ts";

const usage = `Usage: pulumi-alicloud-hpc emulator [options]

A local ECS on 127.0.0.1 with an account of its own, for tests. It runs until SIGINT or SIGTERM.
On standard output it prints one JSON line: {"endpoint","accessKeyId","accessKeySecret"}.

  --port N                  default 0: a free port
  --access-key-id ID        default: a random key pair
  --access-key-secret SECRET
  --faults FILE             a fault plan: {"rules":[{"kind":"throttling","rate":0.1}]}
  --seed N                  makes ids and faults repeatable
  --state FILE              keeps clusters, instances, ClientTokens and the key from one start to the next
  --log FILE                appends a JSON line for each request
  --version
  --help
`;

/** The parsed command line. */
interface Arguments {
  readonly port: number;
  readonly seed: number | undefined;
  readonly key: { readonly accessKeyId: string; readonly accessKeySecret: string } | undefined;
  readonly faults: FaultPlan | undefined;
  readonly state: string | undefined;
  readonly log: string | undefined;
}

class UsageError extends Error {}

function readArguments(args: readonly string[]): Arguments | "help" | "version" {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: {
      port: { type: "string" },
      faults: { type: "string" },
      "access-key-id": { type: "string" },
      "access-key-secret": { type: "string" },
      seed: { type: "string" },
      state: { type: "string" },
      log: { type: "string" },
      version: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    return "help";
  }
  if (values.version === true) {
    return "version";
  }
  const [command, ...others] = positionals;
  if (command !== "emulator") {
    throw new UsageError(
      command === undefined ? "The command is missing." : `${JSON.stringify(command)} is not a command.`,
    );
  }
  if (others.length > 0) {
    throw new UsageError(`The emulator takes no argument ${JSON.stringify(others[0])}.`);
  }
  const accessKeyId = values["access-key-id"];
  const accessKeySecret = values["access-key-secret"];
  if ((accessKeyId ?? "") === "" ? accessKeySecret !== undefined : (accessKeySecret ?? "") === "") {
    throw new UsageError("--access-key-id and --access-key-secret must be set together.");
  }
  return {
    port: wholeNumber("--port", values.port, 65_535) ?? 0,
    seed: wholeNumber("--seed", values.seed, 2 ** 32 - 1),
    key:
      accessKeyId === undefined || accessKeySecret === undefined
        ? undefined
        : { accessKeyId, accessKeySecret },
    faults: values.faults === undefined ? undefined : readFaultFile(values.faults),
    state: values.state,
    log: values.log,
  };
}

function wholeNumber(option: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) {
    throw new UsageError(`${option} must be a whole number from 0 to ${most}, not ${JSON.stringify(text)}.`);
  }
  return value;
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError || error instanceof FaultPlanError) {
    return true;
  }
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("ERR_PARSE_ARGS_")
  );
}

async function main(): Promise<void> {
  let chosen: ReturnType<typeof readArguments>;
  try {
    chosen = readArguments(process.argv.slice(2));
  } catch (error) {
    if (!isUsageError(error)) {
      throw error;
    }
    // parseArgs goes on with advice about arguments that start with a dash: the emulator takes none.
    const [reason] = error.message.replace(/(Unknown option '[^']*').*/, "$1").split("\n");
    process.stderr.write(
      error instanceof FaultPlanError
        ? `${error.message}\n`
        : `${reason!.replace(/\.$/, "")}. "pulumi-alicloud-hpc emulator --help" lists the options.\n`,
    );
    process.exitCode = 2;
    return;
  }
  if (chosen === "help") {
    process.stdout.write(usage);
    return;
  }
  if (chosen === "version") {
    process.stdout.write(`${version()}\n`);
    return;
  }

  try {
    await run(chosen);
  } catch (error) {
    // A port in use, a damaged state, or a file that cannot be written: the message is enough.
    if (
      !(error instanceof StateFileError) &&
      (!(error instanceof Error) || !("syscall" in ((error.cause as object | undefined) ?? error)))
    ) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function run(chosen: Arguments): Promise<void> {
  const log = chosen.log === undefined ? undefined : await openRequestLog(chosen.log);
  const reported = new Set<string>();
  const ecs: Emulator = await startEmulator({
    port: chosen.port,
    // Always the same account, so that it has its clusters in the state file with every key.
    accounts: [{ accountId: "1000000000000001", keys: chosen.key === undefined ? [] : [chosen.key] }],
    ...(chosen.state === undefined ? {} : { stateFile: chosen.state }),
    ...(chosen.seed === undefined ? {} : { seed: chosen.seed }),
    ...(chosen.faults === undefined ? {} : { faults: chosen.faults }),
    requestLimit: 1000,
    onFinished: (record) => {
      log?.write(record);
      for (const action of ecs.missingActions.filter((name) => !reported.has(name))) {
        reported.add(action);
        process.stderr.write(
          `${action} is not an action of this emulator; it has ${ecs.actions.join(", ")}.\n`,
        );
      }
    },
  });

  const stop = (): void => {
    void ecs.stop().then(() => log?.close());
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // After the handlers are installed: a parent may send the signal as soon as it reads the line.
  const { endpoint, accessKeyId, accessKeySecret } = ecs;
  process.stdout.write(JSON.stringify({ endpoint, accessKeyId, accessKeySecret }) + "\n");
  if (process.stdout.isTTY) {
    const variables = Object.entries(ecs.environment).map(([name, value]) => `export ${name}=${value}\n`);
    process.stderr.write(`\nFor programs of this shell:\n\n${variables.join("")}\nCtrl+C stops it.\n`);
  }
}

void main();
