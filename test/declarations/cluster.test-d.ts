/**
 * What a program's author sees in the editor, checked by `tsc -p test`: nothing here runs. Each `@ts-expect-error` fails the
 * check when the line below it is accepted.
 */
import type { CustomResource, CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import { validateResourceOfType } from "@pulumi/policy";
import {
  checkHpcCluster,
  HpcCluster,
  type HpcClusterArgs,
  type HpcClusterGetArgs,
  type Violation,
} from "pulumi-alicloud-hpc";
import { expectTypeOf } from "vitest";

declare const cluster: HpcCluster;
declare const text: Output<string>;
declare const maybe: Output<string | undefined>;

// Values, outputs and promises alike; what is optional may also be undefined by an output.
new HpcCluster("c", { name: "farm" });
new HpcCluster("c", {
  name: text,
  description: maybe,
  regionId: Promise.resolve("cn-hangzhou"),
  clientToken: maybe,
});
new HpcCluster("c", { name: "farm", description: undefined, adopt: cluster.id });
new HpcCluster("c", { name: "farm" }, { protect: true, parent: cluster, deleteBeforeReplace: false });

// @ts-expect-error a cluster has a name
new HpcCluster("c", {});
// @ts-expect-error and arguments
new HpcCluster("c");
// @ts-expect-error a misspelt property
new HpcCluster("c", { name: "farm", decription: "Nightly frames" });
// @ts-expect-error a property of Terraform's, and of no cluster
new HpcCluster("c", { name: "farm", tags: {} });
// @ts-expect-error a name is no number
new HpcCluster("c", { name: 5 });
// @ts-expect-error no null, which JavaScript programs may give
new HpcCluster("c", { name: "farm", description: null });
// @ts-expect-error a name may not turn out to be undefined
new HpcCluster("c", { name: maybe });
// @ts-expect-error not an option of a resource
new HpcCluster("c", { name: "farm" }, { region: "cn-hangzhou" });
// @ts-expect-error an output of its own, and no argument
new HpcCluster("c", { name: "farm", requestId: "4734" });

expectTypeOf(cluster.id).toEqualTypeOf<Output<string>>();
expectTypeOf(cluster.hpcClusterId).toEqualTypeOf<Output<string>>();
expectTypeOf(cluster.name).toEqualTypeOf<Output<string>>();
expectTypeOf(cluster.regionId).toEqualTypeOf<Output<string>>();
expectTypeOf(cluster.description).toEqualTypeOf<Output<string | undefined>>();
expectTypeOf(cluster.requestId).toEqualTypeOf<Output<string | undefined>>();
expectTypeOf(cluster).toExtend<CustomResource>();
// @ts-expect-error outputs are read
cluster.name = text;
// @ts-expect-error the alias too
cluster.hpcClusterId = text;
// @ts-expect-error what matters only for the creation is no output
expectTypeOf(cluster.clientToken);

expectTypeOf<HpcClusterArgs>().toEqualTypeOf<{
  name: Input<string>;
  regionId?: Input<string | undefined>;
  description?: Input<string | undefined>;
  clientToken?: Input<string | undefined>;
  adopt?: Input<string | undefined>;
}>();
expectTypeOf(HpcCluster).constructorParameters.toEqualTypeOf<
  [resourceName: string, args: HpcClusterArgs, opts?: CustomResourceOptions]
>();

expectTypeOf<Parameters<typeof HpcCluster.get>>().toEqualTypeOf<
  [resourceName: string, id: Input<string>, args?: HpcClusterGetArgs, opts?: CustomResourceOptions]
>();
expectTypeOf(HpcCluster.get("c", cluster.id, { regionId: text })).toEqualTypeOf<HpcCluster>();
// @ts-expect-error which cluster?
HpcCluster.get("c");
// @ts-expect-error the name comes from the service
HpcCluster.get("c", "hpc-1", { name: "farm" });

declare const anything: unknown;
if (HpcCluster.isInstance(anything)) {
  expectTypeOf(anything).toEqualTypeOf<HpcCluster>();
}

// What mocks receive has no type; it may be anything.
declare const args: HpcClusterArgs;
expectTypeOf(checkHpcCluster(args)).toEqualTypeOf<readonly Violation[]>();
checkHpcCluster({ name: text, descriptoin: 7, __resourceName: "c" });

validateResourceOfType(HpcCluster, ({ name, regionId }) => {
  expectTypeOf(name).toEqualTypeOf<string>();
  expectTypeOf(regionId).toEqualTypeOf<string | undefined>();
});
