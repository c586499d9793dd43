#!/usr/bin/env node
/**
 * The executable `pulumi-alicloud-hpc`. Each command is loaded only when it is called: the local ECS and the provider import
 * nothing from each other.
 */
import { createRequire } from "node:module";
import { adviceAbout } from "./account/nearestName.ts";

const usage = `Usage: pulumi-alicloud-hpc <command> [options]

  audit       compares the states of stacks with the HPC clusters of the account
  emulator    a local ECS on 127.0.0.1, for tests

pulumi-alicloud-hpc <command> --help lists the options of a command.
`;

const commands: Readonly<Record<string, () => void | Promise<void>>> = {
  audit: async () => {
    const { runAudit } = await import("./audit/cli.ts");
    const exitCode = await runAudit(process.argv.slice(3), process);
    // A file or a connection that does not answer must not keep the process alive.
    process.stdout.write("", () => process.exit(exitCode));
  },
  emulator: () => {
    // It reads the arguments itself. It is compiled on its own, into a folder beside this file.
    createRequire(__filename)("./emulator/cli.js");
  },
};

const [command] = process.argv.slice(2);
const run = command !== undefined && Object.hasOwn(commands, command) ? commands[command] : undefined;
if (run !== undefined) {
  void run();
} else if (command === "--help" || command === "-h") {
  process.stdout.write(usage);
} else if (command === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const advice = adviceAbout(command, Object.keys(commands), "the commands are");
  process.stderr.write(`${JSON.stringify(command)} is not a command: ${advice}\n`);
  process.exitCode = 2;
}
