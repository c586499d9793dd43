import type { Action } from "../action.ts";
import { describeRegion } from "../regions.ts";

/** Lists every region. It has no parameters. */
export const describeRegions: Action = {
  name: "DescribeRegions",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    return () => ({ Regions: { Region: call.regions.map((regionId) => ({ ...describeRegion(regionId) })) } });
  },
};
