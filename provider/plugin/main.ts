#!/usr/bin/env node
/** The executable's first file. It is small, so that the compile cache is on before the rest is loaded. */
import nodeModule from "node:module";
import { debuglog } from "node:util";
import { privateFolder } from "../cluster/privateFolder.ts";

const OLDEST_NODE = 22;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(
    `pulumi-resource-alicloud-hpc needs Node.js ${OLDEST_NODE} or later, but ${process.execPath} is ${process.version}. ` +
      "Put a newer one first on PATH.",
  );
  process.exit(1);
}
try {
  // Everybody who can write there can run code here. The default folder is in the temporary folder, where another user may have made it.
  nodeModule.enableCompileCache(privateFolder("compile-cache"));
} catch (error) {
  debuglog("alicloud-hpc")("no compile cache: %s", error instanceof Error ? error.message : error);
}
const { serve } = nodeModule.createRequire(__filename)("./server.js") as typeof import("./server.ts");
serve(process.argv.slice(2));
