import type { ActionName } from "./action.ts";
import { parseFaultRule } from "./faultFile.ts";
import type { When } from "./holds.ts";
import { randomStream } from "./random.ts";

/** What can go wrong. Milliseconds everywhere; `when` is beforeCommit unless said otherwise. */
export type Fault =
  /** A throttled call, refused before it has any effect. Defaults: Throttling.User, 400, no header. */
  | {
      readonly kind: "throttling";
      readonly code?: "Throttling" | "Throttling.User" | "Throttling.Api";
      readonly status?: number;
      readonly retryAfterMs?: number;
    }
  /** 500 InternalError. */
  | { readonly kind: "internalError"; readonly when?: When }
  /** 500 with JSON that has no Code: pop-core takes it for a success. */
  | { readonly kind: "codeless500"; readonly when?: When }
  /** 502 with a proxy's HTML page. */
  | { readonly kind: "badGateway"; readonly when?: When }
  /** 503 with nothing in it. */
  | { readonly kind: "empty503"; readonly when?: When }
  /** 503 ServiceUnavailable. */
  | { readonly kind: "serviceUnavailable"; readonly when?: When }
  /** Any error, rendered in the format that was asked for. */
  | {
      readonly kind: "error";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly when?: When;
    }
  /** An error in XML, whatever was asked for. Defaults: 503 ServiceUnavailable. */
  | {
      readonly kind: "xmlError";
      readonly status?: number;
      readonly code?: string;
      readonly message?: string;
      readonly when?: When;
    }
  /** The connection is reset. */
  | { readonly kind: "reset"; readonly when?: When }
  /** The connection stays open and nothing comes. */
  | { readonly kind: "noAnswer"; readonly when?: When }
  /** The answer comes late. Before the commit, the call is in progress meanwhile. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: When }
  /** The headers come at once, the body a few bytes (1) at a time. */
  | { readonly kind: "drip"; readonly intervalMs: number; readonly bytes?: number }
  /** What Create makes stays out of Describe for so long, or for so many looks at it. */
  | { readonly kind: "lateVisible"; readonly ms?: number; readonly describes?: number }
  /** So many calls a second per account, region and action, `burst` (perSecond) at once; the rest is throttled. */
  | {
      readonly kind: "bucket";
      readonly perSecond: number;
      readonly burst?: number;
      readonly code?: "Throttling" | "Throttling.User" | "Throttling.Api";
      readonly status?: number;
      /** Whether to tell when the next token is there. */
      readonly retryAfter?: boolean;
    }
  /** The server's clock is off by so much, which can be negative. */
  | { readonly kind: "clockSkew"; readonly ms: number }
  /** The security token has expired, whatever its expiry says. Touches only requests that carry one. */
  | { readonly kind: "expiredToken" }
  /** Every call takes that long, refused ones too. */
  | { readonly kind: "latency"; readonly ms: number };

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** Which calls a fault befalls: all that match, of those the numbered ones, of those a share, so many times at most. */
export type FaultSelector = {
  readonly action?: ActionName | readonly ActionName[];
  readonly regionId?: string;
  /** Counted from 1 over the calls that match action and region since the rule was added. */
  readonly calls?:
    number | readonly number[] | { readonly from?: number; readonly to?: number; readonly every?: number };
  /** From 0 to 1, drawn from the rule's own seeded stream. */
  readonly rate?: number;
  readonly times?: number;
};

/** One fault and the calls that it befalls. */
export type FaultRule = FaultSelector & Fault;

/** A script of faults; also the format of a fault file. */
export type FaultPlan = { readonly seed?: number; readonly rules: readonly FaultRule[] };

/** A rule that is in force. */
export type ActiveFault = {
  /** How often it has struck. */
  readonly injected: number;
  remove(): void;
};

/** A fault that decides the answer, in place of the service. */
export type Ending = Extract<
  FaultRule,
  {
    kind:
      | "throttling"
      | "internalError"
      | "codeless500"
      | "badGateway"
      | "empty503"
      | "serviceUnavailable"
      | "error"
      | "xmlError"
      | "reset"
      | "noAnswer";
  }
>;

/** What befalls one call on its arrival, before anybody knows who calls. */
export type ArrivalFaults = {
  readonly latencyMs: number;
  readonly skewMs: number;
  readonly expiredToken: boolean;
  readonly kind: FaultKind | undefined;
};

/** What befalls one call that has been let in. */
export type ServiceFaults = {
  readonly ending: Ending | undefined;
  readonly delayMs: Readonly<Record<When, number>>;
  readonly drip: { readonly intervalMs: number; readonly bytes: number } | undefined;
  readonly hidden: { readonly ms?: number; readonly describes?: number };
  readonly kind: FaultKind | undefined;
};

type Bucket = { tokens: number; filledAt: number };

type Rule = {
  readonly rule: FaultRule;
  readonly random: () => number;
  readonly buckets: Map<string, Bucket>;
  seen: number;
  injected: number;
};

const arrivalKinds: readonly FaultKind[] = ["latency", "clockSkew", "expiredToken"];

