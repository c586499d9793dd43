/** The three programs that the benchmark compares. All declare the same clusters. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Service, naiveCluster } from "./naive.ts";

export const contestants = ["package", "floor", "naive"] as const;
/** `package` is pulumi-alicloud-hpc, `floor` a provider that does nothing, `naive` a simple one without batches and retries. */
export type Contestant = (typeof contestants)[number];

/** The floor's provider is a module too. Its path is as long as the package's, so that its text in the state is as long. */
const floorModule = "pulumi-benchmark/provider.cjs";

/** The same inputs and outputs as the package's, without work and calls. */
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

/** The program of a contestant. It loads its modules itself, as a user's program does. */
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
      for (const name of names) {
        new HpcCluster(name, argsOf(name));
      }
      break;
    }
    case "floor": {
      const provider = require(floorModule) as pulumi.dynamic.ResourceProvider;
      // The type is the same, and the key is as long as the package's, so that the states have the same size.
      const none = { requestId: undefined, __tokenKey: "0123456789abcdefghijkl" };
      for (const name of names) {
        new FloorCluster(provider, name, { ...none, ...argsOf(name) }, {}, "alicloud", "HpcCluster");
      }
      break;
    }
    case "naive":
      for (const name of names) {
        naiveCluster(name, argsOf(name), service);
      }
  }
}

class FloorCluster extends pulumi.dynamic.Resource {}
