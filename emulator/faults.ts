import type { FaultRule, FaultSelector } from "./fault.ts";
import { parseFaultRule } from "./faultFile.ts";
import {
  canAffect,
  isAnswerFault,
  isArrivalFault,
  type AnswerFault,
  type BucketFault,
  type FaultKind,
  type ServiceFault,
} from "./faultKinds.ts";
import { randomStream } from "./random.ts";

/** A rule in force. */
export interface ActiveFault {
  /** How many calls it has affected. */
  readonly injected: number;
  remove(): void;
}

/** The faults of one call before its signature is checked. */
export interface ArrivalFaults {
  readonly latencyMs: number;
  readonly skewMs: number;
  readonly expiredToken: boolean;
  readonly kind: FaultKind | undefined;
}

/** The faults of one call that was let in. */
export interface CallFaults {
  /** The first fault that answers instead of the service. */
  readonly answer: AnswerFault | undefined;
  readonly others: readonly ServiceFault[];
  /** For the record: the kind of `answer`, or of the first of the others. */
  readonly kind: FaultKind | undefined;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly random: () => number;
  readonly buckets: Map<string, Bucket>;
  seen: number;
  injected: number;
}

/** The rules in force, and how often each kind has affected a call. */
export class Faults {
  private readonly seed: number;
  private readonly rules = new Set<ActiveRule>();
  private readonly injectedByKind = new Map<FaultKind, number>();
  private added = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** Adds a rule after the others. Throws FaultPlanError for an invalid one. */
  add(rule: FaultRule): ActiveFault {
    // Every rule draws from its own stream, so that a new rule does not change what the others do.
    this.added += 1;
    const active: ActiveRule = {
      rule: parseFaultRule(rule),
      random: randomStream(this.seed + 0x9e3779b9 * this.added),
      buckets: new Map(),
      seen: 0,
      injected: 0,
    };
    this.rules.add(active);
    return {
      get injected() {
        return active.injected;
      },
      remove: () => {
        this.rules.delete(active);
      },
    };
  }

  /** Removes all rules. The counts stay. */
  clear(): void {
    this.rules.clear();
  }

  /** The rules in force, in their order. */
  get active(): readonly FaultRule[] {
    return [...this.rules].map(({ rule }) => rule);
  }

  /** How many calls each kind has affected. */
  get injected(): Partial<Record<FaultKind, number>> {
    return Object.fromEntries(this.injectedByKind);
  }

  /** Draws the faults of a call before its signature is checked. */
  onArrival(action: string, regionId: string | undefined, hasToken: boolean): ArrivalFaults {
    let latencyMs = 0;
    let skewMs = 0;
    let expiredToken = false;
    let kind: FaultKind | undefined;
    for (const active of this.matching(action, regionId)) {
      const { rule } = active;
      if (!isArrivalFault(rule) || (rule.kind === "expiredToken" && !hasToken) || !this.affects(active)) {
        continue;
      }
      this.count(active);
      kind ??= rule.kind;
      switch (rule.kind) {
        case "latency":
          latencyMs += rule.ms;
          break;
        case "clockSkew":
          skewMs += rule.ms;
          break;
        case "expiredToken":
          expiredToken = true;
      }
    }
    return { latencyMs, skewMs, expiredToken, kind };
  }

  /** Draws the faults of a call that was let in. */
  onService(action: string, regionId: string | undefined, accountId: string, now: number): CallFaults {
    let answer: AnswerFault | undefined;
    const others: ServiceFault[] = [];
    let answerKind: FaultKind | undefined;
    for (const active of this.matching(action, regionId)) {
      const { rule } = active;
      if (isArrivalFault(rule) || !this.affects(active) || !canAffect(rule.kind, action)) {
        continue;
      }
      if (rule.kind !== "bucket" && !isAnswerFault(rule)) {
        others.push(rule);
        this.count(active);
        continue;
      }
      if (answer !== undefined) {
        continue; // the first fault answers, and the others keep their `times`
      }
      answer =
        rule.kind === "bucket"
          ? throttledBy(rule, active.buckets, `${accountId}/${regionId ?? ""}/${action}`, now)
          : rule;
      if (answer !== undefined) {
        answerKind = rule.kind;
        this.count(active);
      }
    }
    return { answer, others, kind: answerKind ?? others[0]?.kind };
  }

  private *matching(action: string, regionId: string | undefined): Generator<ActiveRule> {
    for (const active of this.rules) {
      const { rule } = active;
      const actions = typeof rule.action === "string" ? [rule.action] : rule.action;
      if (actions !== undefined && !actions.some((name) => name === action)) {
        continue;
      }
      if (rule.regionId === undefined || rule.regionId === regionId) {
        yield active;
      }
    }
  }

  private affects(active: ActiveRule): boolean {
    const { rule } = active;
    active.seen += 1;
    // Drawn for every call, or a limit elsewhere in the rule would shift the stream.
    const drawn = rule.rate === undefined ? 0 : active.random();
    if (rule.times !== undefined && active.injected >= rule.times) {
      return false;
    }
    if (!numbered(rule.calls, active.seen)) {
      return false;
    }
    return rule.rate === undefined || drawn < rule.rate;
  }

  private count(active: ActiveRule): void {
    active.injected += 1;
    this.injectedByKind.set(active.rule.kind, (this.injectedByKind.get(active.rule.kind) ?? 0) + 1);
  }
}

function numbered(calls: FaultSelector["calls"], number: number): boolean {
  if (calls === undefined) {
    return true;
  }
  if (typeof calls === "number") {
    return number === calls;
  }
  if (isNumbers(calls)) {
    return calls.includes(number);
  }
  const { from = 1, to = Number.POSITIVE_INFINITY, every = 1 } = calls;
  return number >= from && number <= to && (number - from) % every === 0;
}

function isNumbers(calls: NonNullable<FaultSelector["calls"]>): calls is readonly number[] {
  return Array.isArray(calls);
}

// The throttling of a call that finds the bucket empty. Otherwise it takes a token.
function throttledBy(
  rule: BucketFault,
  buckets: Map<string, Bucket>,
  key: string,
  now: number,
): AnswerFault | undefined {
  const size = rule.burst ?? Math.max(1, rule.perSecond);
  const bucket = buckets.get(key) ?? { tokens: size, filledAt: now };
  buckets.set(key, bucket);
  const elapsed = Math.max(0, now - bucket.filledAt);
  bucket.tokens = Math.min(size, bucket.tokens + (elapsed * rule.perSecond) / 1000);
  bucket.filledAt = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return undefined;
  }
  const retryAfterMs = Math.max(1, Math.ceil(((1 - bucket.tokens) * 1000) / rule.perSecond));
  return {
    kind: "throttling",
    ...(rule.code === undefined ? {} : { code: rule.code }),
    ...(rule.status === undefined ? {} : { status: rule.status }),
    ...(rule.retryAfter === true ? { retryAfterMs } : {}),
  };
}
