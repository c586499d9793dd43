import type { ActionName } from "./actionNames.ts";
import type { Body } from "./answer.ts";
import type { ServiceFault } from "./faultKinds.ts";
import { Refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";
import type { Store } from "./store.ts";

/** One authenticated call. */
export interface Call {
  readonly accountId: string;
  readonly accessKeyId: string;
  /** Whether the key is an STS key. */
  readonly isTemporary: boolean;
  readonly parameters: Parameters;
  readonly store: Store;
  readonly regions: readonly string[];
  /** The server's clock. */
  readonly now: () => number;
  /** The faults that affect this call. */
  readonly faults: readonly ServiceFault[];
}

/** An action in two steps, so that a call can be stopped between its checks and its effect. */
export interface Action {
  readonly name: ActionName;
  readonly version: "2014-05-26" | "2015-04-01";
  /** Whether it changes the store. Only then it takes a client token. */
  readonly changes: boolean;
  /** Checks every parameter, then returns the function that reads or changes the store and answers. */
  prepare(call: Call): () => Body;
}

/** The call's region. Throws `missing` or `unknown`, which differ between the actions. */
export function regionOf(call: Call, missing: Refusal, unknown: Refusal): string {
  const regionId = call.parameters.RegionId;
  if (regionId === undefined || regionId === "") {
    throw missing;
  }
  if (!call.regions.includes(regionId)) {
    throw unknown;
  }
  return regionId;
}

/** The refusal of an unknown region by the actions of instances. */
export function unknownInstanceRegion(): Refusal {
  return new Refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.");
}

/** A required parameter. Throws `missing` if it is absent or empty. */
export function required(call: Call, name: string, missing: Refusal): string {
  const value = call.parameters[name];
  if (value === undefined || value === "") {
    throw missing;
  }
  return value;
}

/** Refuses a call that only wants its checks, after these. Refusal: the code, which differs between the actions. */
export function checkDryRun({ parameters }: Call, code: "DryRunOperation" | "DRYRUN.SUCCESS"): void {
  if (isTrue(parameters.DryRun)) {
    throw new Refusal(412, code, "Request validation has been passed with DryRun flag set.");
  }
}

/** The value of a switch. Python's SDK sends `True`. */
export function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}
