/** The files that are made of the code: documents with tables, the plugin's schema, the picture of the benchmark. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";

import { pictureOf } from "../test/bench/picture.ts";
import { readPublished } from "../test/bench/published.ts";
import { Results } from "../test/bench/results.ts";
import { documents, root } from "./documents.ts";
import { packageSchema } from "./packageSchema.ts";
import { withCurrentTables } from "./tables.ts";

const textOf = (file: string): string => readFileSync(path.join(root, file), "utf8");

async function formatted(file: string, text: string, parser: string): Promise<string> {
  return await format(text, { ...(await resolveConfig(path.join(root, file))), parser });
}

/** The documents that have tables. */
export const documentsWithTables = documents.filter((file) => textOf(file).includes("<!-- table: "));

const schema = "provider/plugin/schema.json";

/** What each file should contain, by its path from the root of the repository. */
export const generatedFiles: Readonly<Record<string, () => string | Promise<string>>> = {
  ...Object.fromEntries(
    documentsWithTables.map((file) => [
      file,
      () => formatted(file, withCurrentTables(textOf(file)), "markdown"),
    ]),
  ),
  [schema]: () => formatted(schema, JSON.stringify(packageSchema()), "json"),
  "docs/speed.svg": () => pictureOf(new Results(readPublished().growth.rows)),
};
