/**
 * One consumer, from an empty folder to a destroyed stack: the package from its tarball, on the real engine, against a
 * local ECS whose store is compared with what the program says.
 */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { type Backend, StateFile, createBackend, readStateText } from "../engine/backend.ts";
import { languageHost, runCli } from "../engine/cli.ts";
import { ensureEngine, enginePath } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/isolatedEnvironment.ts";
import { clusterType, defaultRegion } from "../e2e/ecsStack.ts";
import { type Cell, type Stage, versions } from "./cells.ts";
import { compilerOptions, declared, inlineRunner, programFile, programText, sharedName } from "./programs.ts";
import { CommandFailure, type Toolbox, execute } from "./toolbox.ts";

/** How a consumer fared. */
export interface CellResult {
  cell: Cell;
  /** Whether it did what the table says, be it to work or to fail. */
  isAsExpected: boolean;
  /** For people: `works`, or where and why not. */
  verdict: string;
  /** The program ran from its file by the CLI, or inline. */
  program: "on disk" | "inline";
  /** What the state refers to, and the size of that text; empty if it did not come that far. */
  reference: string;
  seconds: number;
  /** All that the failed command printed. */
  output: string;
}

/** A cell in one line. */
export function cellName(cell: Cell): string {
  const settings = Object.entries(cell.pnpmSettings ?? {}).map(([key, value]) => `${key}=${value}`);
  return [cell.manager.replace(" ", ""), cell.module, cell.language, cell.sdk, `node${cell.node}`]
    .concat(settings)
    .join("-");
}

/** Tries a consumer; rejects only when it could not be tried. */
export async function tryCell(cell: Cell, toolbox: Toolbox): Promise<CellResult> {
  const started = performance.now();
  const program = (await languageHost()) === undefined ? "inline" : "on disk";
  await using consumer = await Consumer.make(cell, toolbox, program);
  let failure: { stage: Stage; error: unknown } | undefined;
  for (const [stage, run] of consumer.stages()) {
    try {
      await run();
    } catch (error) {
      failure = { stage, error };
      break;
    }
  }
  const result = { cell, program, reference: consumer.reference } as const;
  const seconds = Math.round((performance.now() - started) / 1000);
  return { ...result, ...judge(cell, failure), seconds };
}

function judge(
  cell: Cell,
  failure: { stage: Stage; error: unknown } | undefined,
): Pick<CellResult, "isAsExpected" | "verdict" | "output"> {
  const { fails } = cell;
  if (failure === undefined) {
    return fails === undefined
      ? { isAsExpected: true, verdict: "works", output: "" }
      : { isAsExpected: false, verdict: `works, but should fail at ${fails.at}: ${fails.why}`, output: "" };
  }
  const { stage, error } = failure;
  const message = error instanceof Error ? error.message : String(error);
  const output = error instanceof CommandFailure ? error.output : String(error);
  if (fails !== undefined && fails.at === stage && output.includes(fails.saying)) {
    return { isAsExpected: true, verdict: `fails at ${stage}, as it has to: ${fails.why}`, output };
  }
  return { isAsExpected: false, verdict: `FAILS at ${stage}: ${message.split("\n")[0] ?? ""}`, output };
}

class Consumer implements AsyncDisposable {
  /** What the state refers to, as soon as there is one. */
  reference = "";
  private readonly cell: Cell;
  private readonly toolbox: Toolbox;
  private readonly program: CellResult["program"];
  private readonly ecs: Emulator;
  private readonly backend: Backend;
  private readonly folder: string;
  private readonly node: string;
  private readonly sharedId: string;

  private constructor(parts: {
    cell: Cell;
    toolbox: Toolbox;
    program: CellResult["program"];
    ecs: Emulator;
    folder: string;
    node: string;
  }) {
    this.cell = parts.cell;
    this.toolbox = parts.toolbox;
    this.program = parts.program;
    this.ecs = parts.ecs;
    this.folder = parts.folder;
    this.node = parts.node;
    this.backend = createBackend();
    this.sharedId = parts.ecs.store.add({ name: sharedName, regionId: defaultRegion }).hpcClusterId;
  }

  /** An empty folder beside the tarball, with what a user writes. */
  static async make(cell: Cell, toolbox: Toolbox, program: CellResult["program"]): Promise<Consumer> {
    const folder = path.join(toolbox.folder, cellName(cell));
    const tarball = await toolbox.tarball();
    const node = await toolbox.node(cell.node);
    mkdirSync(folder);
    for (const [name, text] of Object.entries(usersFiles(cell, path.relative(folder, tarball)))) {
      writeFileSync(path.join(folder, name), text);
    }
    return new Consumer({ cell, toolbox, program, ecs: await startEmulator(), folder, node });
  }

  /** The steps, in order; each leaves the stack as the next one needs it. */
  stages(): [Stage, () => Promise<void>][] {
    const isTyped = this.cell.language !== "js";
    return [
      ["install", () => this.toolbox.install(this.cell, this.folder)],
      ...(isTyped ? [["type-check", () => this.typeCheck()] satisfies [Stage, unknown]] : []),
      ["configure", () => this.configure()],
      ["up", () => this.up()],
      ["up again", () => this.withoutChanges("up again")],
      ["refresh", () => this.withoutChanges("refresh")],
      ["destroy", () => this.destroy()],
    ];
  }

  private async typeCheck(): Promise<void> {
    const compiler = path.join(this.folder, "node_modules/typescript/bin/tsc");
    const options = { cwd: this.folder, node: this.node };
    await this.toolbox.run(this.node, [compiler, "--noEmit"], options);
    // Node itself loads the inline program, and needs JavaScript.
    if (this.program === "inline") {
      await this.toolbox.run(this.node, [compiler], options);
    }
  }

