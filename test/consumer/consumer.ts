/**
 * One consumer, from an empty folder to a destroyed stack: the package from its tarball, on the real engine, against a
 * local ECS whose store is compared with what the program says.
 */
import assert from "node:assert/strict";
import { mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { type Backend, StateFile, createBackend, readStateText } from "../engine/backend.ts";
import { languageHost, runCli } from "../engine/cli.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { enginePath } from "../engine/engine.ts";
import { clusterType, defaultRegion } from "../e2e/ecsStack.ts";
import { type Cell, type Stage, versions } from "./cells.ts";
import { compilerOptions, declared, programFile, programText, sharedName } from "./programs.ts";
import type { Registrations } from "./registrations.ts";
import { CommandFailure, type Toolbox } from "./toolbox.ts";

/** The two folders, where the package is not installed from its tarball. */
const packageFolder = "hpc";
const programFolder = "infra";

/** How a consumer fared. */
export interface CellResult {
  cell: Cell;
  /** Whether it did what the table says, be it to work or to fail. */
  isAsExpected: boolean;
  /** For people: `works`, or where and why not. */
  verdict: string;
  seconds: number;
  /** All that the failed command printed. */
  output: string;
}

/** A cell in one line. */
export function cellName(cell: Cell): string {
  const settings = Object.entries(cell.pnpmSettings ?? {}).map(([key, value]) => `${key}=${value}`);
  return [cell.manager.replace(" ", ""), cell.module, cell.language, cell.sdk, `node${cell.node}`]
    .concat(cell.layout?.replace(" ", "") ?? [], settings)
    .join("-");
}

/** Tries a consumer, up to a step (default: all); rejects only when it could not be tried. */
export async function tryCell(cell: Cell, toolbox: Toolbox, last?: Stage): Promise<CellResult> {
  const started = performance.now();
  await using consumer = await Consumer.make(cell, toolbox);
  let failure: { stage: Stage; error: unknown } | undefined;
  for (const [stage, run] of consumer.stages()) {
    try {
      await run();
    } catch (error) {
      failure = { stage, error };
      break;
    }
    if (stage === last) {
      break;
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  return { cell, ...judge(cell, failure), seconds };
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
  private readonly cell: Cell;
  private readonly toolbox: Toolbox;
  private readonly host: LanguageHost | undefined;
  private readonly ecs: Emulator;
  private readonly backend: Backend;
  /** All of it, and the program's part. */
  private readonly root: string;
  private readonly folder: string;
  private readonly node: string;
  private readonly sharedId: string;

  private constructor(parts: {
    cell: Cell;
    toolbox: Toolbox;
    host: LanguageHost | undefined;
    ecs: Emulator;
    root: string;
    folder: string;
    node: string;
  }) {
    this.cell = parts.cell;
    this.toolbox = parts.toolbox;
    this.host = parts.host;
    this.ecs = parts.ecs;
    this.root = parts.root;
    this.folder = parts.folder;
    this.node = parts.node;
    this.backend = createBackend();
    this.sharedId = parts.ecs.store.add({ name: sharedName, regionId: defaultRegion }).hpcClusterId;
  }

  /** An empty folder beside the tarball, with what a user writes; the package's folder beside the program's, where they are two. */
  static async make(cell: Cell, toolbox: Toolbox): Promise<Consumer> {
    const root = path.join(toolbox.folder, cellName(cell));
    const folder = cell.layout === undefined ? root : path.join(root, programFolder);
    const tarball = await toolbox.tarball();
    const node = await toolbox.node(cell.node);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(usersFiles(cell, path.relative(folder, tarball)))) {
      writeFileSync(path.join(folder, name), text);
    }
    if (cell.layout !== undefined) {
      await toolbox.checkOut(path.join(root, packageFolder));
    }
    const rootFiles = cell.layout === "npm link" ? {} : settingsFiles(cell);
    for (const [name, text] of Object.entries(rootFiles)) {
      writeFileSync(path.join(root, name), text);
    }
    const host =
      (await languageHost()) === undefined
        ? await LanguageHost.start({ run: { node, folder, typescript: cell.language !== "ts7" } })
        : undefined;
    return new Consumer({ cell, toolbox, host, ecs: await startEmulator(), root, folder, node });
  }

  /** The steps, in order; each leaves the stack as the next one needs it. */
  stages(): [Stage, () => Promise<void>][] {
    const { language } = this.cell;
    const typeCheck: [Stage, () => Promise<void>] = ["type-check", () => this.typeCheck()];
    const registrations: [Stage, () => Promise<void>] = ["registrations", () => this.registrations()];
    return [
      ["install", () => this.install()],
      ...(language === "js" ? [] : [typeCheck]),
      // The SDK's serializer, with which the comparison is made, needs the API that TypeScript 7 does not have.
      ...(language === "ts7" ? [] : [registrations]),
      ["configure", () => this.configure()],
      ["up", () => this.up()],
      ["up again", () => this.withoutChanges("up again")],
      ["refresh", () => this.withoutChanges("refresh")],
      ["destroy", () => this.destroy()],
    ];
  }

  private async install(): Promise<void> {
    if (this.cell.layout === "npm link") {
      const checkout = path.join(this.root, packageFolder);
      await this.toolbox.install(this.cell, checkout);
      await this.toolbox.install(this.cell, this.folder);
      await this.toolbox.link(checkout, { cwd: this.folder, node: this.node });
    } else {
      await this.toolbox.install(this.cell, this.root);
    }
    const place = path.dirname(realpathSync(this.resolve("pulumi-alicloud-hpc/package.json")));
    assert.equal(place === path.join(this.root, packageFolder), this.cell.layout !== undefined, place);
  }

  /** The file of a module, as the program sees it. */
  private resolve(module: string): string {
    return createRequire(path.join(this.folder, "index.js")).resolve(module);
  }

  /** The engine sees no difference between our resources and those of the SDK's own `dynamic.Resource`. */
  private async registrations(): Promise<void> {
    const script = path.join(import.meta.dirname, "registrations.ts");
    const output = await this.toolbox.run(this.node, [script], { cwd: this.folder, node: this.node });
    const { own, sdk } = JSON.parse(output.split("\n")[0] ?? "") as Registrations;
    assert.equal(own.length, 4);
    assert.deepEqual(own, sdk);
  }

  private async typeCheck(): Promise<void> {
    const compiler = path.join(path.dirname(this.resolve("typescript/package.json")), "bin/tsc");
    const options = { cwd: this.folder, node: this.node };
    await this.toolbox.run(this.node, [compiler, "--noEmit"], options);
    if (this.cell.language === "ts7") {
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
    assert.deepEqual(
      [...new Set(texts)],
      ['exports.handler = () => require("pulumi-alicloud-hpc/lifecycle")'],
    );
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
    const unchanged = stage === "up" || stage === "destroy" ? [] : ["--expect-no-changes"];
    const [command = stage] = stage.split(" ");
    const client = this.host === undefined ? [] : [`--client=${this.host.address}`];
    await this.cli([command, "--stack", "dev", "--yes", "--skip-preview", ...unchanged, ...client]);
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
    await this.host?.[Symbol.asyncDispose]();
    await this.ecs.stop();
    this.backend.dispose();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The SDK cannot load TypeScript 7: it has to run what the compiler makes of the program, and not to look for TypeScript. */
function runtimeOf({ language }: Cell): string {
  return language === "ts7" ? "{ name: nodejs, options: { typescript: false } }" : "nodejs";
}

function mainFile(cell: Cell): string {
  return cell.language === "ts7" ? "bin/index.js" : programFile(cell);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The files of the program's folder, by name. */
function usersFiles(cell: Cell, tarball: string): Record<string, string> {
  const files: Record<string, string> = {
    "Pulumi.yaml": `name: infra\nruntime: ${runtimeOf(cell)}\n`,
    "package.json": json({ ...manifestOf(cell, tarball), main: mainFile(cell) }),
    [programFile(cell)]: programText(cell),
  };
  if (cell.language !== "js") {
    files["tsconfig.json"] = json({ compilerOptions: compilerOptions(cell), files: [programFile(cell)] });
  }
  return files;
}

/** What the package manager reads in the folder where it installs. JSON is YAML. */
function settingsFiles({ manager, layout, pnpmSettings }: Cell): Record<string, string> {
  const workspaces = [packageFolder, programFolder];
  const files: Record<string, string> = {};
  if (layout === "workspace") {
    files["package.json"] = json({ name: "workspace", private: true, workspaces });
  }
  if (manager.startsWith("pnpm")) {
    // pnpm wants to be told about the one dependency of @pulumi/pulumi that has an install script.
    const settings = { allowBuilds: { protobufjs: false }, ...pnpmSettings };
    files["pnpm-workspace.yaml"] = json(
      layout === "workspace" ? { packages: workspaces, ...settings } : settings,
    );
  }
  if (manager === "yarn 4") {
    files[".yarnrc.yml"] = json({ nodeLinker: "node-modules", enableTelemetry: false });
    files["yarn.lock"] = "";
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
    dependencies: { "@pulumi/pulumi": sdk, ...packageDependency(cell, tarball) },
    ...(language === "js" ? {} : { devDependencies: typed }),
  };
}

function packageDependency({ manager, layout }: Cell, tarball: string): Record<string, string> {
  const name = "pulumi-alicloud-hpc";
  switch (layout) {
    case undefined:
      return { [name]: `file:${tarball.split(path.sep).join("/")}` };
    case "workspace":
      return { [name]: manager.startsWith("pnpm") ? "workspace:*" : "*" };
    case "npm link":
      return {};
  }
}
