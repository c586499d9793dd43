/**
 * Deletes the declarations in dist/ that no entry point of the package refers to: programs cannot import these modules. In the others,
 * imports lose the ending `.ts`, which compilers before TypeScript 5 do not resolve.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  if (!file.endsWith(".d.ts")) {
    continue;
  }
  if (reachable.has(file)) {
    writeFileSync(file, readFileSync(file, "utf8").replace(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1"'));
  } else {
    rmSync(file);
  }
}
