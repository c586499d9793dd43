/** What the consumers are made with: the packed package, the versions of Node, and pnpm; got once for all cells. */
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
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

/** The package that a package manager comes in, and where its executable may be there. */
const managers: Readonly<
  Record<Exclude<Cell["manager"], "npm">, { name: string; executables: readonly string[] }>
> = {
  "pnpm 10": { name: "pnpm", executables: ["bin/pnpm.cjs"] },
  "pnpm 12": { name: "pnpm", executables: ["bin/pnpm.mjs", "bin/pnpm.cjs"] },
  "yarn 1": { name: "yarn", executables: ["bin/yarn.js"] },
  "yarn 4": { name: "@yarnpkg/cli-dist", executables: ["bin/yarn.js"] },
  bun: { name: "bun", executables: ["bin/bun.exe", "bin/bun"] },
};

interface RunOptions {
  cwd: string;
  node: string;
  env?: Readonly<Record<string, string>>;
}

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
    const { name, executables } = managers[cell.manager];
    const folder = await this.tool(name, versions[cell.manager]);
    const executable = executables.map((file) => path.join(folder, file)).find((file) => existsSync(file));
    if (executable === undefined) {
      throw new Error(`no ${cell.manager} in ${folder}`);
    }
    const isScript = /\.[cm]?js$/.test(executable);
    await this.run(isScript ? node : executable, [...(isScript ? [executable] : []), "install"], {
      cwd,
      node,
    });
  }

  /** A folder like a checkout of the package's repository, without what only its development needs. */
  async checkOut(folder: string): Promise<void> {
    const packed = await installPackedPackage({ progress: this.progress });
    cpSync(packed.folder, folder, { recursive: true });
    const file = path.join(folder, "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...manifest, devDependencies: {}, scripts: {} }));
  }

  /** `npm link` of a package's folder. */
  async link(packageFolder: string, options: RunOptions): Promise<void> {
    // It leaves a symlink in the global folder too, so it gets another one.
    const prefix = path.join(this.folder, "global");
    mkdirSync(path.join(prefix, "lib"), { recursive: true });
    const env = { npm_config_prefix: prefix };
    await this.npm(["link", packageFolder], { ...options, env });
  }

  /** Runs npm, by preference the one that runs us, on a given Node. */
  async npm(args: readonly string[], options: RunOptions): Promise<string> {
    const script = process.env["npm_execpath"];
    return script !== undefined && /npm-cli\.[cm]?js$/.test(script)
      ? await this.run(options.node, [script, ...args], options)
      : await this.run(process.platform === "win32" ? "npm.cmd" : "npm", args, options);
  }

  /** Runs a command with a user's own environment, that Node first on PATH; resolves to all it printed. */
  run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
    const others = options.env?.["PATH"] ?? environment["PATH"] ?? "";
    const PATH = [path.dirname(options.node), others].join(path.delimiter);
    return execute(command, args, { cwd: options.cwd, env: { ...environment, ...options.env, PATH } });
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
    const folder = path.join(this.folder, `${name.replace("/", "-")}-${version}`);
    mkdirSync(folder);
    // These packages get their executable by a script.
    const manifest = {
      private: true,
      dependencies: { [name]: version },
      allowScripts: { [name]: name === "node" || name === "bun" },
    };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    await this.npm(["install"], { cwd: folder, node: process.execPath });
    return path.join(folder, "node_modules", name);
  }
}

/** Runs a command to its end, with exactly that environment. */
function execute(
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
