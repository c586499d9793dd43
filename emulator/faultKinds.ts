import type { ActionName } from "./actionNames.ts";
import { errorStatus, milliseconds, throttlingCode, when } from "./faultFields.ts";
import { flag, oneOf, positive, required, text, whole, type Fields, type ObjectOf } from "./fields.ts";

/** A kind of fault. Its type and its line in docs/emulator.md are derived from this. */
interface FaultKindRow {
  readonly fields: Fields;
  /** The actions that it can affect. Default: all. */
  readonly actions?: readonly ActionName[];
}
type Rows = Readonly<Record<string, FaultKindRow>>;

// All times are in milliseconds. The default of `when` is beforeCommit.

/** The faults that apply before the signature is checked. */
const arrivalFaults = {
  /** Every call takes this long, also a refused one. */
  latency: { fields: { ms: required(milliseconds) } },
  /** The server's clock is wrong by this much, which can be negative. */
  clockSkew: { fields: { ms: required(whole(-Number.MAX_SAFE_INTEGER)) } },
  /** The security token has expired. Affects only requests that carry one. */
  expiredToken: { fields: {} },
} satisfies Rows;

/** The faults that answer instead of the service. */
const answerFaults = {
  /** A throttled call, without any effect. Defaults: Throttling.User, 400, no x-acs-retry-after. */
  throttling: { fields: { code: throttlingCode, status: errorStatus, retryAfterMs: milliseconds } },
  /** 500 InternalError. */
  internalError: { fields: { when } },
  /** 500 with JSON without a Code: pop-core treats it as a success. */
  codeless500: { fields: { when } },
  /** 502 with a proxy's HTML page. */
  badGateway: { fields: { when } },
  /** 503 with an empty body. */
  empty503: { fields: { when } },
  /** 503 ServiceUnavailable. */
  serviceUnavailable: { fields: { when } },
  /** Any error, in the requested format. */
  error: {
    fields: {
      status: required(errorStatus),
      code: required(text),
      message: required(text),
      retryAfterMs: milliseconds,
      when,
    },
  },
  /** An error in XML, whatever format was requested. Defaults: 503 ServiceUnavailable. */
  xmlError: { fields: { status: errorStatus, code: text, message: text, when } },
  /** The connection is reset. */
  reset: { fields: { when } },
  /** The connection stays open without an answer. */
  noAnswer: { fields: { when } },
} satisfies Rows;

