import type { Action } from "../action.ts";
import { describeRegion } from "../regions.ts";

/** Lists every region; it takes no parameters and ignores any. */
export const describeRegions: Action = {
  name: "DescribeRegions",
  changes: false,
  prepare(call) {
    return () => ({ Regions: { Region: call.regions.map(describeRegion) } });
  },
};
