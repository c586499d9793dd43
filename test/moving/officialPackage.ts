/** The package @pulumi/alicloud in tests: its own SDK, and a stand-in for its plugin (officialPlugin.ts). */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as OfficialHpcCluster from "@pulumi/alicloud/ecs/hpcCluster.js";
import type * as OfficialProvider from "@pulumi/alicloud/provider.js";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";

const require = createRequire(import.meta.url);

/** `alicloud.ecs.HpcCluster`, loaded without the thousand other resources. */
export const { HpcCluster } = require("@pulumi/alicloud/ecs/hpcCluster.js") as typeof OfficialHpcCluster;

/** `alicloud.Provider`. */
export const { Provider } = require("@pulumi/alicloud/provider.js") as typeof OfficialProvider;

const { version } = require("@pulumi/alicloud/package.json") as { version: string };

export const officialType = "alicloud:ecs/hpcCluster:HpcCluster";

/** Puts the stand-in where the engine finds installed plugins. */
export function installOfficialPlugin(): void {
  const folder = path.join(isolateEnvironment(), "pulumi-home/plugins", `resource-alicloud-v${version}`);
  const script = path.join(folder, "pulumi-resource-alicloud");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    script,
    `#!/bin/sh\nexec "${process.execPath}" "${path.join(import.meta.dirname, "officialPlugin.ts")}" "$@"\n`,
  );
  chmodSync(script, 0o755);
}
