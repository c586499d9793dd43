/** `npm run docs:tables`: writes the files that are made of the code. A test fails where one is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./documents.ts";
import { generatedFiles } from "./generatedFiles.ts";

for (const [file, current] of Object.entries(generatedFiles)) {
  const absolute = path.join(root, file);
  const text = await current();
  if (readFileSync(absolute, "utf8") !== text) {
    writeFileSync(absolute, text);
    console.log(`wrote ${file}`);
  }
}
