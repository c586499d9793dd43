/**
 * The tables in README.md, docs/ and llms.txt that repeat facts of the code; in llms.txt some are lists. Each stands between
 * `<!-- table: NAME -->` and `<!-- /table -->`; `npm run docs:tables` writes them.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { actions } from "../emulator/actions.ts";
import type { Field } from "../emulator/fields.ts";
import { faultKinds } from "../emulator/faultKinds.ts";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  type ConfigKey,
  configKeys,
  endpointsFields,
  type Fields,
} from "../provider/account/configKeys.ts";
import { profileModes } from "../provider/account/credentials/modes.ts";
import { type Property, properties } from "../provider/cluster/properties.ts";
import {
  type ErrorCode,
  adviceIn,
  errorCodePatterns,
  errorCodes,
  networkErrorCodes,
} from "../provider/ecs/errorCodes.ts";
import { benchmarkTables } from "../test/bench/published.ts";
import { type Documented, documented } from "./docstrings.ts";
import { pages, root } from "./documents.ts";
import { oneLine, publicFunctions } from "./publicFunctions.ts";

/** The programs that docs/_index.md shows, in examples/. */
const programs: Readonly<Record<string, { file: string; language: string }>> = {
  typescript: { file: "plugin/index.ts", language: "ts" },
  python: { file: "python/__main__.py", language: "python" },
  go: { file: "go/main.go", language: "go" },
  csharp: { file: "csharp/Program.cs", language: "csharp" },
  java: { file: "java/src/main/java/farm/App.java", language: "java" },
  yaml: { file: "yaml/Pulumi.yaml", language: "yaml" },
};

/** Returns a cell of the document as it is now: of the row that starts with this cell, and of this column. */
type HandWritten = (firstCell: string, column: number) => string;
type Table = (handWritten: HandWritten) => string;

const code = (text: string): string => `\`${text}\``;

/** @param onChangeOf what a change of one property does besides */
function propertyTable(
  header: readonly [string, string, string],
  onChange: Readonly<Record<Property["onChange"], string>>,
  onChangeOf: Readonly<Partial<Record<string, string>>>,
): Table {
  return (handWritten) =>
    markdown(
      header,
      Object.entries<Property>(properties).map(([name, row]) => [
        code(name),
        handWritten(code(name), 1),
        onChange[row.onChange] + (onChangeOf[name] ?? ""),
      ]),
    );
}

function fieldTable(variable: string, fields: Fields): Table {
  const comments = commentsOf(variable);
  return () =>
    markdown(
      ["field", "environment variables", "description"],
      Object.entries(fields).map(([name, { environment = [] }]) => [
        code(name),
        environment.map(code).join(", "),
        comments.get(name) ?? "",
      ]),
    );
}

function memberList({ members }: Documented): string {
  return [...members]
    .filter(([, { text }]) => text !== "")
    .map(([name, { text, isOptional }]) => `- ${code(isOptional ? `${name}?` : name)}: ${oneLine(text)}`)
    .join("\n");
}

