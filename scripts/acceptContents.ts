/** `npm run accept:contents`: takes what would be published now as reviewed. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./documents.ts";
import { reviewedFiles } from "./packageContents.ts";

for (const [file, found] of Object.entries(reviewedFiles)) {
  writeFileSync(path.join(root, file), found());
}
