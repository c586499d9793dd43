/**
 * Programs on disk, run by the ordinary CLI. That needs the language host `pulumi-language-nodejs`, which comes with
 * the official release only: a test that runs programs asks `languageHost()` and skips itself without one.
 */
import { execFile } from "node:child_process";
import { constants, accessSync } from "node:fs";
import path from "node:path";
import type { Backend } from "./backend.ts";
import { ensureEngine, enginePath } from "./engine.ts";
import { engineEnvironment, isolateEnvironment } from "./isolatedEnvironment.ts";

/** How a CLI command ended. */
export interface CliResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** The path of the Node language host beside the engine or on PATH; undefined where there is none. */
export async function languageHost(): Promise<string | undefined> {
  const { root } = await ensureEngine();
  const name = process.platform === "win32" ? "pulumi-language-nodejs.exe" : "pulumi-language-nodejs";
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  if (root !== "") {
    folders.unshift(path.join(root, "bin"));
  }
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `pulumi` with these arguments, without colour and without questions.
 *
 * @param options.cwd the program's folder, which has a Pulumi.yaml.
 * @param options.env besides this process's scrubbed environment.
 * @returns the exit code too, whatever it is; rejects only when the CLI cannot be started.
 */
export async function runCli(
  args: readonly string[],
  options: { cwd: string; backend: Backend; env?: Record<string, string> },
): Promise<CliResult> {
  const { command, root } = await ensureEngine();
  isolateEnvironment();
  // First, as the Automation API has it: a plugin found elsewhere than beside the engine costs a warning.
  const bin = root === "" ? "" : path.join(root, "bin") + path.delimiter;
  return await new Promise((resolve, reject) => {
    execFile(
      command.command,
      [...args, "--non-interactive", "--color", "never"],
      {
        cwd: options.cwd,
        env: {
          ...process.env,
          ...engineEnvironment(options.backend.url),
          PATH: bin + enginePath(),
          ...options.env,
        },
        maxBuffer: 256 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ stdout, stderr, exitCode: 0 });
        } else if (typeof error.code === "number") {
          resolve({ stdout, stderr, exitCode: error.code });
        } else {
          reject(
            new Error(`${command.command} ${args[0] ?? ""} did not end by itself: ${error.message}`, {
              cause: error,
            }),
          );
        }
      },
    );
  });
}