const tables: Readonly<Record<string, Table>> = {
  properties: propertyTable(
    ["property", "rule", "a change"],
    { update: "updates the cluster", replace: "replaces it", nothing: "does nothing" },
    { adopt: "; its removal ends the protection" },
  ),
  "properties.zh": propertyTable(
    ["属性", "规则", "修改后"],
    { update: "原地更新", replace: "替换", nothing: "无影响" },
    { adopt: "；移除后不再受保护" },
  ),
  config: () => {
    const comments = commentsOf("configKeys");
    return markdown(
      ["key", "environment variables", "description", "secret"],
      Object.entries<ConfigKey>(configKeys).map(([key, row]) => [
        code(key),
        (row.environment ?? []).map(code).join(", "),
        (comments.get(key) ?? "").replace(/ Environment[^:]*: .*$/, ""),
        row.isSecret ? "yes" : "",
      ]),
    );
  },
  assumeRole: fieldTable("assumeRoleFields", assumeRoleFields),
  assumeRoleWithOidc: fieldTable("assumeRoleWithOidcFields", assumeRoleWithOidcFields),
  endpoints: fieldTable("endpointsFields", endpointsFields),
  profileModes: () =>
    markdown(
      ["mode", "credentials", "required fields", "further fields", "written back"],
      Object.entries(profileModes).map(([name, mode]) =>
        "refused" in mode
          ? [code(name), `refused: ${mode.refused}`, "", "", ""]
          : [
              code(name),
              mode.credentials,
              mode.required.map(code).join(", "),
              (mode.optional ?? []).map(code).join(", "),
              mode.writtenBack ?? "",
            ],
      ),
    ),
  errorCodes: () => {
    const rows: [string, ErrorCode][] = [
      ...Object.entries<ErrorCode>(errorCodes).map(([name, row]): [string, ErrorCode] => [code(name), row]),
      ...errorCodePatterns.map(({ pattern, row }): [string, ErrorCode] => [
        `codes that match ${code(pattern.source)}`,
        row,
      ]),
    ];
    return markdown(
      ["code", "property", "retried", "what to do"],
      rows.flatMap(([name, { property, transient, advice }]) =>
        advice === undefined
          ? []
          : [
              [
                name,
                property === undefined ? "" : code(property),
                transient ? "yes" : "no",
                adviceIn("alicloud", advice),
              ],
            ],
      ),
    );
  },
  networkErrorCodes: (handWritten) =>
    markdown(
      ["code", "retried", "meaning"],
      Object.entries(networkErrorCodes).map(([name, { event, transient }]) => [
        code(name),
        transient ? "yes" : "no",
        event ?? handWritten(code(name), 2),
      ]),
    ),
  emulatorActions: () =>
    markdown(
      ["action", "version", "what it does"],
      actions.map(({ name, version }) => {
        const file = `actions/${name.charAt(0).toLowerCase()}${name.slice(1)}.ts`;
        return [name, version, commentBefore(file, /export const \w+: Action/)];
      }),
    ),
  emulatorFaults: () =>
    markdown(
      ["kind", "fields", "what happens"],
      Object.entries(faultKinds).map(([kind, { fields }]) => [
        code(kind),
        Object.entries<Field<unknown>>(fields)
          .map(([name, { required }]) => `${code(name)}${required === true ? " (required)" : ""}`)
          .join(", "),
        commentBefore("faultKinds.ts", new RegExp(`\\b${kind}: \\{`)),
      ]),
    ),
  arguments: () => memberList(documented("program/hpcCluster.ts", "HpcClusterArgs")),
  outputs: () => memberList(documented("program/clusterRegistration.ts", "ClusterOutputs")),
  functions: () =>
    publicFunctions()
      .map(({ signature, text, throws }) =>
        [`- ${code(signature)}:`, text, ...(throws === undefined ? [] : [`Throws ${throws}.`])].join(" "),
      )
      .join("\n"),
  lookupTypes: () =>
    [
      "GetHpcClusterArgs",
      "GetHpcClustersArgs",
      "GetHpcClusterResult",
      "GetHpcClustersResult",
      "GetRegionsResult",
      "Region",
      "GetHpcClusterInstancesArgs",
      "GetHpcClusterInstancesResult",
      "HpcClusterInstance",
      "GetSccInstanceTypesArgs",
      "GetSccInstanceTypesResult",
      "SccInstanceType",
    ]
      .map((name) => {
        const declaration = documented("cluster/lookups.ts", name);
        const { alias, text } = declaration;
        const content = alias === undefined ? memberList(declaration) : `${code(alias)}: ${oneLine(text)}`;
        return `### ${name}\n\n${content}`;
      })
      .join("\n\n"),
  pages: () =>
    pages()
      .map(({ file, title, firstSentence }) => `- [${title}](${file}): ${firstSentence}`)
      .join("\n"),
  ...Object.fromEntries(
    Object.entries(programs).map(([name, { file, language }]) => [
      `program.${name}`,
      () => `\`\`\`${language}\n${readFileSync(path.join(root, "examples", file), "utf8")}\`\`\``,
    ]),
  ),
  ...benchmarkTables,
};

/** The documentation comment before a declaration in the emulator. */
function commentBefore(file: string, declaration: RegExp): string {
  const text = readFileSync(path.join(root, "emulator", file), "utf8");
  const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*${declaration.source}`).exec(text)?.[1];
  if (comment === undefined) {
    throw new Error(`emulator/${file} has no documentation of ${declaration.source}.`);
  }
  return comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim();
}

/** A markdown document with all its tables rendered again. Cells written by hand stay as they are. */
export function withCurrentTables(document: string): string {
  return document.replace(
    /(<!-- table: (\S+) -->)([\s\S]*?)(<!-- \/table -->)/g,
    (_, start: string, name: string, old: string, end: string) => {
      const table = tables[name];
      if (table === undefined) {
        throw new Error(
          `There is no table ${JSON.stringify(name)}; there are: ${Object.keys(tables).join(", ")}.`,
        );
      }
      const oldRows = old
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .map((line) =>
          line
            .split("|")
            .map((cell) => cell.trim())
            .slice(1, -1),
        );
      const handWritten: HandWritten = (firstCell, column) => {
        const cell = oldRows.find(([first]) => first === firstCell)?.[column];
        if (cell === undefined || cell === "") {
          throw new Error(`Table ${name}: write cell ${column + 1} of the row ${firstCell} by hand.`);
        }
        return cell;
      };
      return `${start}\n\n${table(handWritten)}\n\n${end}`;
    },
  );
}

/** The comments of a table's rows in configKeys.ts, by key. */
export function commentsOf(variable: string): Map<string, string> {
  const { members } = documented("account/configKeys.ts", variable);
  return new Map([...members].map(([name, { text }]) => [name, text]));
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
