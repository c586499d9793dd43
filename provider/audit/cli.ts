/** `pulumi-alicloud-hpc audit`. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { configKey, type ConfigKeyName } from "../account/configKeys.ts";
import { systemClock, type Clock } from "../ecs/clock.ts";
import { messageOf } from "../ecs/errors.ts";
import { auditWith, unreadState } from "./audit.ts";
import { unknownKeyReason } from "./configuration.ts";
import { exportStack, stackConfig, textWithin } from "./pulumiCommand.ts";
import type { ExportedState, Unseen } from "./report.ts";
import { tableOf } from "./table.ts";

const usage = `Usage: pulumi-alicloud-hpc audit [options] [FILE...]

Compares states with the service: clusters that no state holds, entries whose cluster is gone, in another account or
region, clusters in two entries, and adopted entries without protection; each with the command that repairs it.
It changes nothing.

  FILE              what \`pulumi stack export\` printed; - is standard input
  --stack NAME      a stack, exported with the pulumi command; may be repeated. Without --profile and --config the
                    configuration of the first one counts
  --region ID       reads only this region; may be repeated. Default: all regions of the account
  --name REGEX      only clusters whose names match (JavaScript, with the flag u)
  --profile NAME    a profile of the Alibaba Cloud CLI. Default: the environment, as for a provider
  --config KEY=VALUE  a key of the configuration, without alicloud:, that is not a secret; may be repeated
  --timeout SECONDS how long reading the regions may take, 1 to 86400. Default: 60
  --json            prints the report as JSON
  --help

Exit code: 0 if nothing was found, 1 if something was, 2 if not everything could be read.
`;

/** What the command reads and writes. */
export interface CommandStreams {
  readonly stdin: Readable;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

interface Arguments {
  readonly files: readonly string[];
  readonly stacks: readonly string[];
  readonly regions: readonly string[];
  readonly nameRegex: string | undefined;
  readonly config: Partial<Record<ConfigKeyName, string>>;
  readonly timeoutMs: number;
  readonly json: boolean;
}

class UsageError extends Error {}

/**
 * Runs the command.
 *
 * @param args without the name of the command
 * @returns the exit code
 */
export async function runAudit(
  args: readonly string[],
  { stdin, stdout, stderr }: CommandStreams,
  clock: Clock = systemClock,
): Promise<number> {
  try {
    const chosen = readArguments(args);
    if (chosen === "help") {
      stdout.write(usage);
      return 0;
    }
    const { regions, nameRegex, timeoutMs } = chosen;
    const { states, unseen } = await readSources(chosen, stdin, clock);
    const isConfigured = Object.keys(chosen.config).length > 0 || chosen.stacks.length === 0;
    const options = {
      states,
      regions,
      ...(nameRegex === undefined ? {} : { nameRegex }),
      config: isConfigured ? chosen.config : await configOf(chosen.stacks[0]!, clock),
      timeoutMs,
      // On a terminal each line replaces the one before.
      onProgress: (text: string) => stderr.write(stderr.isTTY === true ? `\r\u001B[K${text}` : `${text}\n`),
    };
    const report = await auditWith(options, clock, unseen);
    stderr.write(stderr.isTTY === true ? "\r\u001B[K" : "");
    stdout.write(chosen.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
    return report.exitCode;
  } catch (error) {
    const isUsage = error instanceof UsageError || isParseError(error);
    stderr.write(`${messageOf(error)}\n${isUsage ? `\n${usage}` : "Nothing was compared.\n"}`);
    return 2;
  }
}

function readArguments(args: readonly string[]): Arguments | "help" {
  const { values, positionals: files } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: {
      stack: { type: "string", multiple: true },
      region: { type: "string", multiple: true },
      name: { type: "string" },
      profile: { type: "string" },
      config: { type: "string", multiple: true },
      timeout: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    return "help";
  }
  const stacks = values.stack ?? [];
  if (files.length + stacks.length === 0) {
    throw new UsageError("Give a state: a FILE, - for standard input, or --stack NAME.");
  }
  const seconds = Number(values.timeout ?? 60);
  if (!(seconds >= 1 && seconds <= 86_400)) {
    throw new UsageError("--timeout must be a number of seconds from 1 to 86400.");
  }
  return {
    files,
    stacks,
    regions: values.region ?? [],
    nameRegex: values.name,
    config: {
      ...Object.fromEntries((values.config ?? []).map(configValue)),
      ...(values.profile === undefined ? {} : { profile: values.profile }),
    },
    timeoutMs: seconds * 1_000,
    json: values.json === true,
  };
}

/** A value of `--config`. */
function configValue(text: string): [ConfigKeyName, string] {
  const [key = "", ...rest] = text.split("=");
  const reason = unknownKeyReason(key);
  if (reason !== undefined) {
    throw new UsageError(`--config: ${reason}`);
  }
  const row = configKey(key as ConfigKeyName);
  if (row.isSecret === true) {
    throw new UsageError(
      `--config: ${key} is a secret, and other programs of this machine can read a command line. ` +
        (row.environment === undefined
          ? "Use a profile, or --stack with a stack that has it."
          : `Set the environment variable ${row.environment[0]}.`),
    );
  }
  if (rest.length === 0) {
    throw new UsageError(`--config: give ${key} a value: --config ${key}=….`);
  }
  return [key as ConfigKeyName, rest.join("=")];
}

/** The states, and those that could not be read. */
async function readSources(
  { files, stacks }: Arguments,
  stdin: Readable,
  clock: Clock,
): Promise<{ states: ExportedState[]; unseen: Unseen[] }> {
  const sources = [
    ...files.map((file) => ({
      source: file === "-" ? "standard input" : file,
      read: () => textWithin(file === "-" ? stdin : createReadStream(file), clock),
    })),
    ...stacks.map((stack) => ({ source: stack, stack, read: () => exportStack(stack, clock) })),
  ];
  const states: ExportedState[] = [];
  const unseen: Unseen[] = [];
  for (const { read, ...source } of sources) {
    try {
      states.push({ ...source, text: await read() });
    } catch (error) {
      unseen.push(unreadState(source.source, error));
    }
  }
  return { states, unseen };
}

async function configOf(stack: string, clock: Clock): Promise<Arguments["config"]> {
  try {
    return await stackConfig(stack, clock);
  } catch (error) {
    throw new Error(
      `The configuration of the stack ${stack} cannot be read: ${messageOf(error)}. With --profile or --config the audit does ` +
        "not read it.",
    );
  }
}

function isParseError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}
