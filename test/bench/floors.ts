/**
 * Two providers that do nothing, one for each host: what the engine and the SDK take by themselves. Both are registered and started
 * as the package's are, and have the same inputs and outputs.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CustomResource } from "@pulumi/pulumi";
import { build } from "esbuild";

const floorModule = "pulumi-benchmark/provider.cjs";

const dynamicFloor = `"use strict";
const { randomBytes } = require("node:crypto");
exports.check = async (olds, news) => ({ inputs: news });
exports.diff = async () => ({ changes: false });
exports.create = async (inputs) => ({
  id: "hpc-" + randomBytes(8).toString("hex"),
  outs: { ...inputs, requestId: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E" },
});
exports.read = async (id, { __provider, requestId, ...inputs }) => ({
  id,
  props: { ...inputs, requestId },
  inputs,
});
exports.update = async (id, olds, news) => ({ outs: { ...olds, ...news } });
exports.delete = async () => {};
`;

/** The plugin of this name in the folder of the engine's plugins. */
const pluginFolder = "plugins/resource-benchmark-v1.0.0";
export const floorPluginMain = `${pluginFolder}/main.cjs`;

/** Installs both: the dynamic one as a package of the programs, the plugin in the engine's own folder. */
export async function installFloors(nodeModules: string, pulumiHome: string): Promise<void> {
  const file = path.join(nodeModules, floorModule);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, dynamicFloor);
  const folder = path.join(pulumiHome, pluginFolder);
  // Bundled, and with a compile cache, as the package's plugin is.
  await build({
    entryPoints: [path.join(import.meta.dirname, "floorPlugin.ts")],
    outfile: path.join(folder, "server.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  writeFileSync(
    path.join(folder, "main.cjs"),
    'require("node:module").enableCompileCache(__dirname + "/compile-cache"); require("./server.cjs");',
  );
  const executable = path.join(folder, "pulumi-resource-benchmark");
  writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${folder}/main.cjs" "$@"\n`);
  chmodSync(executable, 0o755);
}

/** A cluster of the dynamic floor. Its provider's text is constant and as long as the package's: serializing one takes time. */
export class DynamicFloorCluster extends CustomResource {
  constructor(name: string, args: object) {
    const provider = { __provider: `exports.handler = () => require("${floorModule}")` };
    // The key is as long as the package's.
    const none = { requestId: undefined, __tokenKey: "0123456789abcdefghijkl" };
    super("pulumi-nodejs:dynamic/benchmark:HpcCluster", name, { ...none, ...args, ...provider });
  }
}

/** A cluster of the floor's plugin. */
export class PluginFloorCluster extends CustomResource {
  constructor(name: string, args: object) {
    super("benchmark:index:HpcCluster", name, { requestId: undefined, ...args });
  }
}
