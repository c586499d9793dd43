/** The commands of a page in docs/, which tests run as they are written there. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { ensureEngine, enginePath, repositoryRoot } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/isolatedEnvironment.ts";
import type { TestStack } from "../engine/stack.ts";

/** Finds the one command of the page that begins so, with values for its placeholders (`<name>`). */
export function commandsOf(page: string): (beginning: string, values?: Record<string, string>) => string {
  const text = readFileSync(path.join(repositoryRoot, "docs", page), "utf8");
  const commands = [...text.matchAll(/`(pulumi [^`]+)`|^(pulumi .+)$/gm)].map(
    ([, inline, line]) => inline ?? line!,
  );
  return (beginning, values = {}) => {
    const found = commands.filter((command) => command.startsWith(beginning));
    expect(found, beginning).toHaveLength(1);
    return found[0]!.replaceAll(/<([a-z ]+)>/g, (_, name: string) => {
      expect(Object.keys(values)).toContain(name);
      return values[name]!;
    });
  };
}

/** Runs a command in the program's folder, with the stack selected. Returns what it prints; throws if it fails. */
export async function shell(
  stack: TestStack,
  command: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { root } = await ensureEngine();
  const { stdout } = await promisify(execFile)("sh", ["-c", command], {
    cwd: stack.workDir,
    env: {
      ...process.env,
      ...engineEnvironment(stack.backend.url),
      PATH: (root === "" ? "" : path.join(root, "bin") + path.delimiter) + enginePath(),
      PULUMI_STACK: stack.stackName,
      ...env,
    },
  });
  return stdout;
}
