import { readFileSync } from "node:fs";
import { selector, type FaultPlan, type FaultRule } from "./fault.ts";
import {
  formatted,
  isRecord,
  problemsOfField,
  problemsOfObject,
  required,
  text,
  whole,
  type Fields,
} from "./fields.ts";
import { faultKinds, type FaultKind } from "./faultKinds.ts";
import { shortened } from "./shortened.ts";

/** How many problems an error lists. */
const listedProblems = 20;

/** An invalid fault plan. The message lists the first 20 problems with their places, one a line. */
export class FaultPlanError extends Error {
  readonly problems: readonly string[];

  constructor(where: string, problems: readonly string[]) {
    const listed = problems.slice(0, listedProblems);
    const more = problems.length > listedProblems ? ["and more"] : [];
    super(
      [`${where} is not a valid fault plan:`, ...[...listed, ...more].map((line) => `  ${line}`)].join("\n"),
    );
    this.name = "FaultPlanError";
    this.problems = listed;
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

/** Checks a plan and returns it. Throws FaultPlanError. */
export function parseFaultPlan(value: unknown, where = "The value"): FaultPlan {
  if (!isRecord(value)) {
    throw new FaultPlanError(where, ["must be an object with a list of rules"]);
  }
  let problems: string[] = [];
  for (const name of Object.keys(value)) {
    if (name !== "seed" && name !== "rules") {
      problems.push(`${shortened(name)}: unknown; known are seed, rules`);
    }
  }
  if (value["seed"] !== undefined) {
    problems.push(...problemsOfField("seed", whole(0), value["seed"]));
  }
  const rules = value["rules"];
  if (!Array.isArray(rules)) {
    problems.push("rules: must be a list");
  } else {
    for (const [index, rule] of rules.entries()) {
      if (problems.length > listedProblems) {
        break;
      }
      problems = problems.concat(problemsOf(rule, `rules[${index}]`)); // a rule can have more than push can take
    }
  }
  if (problems.length > 0) {
    throw new FaultPlanError(where, problems);
  }
  return value as unknown as FaultPlan;
}

/** Checks one rule and returns it. Throws FaultPlanError. */
export function parseFaultRule(value: unknown): FaultRule {
  const problems = problemsOf(value, "rule");
  if (problems.length > 0) {
    throw new FaultPlanError("The rule", problems);
  }
  return value as FaultRule;
}

function problemsOf(value: unknown, where: string): string[] {
  if (!isRecord(value)) {
    return [`${where}: must be an object, not ${formatted(value)}`];
  }
  const kind = value["kind"];
  if (typeof kind !== "string" || !Object.hasOwn(faultKinds, kind)) {
    return [`${where}.kind: must be one of ${Object.keys(faultKinds).join(", ")}, not ${formatted(kind)}`];
  }
  const known: Fields = { kind: required(text), ...selector, ...faultKinds[kind as FaultKind].fields };
  const problems = problemsOfObject(`${where}.`, known, value, kind);
  if (kind === "lateVisible" && value["ms"] === undefined && value["describes"] === undefined) {
    problems.push(`${where}: lateVisible requires ms or describes`);
  }
  return problems;
}
