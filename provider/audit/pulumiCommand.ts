/** Runs the `pulumi` CLI and reads files, each with a time limit. */
import { execFile } from "node:child_process";
import { text as textOfStream } from "node:stream/consumers";
import { addAbortSignal, type Readable } from "node:stream";
import type { ConfigKeyName } from "../account/configKeys.ts";
import { configKeys } from "../account/configKeys.ts";
import type { Clock } from "../ecs/clock.ts";
import { isObject, jsonObject } from "../ecs/json.ts";

/** How long a command of the CLI, or a file, may take, milliseconds. */
const TIMEOUT_MS = 60_000;
/** In bytes. */
const LONGEST_OUTPUT = 512 * 1024 * 1024;

/** @throws if the stack cannot be exported */
export async function exportStack(stack: string, clock: Clock): Promise<string> {
  return await pulumi(["stack", "export", "--stack", stack], clock);
}

/**
 * The configuration that a provider of the stack would get: `alicloud-hpc:*`, then `alicloud:*`.
 *
 * @throws if it cannot be read
 */
export async function stackConfig(
  stack: string,
  clock: Clock,
): Promise<Partial<Record<ConfigKeyName, string>>> {
  const printed = await pulumi(["config", "--json", "--show-secrets", "--stack", stack], clock);
  const values = jsonObject(printed) ?? {};
  return Object.fromEntries(
    (Object.keys(configKeys) as ConfigKeyName[]).flatMap((key) => {
      const found = values[`alicloud-hpc:${key}`] ?? values[`alicloud:${key}`];
      const value = isObject(found) ? found["value"] : undefined;
      return typeof value === "string" ? [[key, value]] : [];
    }),
  );
}

/** @throws if it does not end within a minute */
export async function textWithin(stream: Readable, clock: Clock): Promise<string> {
  return await withDeadline(clock, async (signal) => await textOfStream(addAbortSignal(signal, stream)));
}

async function pulumi(args: readonly string[], clock: Clock): Promise<string> {
  return await withDeadline(
    clock,
    (signal) =>
      new Promise<string>((resolve, reject) => {
        const options = {
          signal,
          killSignal: "SIGKILL",
          maxBuffer: LONGEST_OUTPUT,
          windowsHide: true,
        } as const;
        const all = [...args, "--non-interactive", "--color", "never"];
        const child = execFile("pulumi", all, options, (error, stdout, stderr) => {
          if (error === null) {
            resolve(stdout);
          } else if (error.code === "ENOENT") {
            reject(new Error("the command pulumi is not on PATH"));
          } else {
            const said = stderr.trim().replaceAll(/\s*\n\s*/g, " ");
            reject(
              new Error(`\`pulumi ${args.join(" ")}\` failed: ${said.slice(0, 1_000) || error.message}`),
            );
          }
        });
        // So a command that asks for a passphrase fails instead of waiting for one.
        child.stdin?.end();
      }),
  );
}

/** @throws if `run` takes longer than the time limit */
async function withDeadline<T>(clock: Clock, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const ended = new AbortController();
  const timer = clock.sleep(TIMEOUT_MS, { signal: ended.signal }).then(
    () => {
      over.abort();
    },
    () => undefined, // `run` has ended
  );
  try {
    return await run(over.signal);
  } catch (error) {
    throw over.signal.aborted ? new Error(`there was no answer within ${TIMEOUT_MS / 1_000} s`) : error;
  } finally {
    ended.abort();
    await timer;
  }
}
