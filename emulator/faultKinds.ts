import { actionNames, type ActionName } from "./action.ts";
import type { AnswerFault, ArrivalFault, Fault, FaultKind, ServiceFault } from "./fault.ts";

/** Returns what is wrong with a value, if anything. */
type Check = (value: unknown) => string | undefined;
/** One field of a rule. */
export interface Field {
  readonly check: Check;
  readonly required?: true;
}
/** The fields of a rule by name. */
export type Fields = Readonly<Record<string, Field>>;

const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? " up" : ` to ${most}`}`;

const between =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `must be a number from ${least} to ${most}`;

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.some((each) => each === value) ? undefined : `must be one of ${allowed.join(", ")}`;

const text: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "must be a string that is not empty";

const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");

const positive: Check = (value) =>
  typeof value === "number" && value > 0 && Number.isFinite(value) ? undefined : "must be a number above 0";

const milliseconds = whole(0, 3_600_000);
const errorStatus = whole(400, 599);
const when: Field = { check: oneOf("beforeCommit", "afterCommit") };
const throttlingCode: Field = { check: oneOf("Throttling", "Throttling.User", "Throttling.Api") };

const actions: Check = (value) => {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.length > 0 && names.every((name) => oneOf(...actionNames)(name) === undefined)
    ? undefined
    : `must be one or more of ${actionNames.join(", ")}`;
};

const calls: Check = (value) => {
  const wrong = "must be a call number from 1 up, a list of them, or { from, to, every }";
  if (typeof value === "number") {
    return whole(1)(value) === undefined ? undefined : wrong;
  }
  if (Array.isArray(value)) {
    return value.every((each) => whole(1)(each) === undefined) ? undefined : wrong;
  }
  if (typeof value !== "object" || value === null) {
    return wrong;
  }
  return Object.entries(value).every(
    ([name, each]) => ["from", "to", "every"].includes(name) && whole(1)(each) === undefined,
  )
    ? undefined
    : wrong;
};

/** The seed of a plan. */
export const seed: Field = { check: whole(0) };

/** The fields of every rule: which calls it affects. */
export const selector: Fields = {
  kind: { check: text, required: true },
  action: { check: actions },
  regionId: { check: text },
  calls: { check: calls },
  rate: { check: between(0, 1) },
  times: { check: whole(1) },
};

const throttled: Fields = {
  code: throttlingCode,
  status: { check: errorStatus },
};

const arrivalFaults: Readonly<Record<ArrivalFault["kind"], Fields>> = {
  latency: { ms: { check: milliseconds, required: true } },
  clockSkew: { ms: { check: whole(-Number.MAX_SAFE_INTEGER), required: true } },
  expiredToken: {},
};

const answerFaults: Readonly<Record<AnswerFault["kind"], Fields>> = {
  throttling: { ...throttled, retryAfterMs: { check: milliseconds } },
  internalError: { when },
  codeless500: { when },
  badGateway: { when },
  empty503: { when },
  serviceUnavailable: { when },
  error: {
    status: { check: errorStatus, required: true },
    code: { check: text, required: true },
    message: { check: text, required: true },
    retryAfterMs: { check: milliseconds },
    when,
  },
  xmlError: { status: { check: errorStatus }, code: { check: text }, message: { check: text }, when },
  reset: { when },
  noAnswer: { when },
};

const serviceFaults: Readonly<Record<ServiceFault["kind"], Fields>> = {
  delay: { ms: { check: milliseconds, required: true }, when },
  drip: { intervalMs: { check: milliseconds, required: true }, bytes: { check: whole(1) } },
  endlessBody: {},
  brokenGzip: {},
  noRequestId: {},
  badList: {
    list: { check: oneOf("itemMissing", "samePage", "itemWithoutName", "nullItem"), required: true },
  },
  lateVisible: { ms: { check: milliseconds }, describes: { check: whole(1) } },
  lateRemoved: { ms: { check: milliseconds, required: true } },
};

const bucket: Fields = {
  ...throttled,
  perSecond: { check: positive, required: true },
  burst: { check: whole(1) },
  retryAfter: { check: flag },
};

/** The fields of each kind of fault, without those of the selector. */
export const faultKinds: Readonly<Record<FaultKind, Fields>> = {
  ...answerFaults,
  ...serviceFaults,
  bucket,
  ...arrivalFaults,
};

/** The faults that affect one action only. */
const onlyAction: Partial<Record<FaultKind, ActionName>> = {
  badList: "DescribeHpcClusters",
  lateVisible: "CreateHpcCluster",
  lateRemoved: "DeleteHpcCluster",
};

/** Whether a fault of this kind can affect the action. */
export function canAffect(kind: FaultKind, action: string): boolean {
  return (onlyAction[kind] ?? action) === action;
}

/** Whether the fault applies before the signature is checked. */
export function isArrivalFault(fault: Fault): fault is ArrivalFault {
  return Object.hasOwn(arrivalFaults, fault.kind);
}

/** Whether the fault answers instead of the service. */
export function isAnswerFault(fault: Fault): fault is AnswerFault {
  return Object.hasOwn(answerFaults, fault.kind);
}