/** The rules in force, and what they have done so far. */
export class Faults {
  readonly #seed: number;
  readonly #rules = new Set<Rule>();
  readonly #injected = new Map<FaultKind, number>();
  #added = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Puts a rule in force, after those already there. An impossible rule is an error that says why. */
  add(rule: FaultRule): ActiveFault {
    // Every rule draws from a stream of its own, so that adding one does not change what the others do.
    this.#added += 1;
    const active: Rule = {
      rule: parseFaultRule(rule),
      random: randomStream(this.#seed + 0x9e3779b9 * this.#added),
      buckets: new Map(),
      seen: 0,
      injected: 0,
    };
    this.#rules.add(active);
    return {
      get injected() {
        return active.injected;
      },
      remove: () => {
        this.#rules.delete(active);
      },
    };
  }

  /** Takes all rules out of force; the counts stay. */
  clear(): void {
    this.#rules.clear();
  }

  /** How often each kind has struck. */
  get injected(): Partial<Record<FaultKind, number>> {
    return Object.fromEntries(this.#injected);
  }

  /** Draws what befalls a call before its signature is looked at. */
  onArrival(action: string, regionId: string | undefined, hasToken: boolean): ArrivalFaults {
    let latencyMs = 0;
    let skewMs = 0;
    let expiredToken = false;
    let kind: FaultKind | undefined;
    for (const active of this.#matching(action, regionId, true)) {
      const { rule } = active;
      if (rule.kind === "expiredToken" && !hasToken) continue;
      if (!this.#strikes(active)) continue;
      this.#count(active);
      kind ??= rule.kind;
      if (rule.kind === "latency") latencyMs += rule.ms;
      if (rule.kind === "clockSkew") skewMs += rule.ms;
      if (rule.kind === "expiredToken") expiredToken = true;
    }
    return { latencyMs, skewMs, expiredToken, kind };
  }

  /** Draws what befalls a call that has been let in. The first rule that decides the answer decides it. */
  onService(action: string, regionId: string | undefined, accountId: string, now: number): ServiceFaults {
    const delayMs = { beforeCommit: 0, afterCommit: 0 };
    let ending: Ending | undefined;
    let drip: ServiceFaults["drip"];
    let hidden: ServiceFaults["hidden"] = {};
    let kind: FaultKind | undefined;
    for (const active of this.#matching(action, regionId, false)) {
      const { rule } = active;
      if (!this.#strikes(active)) continue;
      switch (rule.kind) {
        case "latency":
        case "clockSkew":
        case "expiredToken":
          continue; // drawn on arrival
        case "delay":
          delayMs[rule.when ?? "beforeCommit"] += rule.ms;
          break;
        case "drip":
          drip = { intervalMs: rule.intervalMs, bytes: rule.bytes ?? 1 };
          break;
        case "lateVisible":
          if (action !== "CreateHpcCluster") continue;
          hidden = {
            ...(rule.ms === undefined ? {} : { ms: rule.ms }),
            ...(rule.describes === undefined ? {} : { describes: rule.describes }),
          };
          break;
        case "bucket": {
          if (ending !== undefined) continue;
          const waitMs = takeToken(active.buckets, `${accountId}/${regionId ?? ""}/${action}`, rule, now);
          if (waitMs === 0) continue;
          ending = {
            kind: "throttling",
            ...(rule.code === undefined ? {} : { code: rule.code }),
            ...(rule.status === undefined ? {} : { status: rule.status }),
            ...(rule.retryAfter === true ? { retryAfterMs: waitMs } : {}),
          };
          kind = rule.kind;
          break;
        }
        default:
          if (ending !== undefined) continue;
          ending = rule;
          kind = rule.kind;
      }
      this.#count(active);
      kind ??= rule.kind;
    }
    return { ending, delayMs, drip, hidden, kind };
  }

  *#matching(action: string, regionId: string | undefined, arrival: boolean): Generator<Rule> {
    for (const active of this.#rules) {
      const { rule } = active;
      if (arrivalKinds.includes(rule.kind) !== arrival) continue;
      const actions = typeof rule.action === "string" ? [rule.action] : rule.action;
      if (actions !== undefined && !actions.some((name) => name === action)) continue;
      if (rule.regionId !== undefined && rule.regionId !== regionId) continue;
      yield active;
    }
  }

  #strikes(active: Rule): boolean {
    const { rule } = active;
    active.seen += 1;
    // Drawn for every call, or a limit elsewhere in the rule would shift the stream.
    const drawn = rule.rate === undefined ? 0 : active.random();
    if (rule.times !== undefined && active.injected >= rule.times) return false;
    if (!numbered(rule.calls, active.seen)) return false;
    return rule.rate === undefined || drawn < rule.rate;
  }

  #count(active: Rule): void {
    active.injected += 1;
    this.#injected.set(active.rule.kind, (this.#injected.get(active.rule.kind) ?? 0) + 1);
  }
}

function numbered(calls: FaultSelector["calls"], number: number): boolean {
  if (calls === undefined) return true;
  if (typeof calls === "number") return number === calls;
  if (isNumbers(calls)) return calls.includes(number);
  const { from = 1, to = Number.POSITIVE_INFINITY, every = 1 } = calls;
  return number >= from && number <= to && (number - from) % every === 0;
}

function isNumbers(calls: NonNullable<FaultSelector["calls"]>): calls is readonly number[] {
  return Array.isArray(calls);
}

// Milliseconds until the next token; 0 when there was one to take.
function takeToken(
  buckets: Map<string, Bucket>,
  key: string,
  rule: { readonly perSecond: number; readonly burst?: number },
  now: number,
): number {
  const size = rule.burst ?? Math.max(1, rule.perSecond);
  const bucket = buckets.get(key) ?? { tokens: size, filledAt: now };
  buckets.set(key, bucket);
  const elapsed = Math.max(0, now - bucket.filledAt);
  bucket.tokens = Math.min(size, bucket.tokens + (elapsed * rule.perSecond) / 1000);
  bucket.filledAt = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return 0;
  }
  return Math.max(1, Math.ceil(((1 - bucket.tokens) * 1000) / rule.perSecond));
}
