import type { ActionName } from "./action.ts";
import type { When } from "./holds.ts";

/** What is wrong with a list; see `badList`. */
export type ListFault = "itemMissing" | "samePage" | "itemWithoutName" | "nullItem";

// All times are in milliseconds. The default of `when` is beforeCommit.

/** A fault that applies before the signature is checked. */
export type ArrivalFault =
  /** Every call takes this long, also a refused one. */
  | { readonly kind: "latency"; readonly ms: number }
  /** The server's clock is wrong by this much, which can be negative. */
  | { readonly kind: "clockSkew"; readonly ms: number }
  /** The security token has expired. Affects only requests that carry one. */
  | { readonly kind: "expiredToken" };

/** A fault that answers instead of the service. */
export type AnswerFault =
  /** A throttled call, without any effect. Defaults: Throttling.User, 400, no x-acs-retry-after. */
  | {
      readonly kind: "throttling";
      readonly code?: "Throttling" | "Throttling.User" | "Throttling.Api";
      readonly status?: number;
      readonly retryAfterMs?: number;
    }
  /** 500 InternalError. */
  | { readonly kind: "internalError"; readonly when?: When }
  /** 500 with JSON without a Code: pop-core treats it as a success. */
  | { readonly kind: "codeless500"; readonly when?: When }
  /** 502 with a proxy's HTML page. */
  | { readonly kind: "badGateway"; readonly when?: When }
  /** 503 with an empty body. */
  | { readonly kind: "empty503"; readonly when?: When }
  /** 503 ServiceUnavailable. */
  | { readonly kind: "serviceUnavailable"; readonly when?: When }
  /** Any error, in the requested format. */
  | {
      readonly kind: "error";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly when?: When;
    }
  /** An error in XML, whatever format was requested. Defaults: 503 ServiceUnavailable. */
  | {
      readonly kind: "xmlError";
      readonly status?: number;
      readonly code?: string;
      readonly message?: string;
      readonly when?: When;
    }
  /** The connection is reset. */
  | { readonly kind: "reset"; readonly when?: When }
  /** The connection stays open without an answer. */
  | { readonly kind: "noAnswer"; readonly when?: When };

/** A fault that changes how the service works or answers. */
export type ServiceFault =
  /** The answer comes late. Before the commit, the call is in progress until then. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: When }
  /** The headers come at once, the body in pieces of this many bytes (default 1). */
  | { readonly kind: "drip"; readonly intervalMs: number; readonly bytes?: number }
  /** The body never ends: spaces follow it until the client closes the connection. */
  | { readonly kind: "endlessBody" }
  /** The headers say gzip, but the body is not compressed, so it cannot be decoded. */
  | { readonly kind: "brokenGzip" }
  /** A successful answer without its RequestId. */
  | { readonly kind: "noRequestId" }
  /**
   * A wrong list from DescribeHpcClusters: its last item is missing (TotalCount still counts it), every page is the
   * first page, the first item has no Name, or the first item is null.
   */
  | { readonly kind: "badList"; readonly list: ListFault }
  /** DescribeHpcClusters does not show a new cluster for so long, or for so many calls that would show it. */
  | { readonly kind: "lateVisible"; readonly ms?: number; readonly describes?: number }
  /** DescribeHpcClusters still shows a deleted cluster for so long. */
  | { readonly kind: "lateRemoved"; readonly ms: number };

/** So many calls a second per account, region and action, `burst` at once (default: perSecond). The rest is throttled. */
export interface BucketFault {
  readonly kind: "bucket";
  readonly perSecond: number;
  readonly burst?: number;
  readonly code?: "Throttling" | "Throttling.User" | "Throttling.Api";
  readonly status?: number;
  /** Whether the answer says when to retry. */
  readonly retryAfter?: boolean;
}

/** Every fault. */
export type Fault = ArrivalFault | AnswerFault | ServiceFault | BucketFault;

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** The calls that a fault affects: those that match, of these the numbered ones, of these a share, at most so many times. */
export interface FaultSelector {
  readonly action?: ActionName | readonly ActionName[];
  readonly regionId?: string;
  /** Counted from 1 over the calls that match action and region since the rule was added. */
  readonly calls?:
    number | readonly number[] | { readonly from?: number; readonly to?: number; readonly every?: number };
  /** From 0 to 1, drawn from the rule's own seeded stream. */
  readonly rate?: number;
  readonly times?: number;
}

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
