/** Copies what the emulator reads at run time and tsc does not write: its page, and the module that knows where it is. */
import { copyFileSync } from "node:fs";

for (const file of ["page.html", "packageFiles.cjs"]) {
  copyFileSync(`emulator/${file}`, `dist/emulator/${file}`);
}
