import { readFileSync } from "node:fs";

import type { FaultKind, FaultPlan, FaultRule } from "./faults.ts";

type Check = (value: unknown) => string | undefined;
type Field = { readonly check: Check; readonly required?: true };
type Fields = Readonly<Record<string, Field>>;

const actionNames = [
  "CreateHpcCluster",
  "DescribeHpcClusters",
  "ModifyHpcClusterAttribute",
  "DeleteHpcCluster",
  "DescribeRegions",
];

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
  if (typeof value === "number") return whole(1)(value) === undefined ? undefined : wrong;
  if (Array.isArray(value)) return value.every((each) => whole(1)(each) === undefined) ? undefined : wrong;
  if (!isRecord(value)) return wrong;
  return Object.entries(value).every(
    ([name, each]) => ["from", "to", "every"].includes(name) && whole(1)(each) === undefined,
  )
    ? undefined
    : wrong;
};

const selector: Fields = {
  kind: { check: text, required: true },
  action: { check: actions },
  regionId: { check: text },
  calls: { check: calls },
  rate: { check: between(0, 1) },
  times: { check: whole(1) },
};

const fields: Readonly<Record<FaultKind, Fields>> = {
  throttling: {
    code: throttlingCode,
    status: { check: errorStatus },
    retryAfterMs: { check: milliseconds },
  },
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
  delay: { ms: { check: milliseconds, required: true }, when },
  drip: { intervalMs: { check: milliseconds, required: true }, bytes: { check: whole(1) } },
  lateVisible: { ms: { check: milliseconds }, describes: { check: whole(1) } },
  bucket: {
    perSecond: { check: positive, required: true },
    burst: { check: whole(1) },
    code: throttlingCode,
    status: { check: errorStatus },
    retryAfter: { check: flag },
  },
  clockSkew: { ms: { check: whole(-Number.MAX_SAFE_INTEGER), required: true } },
  expiredToken: {},
  latency: { ms: { check: milliseconds, required: true } },
};

/** A fault plan that cannot be: every reason, one a line, each with the place that it is about. */
export class FaultPlanError extends Error {
  readonly problems: readonly string[];

  constructor(where: string, problems: readonly string[]) {
    super([`${where} is not a fault plan:`, ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.name = "FaultPlanError";
    this.problems = problems;
  }
}

/** Reads a fault file: JSON of the form `{ "seed": 1, "rules": [{ "kind": "throttling", "rate": 0.1 }] }`. */
export function readFaultFile(path: string): FaultPlan {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new FaultPlanError(path, [error instanceof Error ? error.message : String(error)]);
  }
  return parseFaultPlan(content, path);
}

/** Checks a plan and returns it unchanged, or throws with everything that is wrong with it. */
export function parseFaultPlan(value: unknown, where = "The value"): FaultPlan {
  if (!isRecord(value)) throw new FaultPlanError(where, ["must be an object with a list of rules"]);
  const problems: string[] = [];
  for (const name of Object.keys(value)) {
    if (name !== "seed" && name !== "rules") problems.push(`${name}: unknown; known are seed, rules`);
  }
  if (value["seed"] !== undefined) {
    const wrong = whole(0)(value["seed"]);
    if (wrong !== undefined) problems.push(`seed: ${wrong}, not ${shown(value["seed"])}`);
  }
  const rules = value["rules"];
  if (!Array.isArray(rules)) problems.push("rules: must be a list");
  else rules.forEach((rule, index) => problems.push(...problemsOf(rule, `rules[${index}]`)));
  if (problems.length > 0) throw new FaultPlanError(where, problems);
  return value as FaultPlan;
}

/** The same for one rule. */
export function parseFaultRule(value: unknown): FaultRule {
  const problems = problemsOf(value, "rule");
  if (problems.length > 0) throw new FaultPlanError("The rule", problems);
  return value as FaultRule;
}

function problemsOf(value: unknown, where: string): string[] {
  if (!isRecord(value)) return [`${where}: must be an object, not ${shown(value)}`];
  const kind = value["kind"];
  if (typeof kind !== "string" || !Object.hasOwn(fields, kind)) {
    return [`${where}.kind: must be one of ${Object.keys(fields).join(", ")}, not ${shown(kind)}`];
  }
  const known: Fields = { ...selector, ...fields[kind as FaultKind] };
  const problems: string[] = [];
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (field === undefined) {
      problems.push(`${where}.${name}: unknown for ${kind}; known are ${Object.keys(known).join(", ")}`);
    } else if (given !== undefined) {
      const wrong = field.check(given);
      if (wrong !== undefined) problems.push(`${where}.${name}: ${wrong}, not ${shown(given)}`);
    }
  }
  for (const [name, field] of Object.entries(known)) {
    if (field.required === true && value[name] === undefined) {
      problems.push(`${where}.${name}: is missing, ${kind} needs it`);
    }
  }
  if (kind === "lateVisible" && value["ms"] === undefined && value["describes"] === undefined) {
    problems.push(`${where}: lateVisible needs ms or describes`);
  }
  return problems;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "undefined" : JSON.stringify(value);
}
