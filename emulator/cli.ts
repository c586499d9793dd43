import { parseArgs } from "node:util";

import { startEmulator } from "./emulator.ts";
import { FaultPlanError, readFaultFile } from "./faultFile.ts";
import type { FaultPlan } from "./fault.ts";
import { openRequestLog } from "./requestLog.ts";

const usage = `Usage: npm run emulator -- [options]

A local ECS on 127.0.0.1. Prints one JSON line, {"endpoint","accessKeyId","accessKeySecret"}, and runs until SIGINT or SIGTERM.
The endpoint serves ECS and STS: set alicloud:endpoints to [{"ecs":ENDPOINT,"sts":ENDPOINT}].

  --port N                  default 0: a free port
  --access-key-id ID        default: a random key pair
  --access-key-secret SECRET
  --faults FILE             a fault plan, see emulator/fault.ts
  --seed N                  makes ids and faults repeatable
  --log FILE                appends a JSON line for each request
  --help
`;

/** The parsed command line. */
interface Arguments {
  readonly port: number;
  readonly seed: number | undefined;
  readonly key: { readonly accessKeyId: string; readonly accessKeySecret: string } | undefined;
  readonly faults: FaultPlan | undefined;
  readonly log: string | undefined;
}

class UsageError extends Error {}

function readArguments(args: readonly string[]): Arguments | "help" {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      port: { type: "string" },
      faults: { type: "string" },
      "access-key-id": { type: "string" },
      "access-key-secret": { type: "string" },
      seed: { type: "string" },
      log: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    return "help";
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
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (chosen === "help") {
    process.stdout.write(usage);
    return;
  }

  try {
    await run(chosen);
  } catch (error) {
    // A port in use or a log that cannot be written: the system's message is enough.
    if (!(error instanceof Error) || !("syscall" in error)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function run(chosen: Arguments): Promise<void> {
  const log = chosen.log === undefined ? undefined : await openRequestLog(chosen.log);
  const ecs = await startEmulator({
    port: chosen.port,
    ...(chosen.key === undefined
      ? {}
      : { accounts: [{ accountId: "1000000000000001", keys: [chosen.key] }] }),
    ...(chosen.seed === undefined ? {} : { seed: chosen.seed }),
    ...(chosen.faults === undefined ? {} : { faults: chosen.faults }),
    requestLimit: 1000,
    ...(log === undefined ? {} : { onFinished: log.write }),
  });

  const stop = (): void => {
    void ecs.close().then(() => log?.close());
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // After the handlers are installed: a parent may send the signal as soon as it reads the line.
  const { endpoint, accessKeyId, accessKeySecret } = ecs;
  process.stdout.write(JSON.stringify({ endpoint, accessKeyId, accessKeySecret }) + "\n");
}

await main();