/** The faults that change how the service works or answers. */
const serviceFaults = {
  /** The answer comes late. Before the commit, the call is in progress until then. */
  delay: { fields: { ms: required(milliseconds), when } },
  /** The headers come at once, the body in pieces of this many bytes (default 1). */
  drip: { fields: { intervalMs: required(milliseconds), bytes: whole(1) } },
  /** The body never ends: spaces follow it until the client closes the connection. */
  endlessBody: { fields: {} },
  /** The headers say gzip, but the body is not compressed, so it cannot be decoded. */
  brokenGzip: { fields: {} },
  /** A successful answer without its RequestId. */
  noRequestId: { fields: {} },
  /**
   * A wrong list from DescribeHpcClusters: its last item is missing (TotalCount still counts it), every page is the
   * first page, the first item has no Name, or the first item is null.
   */
  badList: {
    actions: ["DescribeHpcClusters"],
    fields: { list: required(oneOf("itemMissing", "samePage", "itemWithoutName", "nullItem")) },
  },
  /**
   * DescribeHpcClusters does not show a new cluster for so long, or for so many calls that would show it. RunInstances answers
   * InvalidHpcClusterId.Creating meanwhile.
   */
  lateVisible: { actions: ["CreateHpcCluster"], fields: { ms: milliseconds, describes: whole(1) } },
  /** DescribeHpcClusters still shows a deleted cluster for so long. */
  lateRemoved: { actions: ["DeleteHpcCluster"], fields: { ms: required(milliseconds) } },
  /**
   * ModifyHpcClusterAttribute does not find a new cluster for so long: HpcClusterNotExists. RunInstances answers
   * InvalidHpcClusterId.Creating meanwhile.
   */
  lateModify: { actions: ["CreateHpcCluster"], fields: { ms: required(milliseconds) } },
  /**
   * For so long after a creation or a change DescribeHpcClusters shows the values before it. A new cluster has an empty
   * description and the name `creating`. `field` is what is late: name, description or both. Default: of a new cluster
   * the description, of a changed one both.
   */
  lateValues: {
    actions: ["CreateHpcCluster", "ModifyHpcClusterAttribute"],
    fields: { ms: required(milliseconds), field: oneOf("name", "description", "both") },
  },
  /**
   * CreateHpcCluster and ModifyHpcClusterAttribute store other values than they were sent: without white space at the ends
   * (trim), in upper case (upperCase), or only the first 16 characters of the description (cut).
   */
  storedValues: {
    actions: ["CreateHpcCluster", "ModifyHpcClusterAttribute"],
    fields: { change: required(oneOf("trim", "upperCase", "cut")) },
  },
  /** DescribeHpcClusters swaps the names and the descriptions of the first two clusters on a page, but not their ids. */
  swappedValues: { actions: ["DescribeHpcClusters"], fields: {} },
  /** DescribeHpcClusters answers with all clusters of the first other region that has any, else with none. */
  otherRegion: { actions: ["DescribeHpcClusters"], fields: {} },
  /** DescribeHpcClusters answers with a wrong TotalCount: "" (empty), "many" (text), -1 (negative), or none (missing). */
  wrongTotal: {
    actions: ["DescribeHpcClusters"],
    fields: { total: required(oneOf("empty", "text", "negative", "missing")) },
  },
  /** CreateHpcCluster answers with the id in upper case. The store has it in lower case. */
  upperCaseIds: { actions: ["CreateHpcCluster"], fields: {} },
} satisfies Rows;

/** The fault that answers only some calls instead of the service. */
const bucketFault = {
  /** So many calls a second per account, region and action, `burst` at once (default: perSecond). The rest is throttled. */
  bucket: {
    fields: {
      code: throttlingCode,
      status: errorStatus,
      perSecond: required(positive),
      burst: whole(1),
      /** Whether the answer says when to retry. */
      retryAfter: flag,
    },
  },
} satisfies Rows;

/** Every kind of fault. */
export const faultKinds = { ...answerFaults, ...serviceFaults, ...bucketFault, ...arrivalFaults };

type FaultOf<R extends Rows> = {
  [K in keyof R]: { readonly kind: K } & ObjectOf<R[K]["fields"]>;
}[keyof R];

/** A fault that applies before the signature is checked. */
export type ArrivalFault = FaultOf<typeof arrivalFaults>;

/** A fault that answers instead of the service. */
export type AnswerFault = FaultOf<typeof answerFaults>;

/** A fault that changes how the service works or answers. */
export type ServiceFault = FaultOf<typeof serviceFaults>;

/** The fault that throttles calls above a limit. */
export type BucketFault = FaultOf<typeof bucketFault>;

/** Every fault. */
export type Fault = ArrivalFault | AnswerFault | ServiceFault | BucketFault;

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** What is wrong with a list; see `badList`. */
export type ListFault = Extract<Fault, { kind: "badList" }>["list"];

/** What is wrong with a TotalCount; see `wrongTotal`. */
export type TotalFault = Extract<Fault, { kind: "wrongTotal" }>["total"];

/** Whether a fault of this kind can affect the action. */
export function canAffect(kind: FaultKind, action: string): boolean {
  const row: FaultKindRow = faultKinds[kind];
  return row.actions?.some((each) => each === action) ?? true;
}

/** Whether the fault applies before the signature is checked. */
export function isArrivalFault(fault: Fault): fault is ArrivalFault {
  return Object.hasOwn(arrivalFaults, fault.kind);
}

/** Whether the fault answers instead of the service. */
export function isAnswerFault(fault: Fault): fault is AnswerFault {
  return Object.hasOwn(answerFaults, fault.kind);
}
