import { actions, callNumbers, share } from "./faultFields.ts";
import { text, whole, type Fields, type ObjectOf } from "./fields.ts";
import type { Fault, ServiceFault } from "./faultKinds.ts";

/** The fields that choose the calls. */
export const selector = {
  action: actions,
  regionId: text,
  /** Counted from 1 over the calls that match action and region since the rule was added. */
  calls: callNumbers,
  /** From 0 to 1, drawn from the rule's own seeded stream. */
  rate: share,
  times: whole(1),
} satisfies Fields;

/** The calls that a fault affects: those that match, of these the numbered ones, of these a share, at most so many times. */
export interface FaultSelector extends ObjectOf<typeof selector> {}

/** One fault and the calls that it affects. */
export type FaultRule = FaultSelector & Fault;

/** A script of faults; also the format of a fault file. */
export interface FaultPlan {
  readonly seed?: number;
  readonly rules: readonly FaultRule[];
}

/** The last of the faults that has this kind. */
export function faultOf<K extends ServiceFault["kind"]>(
  faults: readonly ServiceFault[],
  kind: K,
): Extract<ServiceFault, { kind: K }> | undefined {
  return faults.findLast((fault): fault is Extract<ServiceFault, { kind: K }> => fault.kind === kind);
}
