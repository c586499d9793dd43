/** As cluster.test-d.ts, for lookups. */
import type { Input, InvokeOptions, Output } from "@pulumi/pulumi";
import {
  type GetHpcClusterArgs,
  type GetHpcClusterOutputArgs,
  type GetHpcClusterResult,
  type GetHpcClustersOutputArgs,
  type GetHpcClustersResult,
  type GetRegionsResult,
  type HpcCluster,
  type Region,
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

expectTypeOf(getHpcCluster({ id: "hpc-1" })).toEqualTypeOf<Promise<GetHpcClusterResult>>();
expectTypeOf(getHpcCluster({ name: "farm", regionId: "cn-beijing" }, opts)).toEqualTypeOf<
  Promise<GetHpcClusterResult>
>();
expectTypeOf(getHpcClusterOutput({ id: cluster.id, regionId: cluster.regionId })).toEqualTypeOf<
  Output<GetHpcClusterResult>
>();
expectTypeOf(getHpcClusters()).toEqualTypeOf<Promise<GetHpcClusterResult[]>>();
expectTypeOf(getHpcClusters({ ids: ["hpc-1"], nameRegex: "^farm" })).toEqualTypeOf<
  Promise<GetHpcClusterResult[]>
>();
expectTypeOf(getHpcClustersOutput({ ids: cluster.id.apply((id) => [id]) })).toEqualTypeOf<
  Output<GetHpcClusterResult[]>
>();
// A list of outputs is the usual thing to have.
getHpcClustersOutput({ ids: [cluster.id, "hpc-1"] });
expectTypeOf(getRegions()).toEqualTypeOf<Promise<Region[]>>();
expectTypeOf(getRegionsOutput(opts)).toEqualTypeOf<Output<Region[]>>();

expectTypeOf<GetHpcClusterResult>().toEqualTypeOf<{
  id: string;
  name: string;
  description?: string;
  regionId: string;
}>();
expectTypeOf<Region>().toEqualTypeOf<{ id: string; localName: string; endpoint: string }>();
expectTypeOf<GetHpcClustersResult>().toEqualTypeOf<GetHpcClusterResult[]>();
expectTypeOf<GetRegionsResult>().toEqualTypeOf<Region[]>();
expectTypeOf<GetHpcClusterOutputArgs["id"]>().toEqualTypeOf<Input<string | undefined> | undefined>();
expectTypeOf<keyof GetHpcClusterOutputArgs>().toEqualTypeOf<keyof GetHpcClusterArgs>();
expectTypeOf<GetHpcClustersOutputArgs["ids"]>().toEqualTypeOf<
  Input<Input<string>[] | undefined> | undefined
>();
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
