/** The functions that `pulumi-alicloud-hpc` exports, as a program sees them: from the declarations and comments of provider/. */
import path from "node:path";
import ts from "typescript";
import { root } from "./documents.ts";

/** An exported function. */
export interface PublicFunction {
  /** Its name, parameters and result. */
  readonly signature: string;
  /** Its documentation comment, in one line of Markdown. */
  readonly text: string;
  /** The text of its `@throws`. */
  readonly throws?: string;
}

/** Every function that index.ts exports, by name. */
export function publicFunctions(): PublicFunction[] {
  const entry = path.join(root, "provider/index.ts");
  const { config } = ts.readConfigFile(path.join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .filter((symbol) => symbol.flags & ts.SymbolFlags.Function)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((symbol) => {
      const declaration = symbol.valueDeclaration as ts.FunctionDeclaration;
      const parameters = declaration.parameters.map((parameter) => parameter.getText()).join(", ");
      const throws = symbol.getJsDocTags(checker).find(({ name }) => name === "throws");
      return {
        signature: oneLine(`${symbol.name}(${parameters}): ${declaration.type?.getText() ?? "void"}`),
        text: oneLine(ts.displayPartsToString(symbol.getDocumentationComment(checker))),
        ...(throws === undefined ? {} : { throws: oneLine(ts.displayPartsToString(throws.text)) }),
      };
    });
}

/** Markdown or code without line breaks, a link to a declaration as its name. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/```[\s\S]*?```/g, "")
    .replaceAll(/\{@link (\S+?)\}/g, "`$1`")
    .replaceAll(/\s+/g, " ")
    .trim();
}
