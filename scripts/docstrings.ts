/** Reads the documentation comments of provider/, for the tables of the documents and the schema of the plugin. */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** What is documented at one place. */
export interface Docstring {
  /** In Markdown; empty if there is no comment. A line is a paragraph, and an empty line parts two. */
  readonly text: string;
  /** The text of its `@throws`. */
  readonly throws?: string;
}

/** A member of an interface or of a class, or a row of a table. */
export interface Member extends Docstring {
  /** The declared type, as written; empty for a row. */
  readonly type: string;
  readonly isOptional: boolean;
}

/** A declaration and its members, in their order. */
export interface Documented extends Docstring {
  /** What the name of a type stands for; absent for everything else. */
  readonly alias?: string;
  readonly members: ReadonlyMap<string, Member>;
}

const provider = path.resolve(import.meta.dirname, "../provider");

/**
 * The comments of an interface, a class (without accessors and methods), a function, the name of a type, or
 * a table (a constant object).
 *
 * @param file its path in provider/
 * @throws if the file does not declare it
 */
export function documented(file: string, name: string): Documented {
  const text = readFileSync(path.join(provider, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    const declaration = declarationIn(statement);
    if (declaration?.name?.getText() === name) {
      return {
        ...docstringOf(statement),
        ...(ts.isTypeAliasDeclaration(declaration) ? { alias: declaration.type.getText() } : {}),
        members: new Map(membersOf(declaration).map((member) => [member.name.getText(), memberOf(member)])),
      };
    }
  }
  throw new Error(`provider/${file} declares no ${name}.`);
}

type Declaration =
  | ts.InterfaceDeclaration
  | ts.ClassDeclaration
  | ts.FunctionDeclaration
  | ts.TypeAliasDeclaration
  | ts.VariableDeclaration;
type MemberNode = ts.PropertySignature | ts.PropertyDeclaration | ts.PropertyAssignment;

function declarationIn(statement: ts.Statement): Declaration | undefined {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations[0];
  }
  return ts.isInterfaceDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
    ? statement
    : undefined;
}

function membersOf(declaration: Declaration): MemberNode[] {
  if (ts.isInterfaceDeclaration(declaration)) {
    return declaration.members.filter(ts.isPropertySignature);
  }
  if (ts.isClassDeclaration(declaration)) {
    return declaration.members.filter(ts.isPropertyDeclaration);
  }
  if (!ts.isVariableDeclaration(declaration)) {
    return [];
  }
  let value: ts.Node | undefined = declaration.initializer;
  while (value !== undefined && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) {
    value = value.expression;
  }
  return value !== undefined && ts.isObjectLiteralExpression(value)
    ? value.properties.filter(ts.isPropertyAssignment)
    : [];
}

function memberOf(node: MemberNode): Member {
  return {
    ...docstringOf(node),
    type: ts.isPropertyAssignment(node) ? "" : (node.type?.getText() ?? ""),
    isOptional: !ts.isPropertyAssignment(node) && node.questionToken !== undefined,
  };
}

function docstringOf(node: ts.Node): Docstring {
  const comment = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  const throws = comment?.tags?.find(ts.isJSDocThrowsTag);
  return {
    text: markdownOf(comment?.comment),
    ...(throws === undefined ? {} : { throws: markdownOf(throws.comment) }),
  };
}

function markdownOf(comment: Parameters<typeof ts.getTextOfJSDocComment>[0]): string {
  return (ts.getTextOfJSDocComment(comment) ?? "")
    .replaceAll(/\{@link (\S+?)\}/g, "`$1`")
    .split(/\n\s*\n/)
    .map((paragraph) => (paragraph.startsWith("```") ? paragraph : paragraph.replaceAll(/\s+/g, " ").trim()))
    .join("\n\n");
}