  private async configure(): Promise<void> {
    const { endpoint, accessKeyId, accessKeySecret } = this.ecs;
    const endpoints = JSON.stringify([{ ecs: endpoint }]);
    await this.cli(["stack", "init", "dev"]);
    await this.cli([
      ...["config", "set-all", "--stack", "dev"],
      ...["--plaintext", `alicloud:region=${defaultRegion}`],
      ...["--plaintext", `alicloud:accessKey=${accessKeyId}`],
      ...["--plaintext", `alicloud:endpoints=${endpoints}`],
      ...["--secret", `alicloud:secretKey=${accessKeySecret}`],
    ]);
  }

  private async up(): Promise<void> {
    await this.operation("up");
    assert.deepEqual(this.made(), declared);
    const state = new StateFile(readStateText(this.backend, "infra", "dev"));
    const outputs = state.resources("pulumi:pulumi:Stack")[0]?.outputs ?? {};
    assert.equal(outputs["clusterId"], state.resource("rendering").id);
    assert.deepEqual(outputs["sharedIds"], [this.sharedId]);
    const texts = state
      .resources(clusterType)
      .flatMap(({ inputs, outputs }) => [inputs?.["__provider"], outputs?.["__provider"]]);
    const [text] = texts;
    assert.ok(typeof text === "string", "no __provider in the state");
    assert.equal(new Set(texts).size, 1, "the clusters refer to different providers");
    const referred = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
    this.reference = `${referred.join(" ") || "by value"}, ${Buffer.byteLength(text)} bytes`;
    assert.deepEqual(referred, [this.cell.reference ?? "pulumi-alicloud-hpc/lifecycle"]);
  }

  private async withoutChanges(stage: "up again" | "refresh"): Promise<void> {
    const before = this.ecs.requests.filter(({ committed }) => committed).length;
    await this.operation(stage);
    assert.equal(this.ecs.requests.filter(({ committed }) => committed).length, before);
    assert.deepEqual(this.made(), declared);
  }

  private async destroy(): Promise<void> {
    await this.operation("destroy");
    assert.deepEqual(this.made(), []);
    assert.ok(this.ecs.store.find(this.sharedId), "destroy deleted a cluster of somebody else");
    assert.deepEqual(new StateFile(readStateText(this.backend, "infra", "dev")).resources(), []);
  }

  /** The clusters in the service that the program has made. */
  private made(): { name: string; regionId: string }[] {
    return this.ecs.store
      .clusters()
      .filter(({ hpcClusterId }) => hpcClusterId !== this.sharedId)
      .map(({ name, regionId }) => ({ name, regionId }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async operation(stage: "up" | "up again" | "refresh" | "destroy"): Promise<void> {
    if (this.program === "on disk") {
      const unchanged = stage === "up" || stage === "destroy" ? [] : ["--expect-no-changes"];
      const [command = stage] = stage.split(" ");
      await this.cli([command, "--stack", "dev", "--yes", "--skip-preview", ...unchanged]);
      return;
    }
    const file = this.cell.language === "js" ? programFile(this.cell) : "bin/index.js";
    const { root } = await ensureEngine();
    await execute(this.node, ["run.mjs", stage, file, root], {
      cwd: this.folder,
      env: { ...process.env, ...engineEnvironment(this.backend.url), PATH: this.path() },
    });
  }

  private async cli(args: readonly string[]): Promise<void> {
    const options = { cwd: this.folder, backend: this.backend, env: { PATH: this.path() } };
    const { stdout, stderr, exitCode } = await runCli(args, options);
    if (exitCode !== 0) {
      throw new CommandFailure(`pulumi ${args[0] ?? ""}`, stdout + stderr);
    }
  }

  /** The engine runs programs and providers with the first `node` there is. */
  private path(): string {
    return [path.dirname(this.node), enginePath()].join(path.delimiter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ecs.close();
    this.backend.dispose();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The files of the folder, by name. */
function usersFiles(cell: Cell, tarball: string): Record<string, string> {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const files: Record<string, string> = {
    "Pulumi.yaml": "name: infra\nruntime: nodejs\n",
    "package.json": json(manifestOf(cell, tarball)),
    [programFile(cell)]: programText(cell),
    "run.mjs": inlineRunner,
  };
  if (cell.language !== "js") {
    files["tsconfig.json"] = json({ compilerOptions: compilerOptions(cell), files: [programFile(cell)] });
  }
  if (cell.manager !== "npm") {
    // pnpm wants to be told about the one dependency of @pulumi/pulumi that has an install script.
    const settings = { allowBuilds: { protobufjs: false }, ...cell.pnpmSettings };
    files["pnpm-workspace.yaml"] = json(settings); // JSON is YAML
  }
  return files;
}

function manifestOf(cell: Cell, tarball: string): Record<string, unknown> {
  const { language, module, sdk } = cell;
  const typed = {
    "@types/node": "24.19.2",
    typescript: language === "js" ? "" : versions[language],
    // What @pulumi/pulumi needs to run TypeScript as an ES module.
    ...(module === "esm" ? { "ts-node": "10.9.2" } : {}),
  };
  return {
    name: "infra",
    private: true,
    ...(module === "esm" ? { type: "module" } : {}),
    main: programFile(cell),
    dependencies: {
      "@pulumi/pulumi": sdk,
      "pulumi-alicloud-hpc": `file:${tarball.split(path.sep).join("/")}`,
    },
    ...(language === "js" ? {} : { devDependencies: typed }),
  };
}
