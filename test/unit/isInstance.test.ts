/** `isInstance` of every class, as the SDK's generated packages have it: policy packs give it an object with a type and nothing else. */
import { expect, test } from "vitest";
import { HpcCluster, Provider } from "../../provider/index.ts";
import { HpcCluster as PluginHpcCluster, Provider as PluginProvider } from "../../provider/plugin.ts";

const classes = {
  "pulumi-nodejs:dynamic/alicloud:HpcCluster": HpcCluster,
  "alicloud-hpc:index:HpcCluster": PluginHpcCluster,
  "pulumi:providers:pulumi-nodejs": Provider,
  "pulumi:providers:alicloud-hpc": PluginProvider,
};

test.each(Object.entries(classes))("%s", (own, itsClass) => {
  const types = [...Object.keys(classes), "alicloud:ecs/hpcCluster:HpcCluster"];
  expect(types.filter((type) => itsClass.isInstance({ __pulumiType: type }))).toEqual([own]);
  for (const value of [undefined, null, {}, "", own]) {
    expect(itsClass.isInstance(value)).toBe(false);
  }
});
