import type { Body } from "./answer.ts";
import type { Refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";
import type { Hidden, Store } from "./store.ts";

/** The five actions of the API that this service has. */
export type ActionName =
  | "CreateHpcCluster"
  | "DescribeHpcClusters"
  | "ModifyHpcClusterAttribute"
  | "DeleteHpcCluster"
  | "DescribeRegions";

/** One authenticated call: who asks for what, and what there is. */
export type Call = {
  readonly accountId: string;
  readonly parameters: Parameters;
  readonly store: Store;
  readonly regions: readonly string[];
  /** The server's clock. */
  readonly now: () => number;
  /** How long a cluster made by this call stays out of sight (a fault). */
  readonly hidden: Hidden;
};

/** An action in two steps, so that a call can be stopped between its checks and its effect. */
export type Action = {
  readonly name: ActionName;
  /** Whether a client token makes it idempotent; reads are so anyway. */
  readonly changes: boolean;
  /** Checks every value, then returns the step that looks at the stored state, changes it and answers. */
  prepare(call: Call): () => Body;
};

/** The call's region, or the action's own refusal for none and for an unknown one. */
export function regionOf(call: Call, missing: Refusal, unknown: Refusal): string {
  const regionId = call.parameters.RegionId;
  if (regionId === undefined || regionId === "") throw missing;
  if (!call.regions.includes(regionId)) throw unknown;
  return regionId;
}

/** A parameter that must be there and not be empty. */
export function required(call: Call, name: string, missing: Refusal): string {
  const value = call.parameters[name];
  if (value === undefined || value === "") throw missing;
  return value;
}
