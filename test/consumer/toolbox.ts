/** What the consumers are made with: the packed package, the versions of Node, and pnpm; got once for all cells. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { type Cell, versions } from "./cells.ts";

// As the process started: isolateEnvironment() empties the home folder, and with it the caches of npm and pnpm.
const environment = usersEnvironment(process.env);

const commandWithinMs = 5 * 60_000;

/** A command that has ended well, or an error that has all it said. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly output: string;

  constructor(command: string, output: string, cause?: unknown) {
    super(`${command} failed`, { cause });
    this.output = output;
  }
}

/** Gets what a cell needs when it is first needed. */
export class Toolbox implements Disposable {
  readonly folder: string;
  private readonly remove = (): void => rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  private readonly progress: (line: string) => void;
  private readonly tools = new Map<string, Promise<string>>();
  private packed: Promise<string> | undefined;

  constructor(progress: (line: string) => void) {
    this.progress = progress;
    // Not in the tests' own temporary folder: its name has the package's name in it, and SDKs before 3.251 then take
    // that for the package.
    this.folder = mkdtempSync(path.join(realpathSync(tmpdir()), "hpc-consumers-"));
    process.once("exit", this.remove);
  }

  /** Removes the folder, with every tool and whatever is left of a consumer. */
  [Symbol.dispose](): void {
    process.off("exit", this.remove);
    this.remove();
  }

  /** The package as `npm publish` would send it, packed from the copy that the engine's tests use. */
  tarball(): Promise<string> {
    this.packed ??= installPackedPackage({ progress: this.progress }).then(async ({ folder }) => {
      await this.npm(["pack", folder, "--ignore-scripts"], {
        cwd: this.folder,
        node: process.execPath,
      });
      const name = readdirSync(this.folder).find((file) => file.endsWith(".tgz"));
      if (name === undefined) {
        throw new Error(`npm pack left no tarball in ${this.folder}`);
      }
      return path.join(this.folder, name);
    });
    return this.packed;
  }

  /** The executable of a version of Node; this process's own, where that is of the same major version. */
  async node(major: Cell["node"]): Promise<string> {
    if (process.versions.node.startsWith(`${major}.`)) {
      return process.execPath;
    }
    const folder = await this.tool("node", versions[major]);
    return path.join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
  }

  /** Installs the dependencies of a folder with the cell's package manager, on the cell's Node. */
  async install(cell: Cell, cwd: string): Promise<void> {
    const node = await this.node(cell.node);
    if (cell.manager === "npm") {
      await this.npm(["install"], { cwd, node });
      return;
    }
    const pnpm = await this.tool("pnpm", versions[cell.manager]);
    const script = ["pnpm.mjs", "pnpm.cjs"]
      .map((name) => path.join(pnpm, "bin", name))
      .find((file) => existsSync(file));
    if (script === undefined) {
      throw new Error(`no pnpm in ${pnpm}`);
    }
    await this.run(node, [script, "install"], { cwd, node });
  }

  /** Runs npm, by preference the one that runs us, on a given Node. */
  async npm(args: readonly string[], options: { cwd: string; node: string }): Promise<string> {
    const script = process.env["npm_execpath"];
    return script !== undefined && /npm-cli\.[cm]?js$/.test(script)
      ? await this.run(options.node, [script, ...args], options)
      : await this.run(process.platform === "win32" ? "npm.cmd" : "npm", args, options);
  }

  /** Runs a command with a user's own environment, that Node first on PATH; resolves to all it printed. */
  run(command: string, args: readonly string[], options: { cwd: string; node: string }): Promise<string> {
    const PATH = [path.dirname(options.node), environment["PATH"] ?? ""].join(path.delimiter);
    return execute(command, args, { cwd: options.cwd, env: { ...environment, PATH } });
  }

  private tool(name: string, version: string): Promise<string> {
    const key = `${name}@${version}`;
    let tool = this.tools.get(key);
    if (tool === undefined) {
      tool = this.getTool(name, version);
      this.tools.set(key, tool);
    }
    return tool;
  }

  private async getTool(name: string, version: string): Promise<string> {
    this.progress(`getting ${name} ${version}`);
    const folder = path.join(this.folder, `${name}-${version}`);
    mkdirSync(folder);
    // The package `node` gets its executable by a script.
    const manifest = {
      private: true,
      dependencies: { [name]: version },
      allowScripts: { [name]: name === "node" },
    };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    await this.npm(["install"], { cwd: folder, node: process.execPath });
    return path.join(folder, "node_modules", name);
  }
}

/** Runs a command to its end, with exactly that environment. */
export function execute(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      {
        ...options,
        timeout: commandWithinMs,
        maxBuffer: 64 * 1024 * 1024,
        shell: command.endsWith(".cmd"),
      },
      (error, stdout, stderr) => {
        if (error === null) {
          return resolve(stdout + stderr);
        }
        const late = error.killed === true ? `not done after ${commandWithinMs / 60_000} minutes\n` : "";
        const title = [path.basename(command), ...args.map((arg) => path.basename(arg))].join(" ");
        reject(new CommandFailure(title, late + stdout + stderr, error));
      },
    );
  });
}

/** Without what `npm run` adds: it speaks of this repository. What the user has set for npm everywhere stays. */
function usersEnvironment(inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours =
    /^(INIT_CWD|NODE_OPTIONS|NODE_V8_COVERAGE|NODE_PATH|npm_(package|lifecycle)_.*|npm_config_(local_)?prefix)$/;
  return Object.fromEntries(Object.entries(inherited).filter(([name]) => !ours.test(name)));
}
