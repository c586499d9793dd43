/** The programs under examples/: run in this process, or copied to a folder of their own for the ordinary CLI. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { compileFunction } from "node:vm";
import ts from "typescript";
import { repositoryRoot } from "../engine/engine.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { Program } from "../engine/stack.ts";

/** The folder of all examples. */
export const examplesFolder = path.join(repositoryRoot, "examples");

// From here and not from the example, which may have copies of its own: this process must have one Pulumi SDK.
const require = createRequire(import.meta.url);

/**
 * The example as an inline program. Every run evaluates its module anew, as the CLI does, and takes the module's
 * exports, or what the exported function resolves to, for the stack's outputs.
 */
export function exampleProgram(name: string): Program {
  const file = path.join(examplesFolder, name, "index.ts");
  const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  const evaluate = compileFunction(outputText, ["require", "module", "exports"], { filename: file }) as (
    ...names: [NodeJS.Require, { exports: unknown }, unknown]
  ) => void;
  return async () => {
    const module: { exports: unknown } = { exports: {} };
    evaluate(require, module, module.exports);
    const { exports } = module;
    return (await (typeof exports === "function" ? (exports as Program)() : exports)) as Awaited<
      ReturnType<Program>
    >;
  };
}

/** A copy of the examples, and of the root's Pulumi.yaml, for whatever a CLI writes beside a program. */
export class ExamplesCopy implements Disposable {
  /** Has what the root of the repository has. */
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(path.join(isolateEnvironment(), "examples-"));
    cpSync(path.join(repositoryRoot, "Pulumi.yaml"), path.join(this.folder, "Pulumi.yaml"));
    cpSync(examplesFolder, path.join(this.folder, "examples"), {
      recursive: true,
      filter: (source) =>
        path.basename(source) !== "node_modules" && !/^Pulumi\..+\.yaml$/.test(path.basename(source)),
    });
    for (const folder of [this.folder, path.join(this.folder, "examples")]) {
      symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(folder, "node_modules"), "junction");
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
