/** Lets Node.js import the modules of provider/, which are CommonJS only once they are compiled: `node --import` this file. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const provider = new URL("../provider/", import.meta.url).href;
const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };

registerHooks({
  resolve(specifier, context, next) {
    const isInside = specifier.startsWith(".") && context.parentURL?.startsWith(provider) === true;
    return next(isInside ? `${specifier}.ts` : specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith(provider)) {
      return next(url, context);
    }
    const text = readFileSync(fileURLToPath(url), "utf8");
    const source = ts.transpileModule(text, { compilerOptions }).outputText;
    return { format: "module", shortCircuit: true, source };
  },
});
