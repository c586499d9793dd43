/** As cluster.test-d.ts, for lookups. */
import type { InvokeOptions, Output } from "@pulumi/pulumi";
import {
  type HpcCluster,
  type HpcClusterResult,
  type RegionResult,
  getHpcCluster,
  getHpcClusterOutput,
  getHpcClusters,
  getHpcClustersOutput,
  getRegions,
  getRegionsOutput,
} from "pulumi-alicloud-hpc";
import { expectTypeOf } from "vitest";

declare const cluster: HpcCluster;
declare const opts: InvokeOptions;

expectTypeOf(getHpcCluster({ id: "hpc-1" })).toEqualTypeOf<Promise<HpcClusterResult>>();
expectTypeOf(getHpcCluster({ name: "farm", regionId: "cn-beijing" }, opts)).toEqualTypeOf<
  Promise<HpcClusterResult>
>();
expectTypeOf(getHpcClusterOutput({ id: cluster.id, regionId: cluster.regionId })).toEqualTypeOf<
  Output<HpcClusterResult>
>();
expectTypeOf(getHpcClusters()).toEqualTypeOf<Promise<HpcClusterResult[]>>();
expectTypeOf(getHpcClusters({ ids: ["hpc-1"], nameRegex: "^farm" })).toEqualTypeOf<
  Promise<HpcClusterResult[]>
>();
expectTypeOf(getHpcClustersOutput({ ids: cluster.id.apply((id) => [id]) })).toEqualTypeOf<
  Output<HpcClusterResult[]>
>();
// A list of outputs is the usual thing to have.
getHpcClustersOutput({ ids: [cluster.id, "hpc-1"] });
expectTypeOf(getRegions()).toEqualTypeOf<Promise<RegionResult[]>>();
expectTypeOf(getRegionsOutput(opts)).toEqualTypeOf<Output<RegionResult[]>>();

expectTypeOf<HpcClusterResult>().toEqualTypeOf<{
  id: string;
  name: string;
  description?: string;
  regionId: string;
}>();
expectTypeOf<RegionResult>().toEqualTypeOf<{ id: string; localName: string; endpoint: string }>();
// An output's fields are reached directly.
expectTypeOf(getHpcClusterOutput({ id: "hpc-1" }).name).toEqualTypeOf<Output<string>>();

// @ts-expect-error an output needs the output form
void getHpcCluster({ id: cluster.id });
// @ts-expect-error a misspelt argument
void getHpcCluster({ hpcClusterId: "hpc-1" });
// @ts-expect-error arguments are required
void getHpcCluster();
// @ts-expect-error a text, as the configuration has it
void getHpcClusters({ nameRegex: /^farm/ });
// @ts-expect-error several, so a list
void getHpcClusters({ ids: "hpc-1" });
// @ts-expect-error no arguments, only options
void getRegions({ regionId: "cn-beijing" });
