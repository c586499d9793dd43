/** Deletes the declarations in dist/ that no entry point of the package refers to: programs cannot import these modules. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, string> };
const entryPoints = Object.values(exports)
  .filter((file) => file.endsWith(".js"))
  .map((file) => file.replace(/js$/, "d.ts"));
const { Node16: module } = ts.ModuleKind;
const { Node16: moduleResolution } = ts.ModuleResolutionKind;
const reachable = new Set(
  ts
    .createProgram(entryPoints, { module, moduleResolution })
    .getSourceFiles()
    .map(({ fileName }) => path.resolve(fileName)),
);
for (const name of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
  const file = path.resolve("dist", name);
  if (file.endsWith(".d.ts") && !reachable.has(file)) {
    rmSync(file);
  }
}
