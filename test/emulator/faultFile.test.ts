import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { FaultPlanError, parseFaultPlan, readFaultFile } from "../../emulator/faultFile.ts";

function problems(plan: unknown): readonly string[] {
  try {
    parseFaultPlan(plan);
  } catch (error) {
    if (error instanceof FaultPlanError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

test("accepts a plan with every kind and every selector", () => {
  const rules = [
    { kind: "throttling", code: "Throttling.Api", status: 429, retryAfterMs: 100, rate: 0.5 },
    { kind: "internalError", when: "afterCommit", action: "CreateHpcCluster", calls: 1 },
    { kind: "codeless500", action: ["CreateHpcCluster", "DescribeRegions"], calls: [1, 3] },
    { kind: "badGateway", calls: { from: 2, to: 8, every: 2 }, times: 1 },
    { kind: "empty503", regionId: "cn-hangzhou" },
    { kind: "serviceUnavailable" },
    { kind: "error", status: 400, code: "Invalid.Parameter", message: "m", retryAfterMs: 0 },
    { kind: "xmlError", status: 500, code: "c", message: "m" },
    { kind: "reset", when: "beforeCommit" },
    { kind: "noAnswer" },
    { kind: "delay", ms: 1, when: "afterCommit" },
    { kind: "drip", intervalMs: 1, bytes: 2 },
    { kind: "endlessBody" },
    { kind: "brokenGzip" },
    { kind: "noRequestId" },
    { kind: "badList", list: "samePage" },
    { kind: "lateVisible", ms: 1, describes: 1 },
    { kind: "lateRemoved", ms: 1 },
    { kind: "storedValues", change: "cut" },
    { kind: "lateValues", ms: 1, field: "both" },
    { kind: "swappedValues" },
    { kind: "otherRegion" },
    { kind: "lateModify", ms: 1 },
    { kind: "wrongTotal", total: "missing" },
    { kind: "upperCaseIds" },
    { kind: "bucket", perSecond: 0.5, burst: 2, code: "Throttling", status: 403, retryAfter: true },
    { kind: "clockSkew", ms: -1 },
    { kind: "expiredToken" },
    { kind: "latency", ms: 0 },
  ];
  expect(problems({ seed: 0, rules })).toEqual([]);
});

describe("reports every problem with its place", () => {
  test.each([
    [null, ["must be an object with a list of rules"]],
    [[], ["must be an object with a list of rules"]],
    [{}, ["rules: must be a list"]],
    [{ rules: [], extra: 1 }, ["extra: unknown; known are seed, rules"]],
    [{ seed: -1, rules: [] }, ["seed: must be a whole number from 0 up, not -1"]],
    [{ rules: [7] }, ["rules[0]: must be an object, not 7"]],
    [
      { rules: [{ kind: "reset", when: "later" }] },
      ['rules[0].when: must be one of beforeCommit, afterCommit, not "later"'],
    ],
    [
      { rules: [{ kind: "error", code: "" }] },
      [
        'rules[0].code: must be a string that is not empty, not ""',
        "rules[0].status: is required for error",
        "rules[0].message: is required for error",
      ],
    ],
    [
      { rules: [{ kind: "expiredToken", when: "afterCommit" }] },
      ["rules[0].when: unknown for expiredToken; known are kind, action, regionId, calls, rate, times"],
    ],
    [{ rules: [{ kind: "reset", rate: 1.1 }] }, ["rules[0].rate: must be a number from 0 to 1, not 1.1"]],
    [{ rules: [{ kind: "reset", times: 0 }] }, ["rules[0].times: must be a whole number from 1 up, not 0"]],
    [
      { rules: [{ kind: "xmlError", status: 200 }] },
      ["rules[0].status: must be a whole number from 400 to 599, not 200"],
    ],
    [{ rules: [{ kind: "bucket", perSecond: 0 }] }, ["rules[0].perSecond: must be a number above 0, not 0"]],
    [
      { rules: [{ kind: "bucket", perSecond: 1, retryAfter: 1 }] },
      ["rules[0].retryAfter: must be true or false, not 1"],
    ],
    [{ rules: [{ kind: "lateVisible" }] }, ["rules[0]: lateVisible requires ms or describes"]],
  ])("%j", (plan, expected) => {
    expect(problems(plan)).toEqual(expected);
  });

  test.each(["toString", "__proto__", "nonsense", undefined])("the kind %s", (kind) => {
    expect(problems({ rules: [{ kind }] })[0]).toMatch(
      /^rules\[0\]\.kind: must be one of throttling, internalError/,
    );
  });

  test.each(["DeleteHpcClusters", [], ["CreateHpcCluster", 1]])("the action %j", (action) => {
    expect(problems({ rules: [{ kind: "reset", action }] })[0]).toMatch(
      /^rules\[0\]\.action: must be one or more of/,
    );
  });

  test.each([0, 1.5, [0], { from: 0 }, { first: 1 }, "1"])("the calls %j", (calls) => {
    expect(problems({ rules: [{ kind: "reset", calls }] })[0]).toMatch(
      /^rules\[0\]\.calls: must be a call number/,
    );
  });

  test("all problems in one message, one a line", () => {
    expect(() => parseFaultPlan({ rules: [{ kind: "x" }, 1] }, "faults.json")).toThrow(
      /^faults\.json is not a valid fault plan:\n {2}rules\[0\]\.kind: .*\n {2}rules\[1\]: must be an object, not 1$/,
    );
  });
});

describe("a fault file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "faults-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is read", () => {
    const path = join(folder, "good.json");
    writeFileSync(path, '{ "seed": 3, "rules": [{ "kind": "reset" }] }');
    expect(readFaultFile(path)).toEqual({ seed: 3, rules: [{ kind: "reset" }] });
  });

  test("that is missing or not JSON is an error with its path", () => {
    const path = join(folder, "bad.json");
    writeFileSync(path, "{ rules: }");
    expect(() => readFaultFile(path)).toThrow(`${path} is not a valid fault plan:`);
    expect(() => readFaultFile(join(folder, "none.json"))).toThrow("ENOENT");
  });
});
