/** `npm run check:contents`: fails where what would be published differs from what was reviewed. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./documents.ts";
import { reviewedFiles } from "./packageContents.ts";

for (const [file, found] of Object.entries(reviewedFiles)) {
  const reviewed = path.join(root, file);
  const before = existsSync(reviewed) ? readFileSync(reviewed, "utf8") : "";
  const now = found();
  if (before !== now) {
    process.exitCode = 1;
    console.error(`${file} differs from what would be published:`);
    for (const line of linesOnlyIn(before, now)) {
      console.error(`  - ${line}`);
    }
    for (const line of linesOnlyIn(now, before)) {
      console.error(`  + ${line}`);
    }
    console.error("If this is meant: npm run accept:contents");
  }
}

function linesOnlyIn(text: string, other: string): string[] {
  const others = new Set(other.split("\n"));
  return text.split("\n").filter((line) => !others.has(line));
}
