/** The first step of `npm run build`: nothing of an earlier build is published. */
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
