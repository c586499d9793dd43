import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../..");

/** Lets Node load the provider's sources, which are CommonJS once they are compiled. */
const loadTypeScript = `
  const { readFileSync } = require("node:fs");
  const ts = require("typescript");
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  require.extensions[".ts"] = (module, file) =>
    module._compile(ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions }).outputText, file);
`;

/** The command line of a Node process that runs this program, which requires the provider's modules as "./provider/…". */
const commandLine = (program: string): string[] => ["-e", `${loadTypeScript}${program}`];

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Runs a program to its end.
 *
 * @param through a command that runs the command line after it
 */
export async function runInChild(
  program: string,
  variables: Variables,
  through: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, ...variables };
  const [file, ...args] = [...through, process.execPath, ...commandLine(program)];
  return await promisify(execFile)(file!, args, { cwd: root, env });
}

/** Starts a program that lives until it is stopped. Resolves once it has printed something. */
export async function startChild(
  program: string,
  variables: Variables,
): Promise<{ printed: string; stop(): Promise<void> }> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, commandLine(program), {
    cwd: root,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const printed = await Promise.race([
    once(child.stdout, "data").then(([chunk]) => String(chunk)),
    exited.then(([code]) => Promise.reject(new Error(`The program ended with ${String(code)}.`))),
  ]);
  return {
    printed,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
