/** The three programs that are measured against each other. Each declares the same clusters. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Service, naiveCluster } from "./naive.ts";

export const contestants = ["package", "floor", "naive"] as const;
/** `package` is pulumi-alicloud-hpc; `floor` does nothing; `naive` is what one writes first. */
export type Contestant = (typeof contestants)[number];

/** The floor's provider is a module too, whose path is as long as that of the package's: so is its text in the state. */
const floorModule = "pulumi-benchmark/provider.cjs";

/** As many inputs and outputs, and as long ones, as the package's; no work and no call. */
const floorSource = `"use strict";
let made = 0;
exports.check = async (olds, news) => ({ inputs: news });
exports.diff = async () => ({ changes: false });
exports.create = async ({ name, description, regionId }) => {
  const hpcClusterId = "hpc-" + String((made += 1)).padStart(16, "0");
  const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
  return { id: hpcClusterId, outs: { hpcClusterId, name, description, regionId, requestId } };
};
exports.read = async (id, props) => {
  const { name, description, regionId } = props;
  return { id, props: { ...props }, inputs: { name, description, regionId } };
};
exports.update = async (id, olds, { name, description, regionId }) => ({
  outs: { ...olds, name, description, regionId },
});
exports.delete = async () => {};
`;

/** Installs the floor's provider. */
export function installFloor(nodeModules: string): void {
  const file = path.join(nodeModules, floorModule);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, floorSource);
}

const regionId = "cn-hangzhou";

/** What the program of a contestant does. Modules are loaded as part of the program, as a user's would be. */
export function declareClusters(
  contestant: Contestant,
  count: number,
  workDir: string,
  service: Service,
): void {
  const require = createRequire(path.join(workDir, "index.js"));
  const names = Array.from({ length: count }, (_, number) => `render-farm-${number}`);
  const argsOf = (name: string) => ({ name, description: `Nightly frames of ${name}`, regionId });
  switch (contestant) {
    case "package": {
      const { HpcCluster } = require("pulumi-alicloud-hpc") as typeof import("pulumi-alicloud-hpc");
      for (const name of names) new HpcCluster(name, argsOf(name));
      break;
    }
    case "floor": {
      const provider = require(floorModule) as pulumi.dynamic.ResourceProvider;
      // The same type, so that only the text differs; the key is as long as the package's.
      const none = { requestId: undefined, __tokenKey: "0123456789abcdefghijkl" };
      for (const name of names) {
        new FloorCluster(provider, name, { ...none, ...argsOf(name) }, {}, "alicloud", "HpcCluster");
      }
      break;
    }
    case "naive":
      for (const name of names) naiveCluster(name, argsOf(name), service);
  }
}

class FloorCluster extends pulumi.dynamic.Resource {}
