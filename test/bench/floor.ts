/** A dynamic provider that does nothing: what the engine and the SDK take by themselves. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** The floor's provider is a module, so that its text in the state is a reference, the shortest that the SDK makes. */
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

/** The SDK's own class, whatever the package's extends. */
class FloorCluster extends pulumi.dynamic.Resource {}

/** @param load the program's `require` */
export function floorCluster(load: NodeJS.Require, name: string, args: object): void {
  const provider = load(floorModule) as pulumi.dynamic.ResourceProvider;
  // The type is the same, and the key is as long as the package's.
  const none = { requestId: undefined, __tokenKey: "0123456789abcdefghijkl" };
  new FloorCluster(provider, name, { ...none, ...args }, {}, "alicloud", "HpcCluster");
}
