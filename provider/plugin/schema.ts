/** Reads the package schema: a file beside the bundle, or an asset inside the single executable. The plugin's version is in it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { getAsset, isSea } from "node:sea";

/** The schema as JSON. */
export function schemaText(): string {
  return isSea()
    ? getAsset("schema.json", "utf8")
    : readFileSync(path.join(__dirname, "schema.json"), "utf8");
}

/** The version of the package that the plugin comes from. */
export function pluginVersion(): string {
  return (JSON.parse(schemaText()) as { version: string }).version;
}
