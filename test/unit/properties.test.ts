import { describe, expect, test } from "vitest";
import { checkCluster } from "../../provider/cluster/check.ts";
import { checkInputs } from "../../provider/cluster/rules.ts";
import { createCluster } from "../../provider/cluster/create.ts";
import {
  changesBetween,
  parametersOf,
  properties,
  propertiesFrom,
  UNKNOWN,
  type ClusterProperties,
  type PropertyName,
} from "../../provider/cluster/properties.ts";
import { inputsOf, outputsOf, stateFrom, stateShownBy } from "../../provider/cluster/state.ts";
import { FakeService } from "./fakeService.ts";

interface Expectation {
  parameter?: string;
  isRequired?: true;
  onChange: "update" | "replace" | "nothing";
  isDescribed?: true;
  value: string;
  other: string;
  /** A value that breaks a rule. */
  wrong?: string;
}

/** What the API and the documentation of HpcClusterArgs say about each property, independently of the table. */
const expectations: Record<PropertyName, Expectation> = {
  name: {
    parameter: "Name",
    isRequired: true,
    onChange: "update",
    isDescribed: true,
    value: "render-farm",
    other: "farm-2",
    wrong: "1",
  },
  regionId: {
    parameter: "RegionId",
    isRequired: true,
    onChange: "replace",
    value: "cn-hangzhou",
    other: "cn-beijing",
    wrong: "CN Hangzhou",
  },
  description: {
    parameter: "Description",
    onChange: "update",
    isDescribed: true,
    value: "Nightly frames",
    other: "每晚的帧",
    wrong: "http://x",
  },
  clientToken: { parameter: "ClientToken", onChange: "nothing", value: "t-1", other: "t-2", wrong: "é" },
  adopt: { onChange: "nothing", value: "hpc-1", other: "hpc-2" },
};
const names = Object.keys(expectations) as PropertyName[];
const complete = Object.fromEntries(
  names.map((name) => [name, expectations[name].value]),
) as unknown as ClusterProperties;

test("every property has an expectation here", () => {
  expect(Object.keys(properties)).toEqual(names);
});

describe.each(names.map((name) => ({ name, ...expectations[name] })))("$name", (row) => {
  const { name, value, other } = row;
  const failing = (change: Record<string, unknown>) =>
    checkInputs({ ...complete, ...change }, undefined).failures.map(({ property }) => property);

  test("is checked", () => {
    expect(failing({})).toEqual([]);
    expect(failing({ [name]: other })).toEqual([]);
    expect(failing({ [name]: UNKNOWN })).toEqual([]);
    expect(failing({ [name]: 5 })).toEqual([name]);
    if (row.wrong !== undefined) {
      expect(new Set(failing({ [name]: row.wrong }))).toEqual(new Set([name]));
    }
    for (const missing of [undefined, null]) {
      expect(failing({ [name]: missing })).toEqual(row.isRequired ? [name] : []);
    }
    const empty = checkInputs({ ...complete, [name]: "" }, undefined);
    expect(empty.failures.length > 0).toBe(row.isRequired ?? false);
    if (!row.isRequired) {
      expect(empty.inputs).not.toHaveProperty(name);
    }
  });

  test(`on change: ${row.onChange}`, () => {
    const expected = {
      updates: row.onChange === "update" ? [name] : [],
      replaces: row.onChange === "replace" ? [name] : [],
    };
    for (const changed of [other, UNKNOWN, undefined]) {
      expect(changesBetween({ ...complete }, { ...complete, [name]: changed })).toEqual(expected);
      expect(changesBetween({ ...complete, [name]: changed }, { ...complete })).toEqual(expected);
    }
    for (const absent of [undefined, null, ""]) {
      const without = { ...complete, [name]: undefined };
      expect(changesBetween(without, { ...complete, [name]: absent })).toEqual({ updates: [], replaces: [] });
    }
  });

  test(`is sent as ${row.parameter ?? "nothing"}`, () => {
    expect(Object.keys(parametersOf({ [name]: undefined }))).toEqual([]);
    expect(parametersOf({ [name]: value })).toEqual(
      row.parameter === undefined ? {} : { [row.parameter]: value },
    );
    expect(parametersOf(complete, [name])).toEqual(
      row.parameter === undefined ? {} : { [row.parameter]: value },
    );
  });

  test("is stored, and follows DescribeHpcClusters if that returns it", () => {
    const stored = stateFrom("hpc-1", { ...complete });
    expect(outputsOf(stored)).toMatchObject({ [name]: value });
    expect(inputsOf(stored)).toMatchObject({ [name]: value });
    for (const noText of ["", 5]) {
      expect(propertiesFrom({ ...complete, [name]: noText })).not.toHaveProperty(name);
    }
    const shown = stateShownBy(
      { HpcClusterId: "hpc-1", Name: "shown", ...(name === "name" ? {} : { Description: "shown" }) },
      stored,
    );
    expect(shown[name]).toBe(row.isDescribed ? "shown" : value);
  });
});

const illegal = "name may contain only .* but contains ";
test.each<[PropertyName, unknown, string[]]>([
  ["name", "a", ["has 1; lengthen it\\.$"]],
  ["name", "a".repeat(129), ["has 129; shorten it\\.$"]],
  ["description", "a".repeat(257), ["must be 2 to 256 .* has 257; shorten it\\.$"]],
  ["description", "see http://example.com", []],
  ["description", "https://x", ['must not start with .* but starts with "https://"; remove that\\.$']],
  ["name", "a!?", [`${illegal}"!", "\\?"; remove or replace these\\.$`]],
  ["name", "a!\"#$%&'()*", [`${illegal}"!", .* "\\*"; remove`]],
  ["name", "a!\"#$%&'()*+", [`${illegal}"!", [^+]* "\\*", …; remove`]],
  ["clientToken", "éè", ['but contains "é", "è"; remove these\\.$']],
  ["clientToken", "àáâãäåæçèéê", ['but contains "à", .* "é"; remove']],
  ["clientToken", "a".repeat(65), ["at most 64 characters long, but has 65; shorten it\\.$"]],
  ["name", ["a"], ["^name must be a string, but is a list; give a string\\.$"]],
  ["name", { a: 1 }, ["is an object;"]],
  ["name", 5, ["is a number;"]],
])("what is wrong with the %s %j", (name, value, reasons) => {
  const { failures } = checkInputs({ ...complete, [name]: value }, undefined);
  expect(failures).toEqual(
    reasons.map((reason) => ({
      property: name,
      reason: expect.stringMatching(new RegExp(reason)) as string,
    })),
  );
});

test("a missing region is reported with the advice of the provider that is used", () => {
  expect(checkInputs({ name: "farm" }, undefined, "Configure it.").failures).toEqual([
    { property: "regionId", reason: "Configure it." },
  ]);
});

test.each([null, "text", { series: "s" }, { generation: 1 }, { series: 1, generation: 1 }])(
  "a stored use of a ClientToken that cannot be read counts as none: %j",
  (__tokenUse) => {
    expect(outputsOf(stateFrom("hpc-1", { ...complete, __tokenUse }))).not.toHaveProperty("__tokenUse");
  },
);

test.each(names.filter((name) => name !== "adopt"))(
  "adoption compares %s if DescribeHpcClusters returns it",
  async (name) => {
    const { other, isDescribed } = expectations[name];
    const service = new FakeService();
    const adopt = service.add(complete.name, complete.description);
    const { failures } = await checkCluster(service.operation(), {}, { ...complete, adopt, [name]: other });
    expect(failures.map(({ property }) => property)).toEqual(isDescribed ? [name] : []);
  },
);

test("a new cluster is created with all parameters and no others", async () => {
  const service = new FakeService();
  const { adopt: _, ...inputs } = complete;
  await createCluster(service.operation(), inputs, {});
  expect(service.sent("CreateHpcCluster")).toEqual([parametersOf(inputs)]);
  expect(parametersOf(inputs)).toEqual({
    Name: "render-farm",
    RegionId: "cn-hangzhou",
    Description: "Nightly frames",
    ClientToken: "t-1",
  });
});

test("a description that DescribeHpcClusters no longer returns leaves the state", () => {
  const shown = stateShownBy({ HpcClusterId: "hpc-1", Name: "farm" }, stateFrom("hpc-1", { ...complete }));
  expect(shown).not.toHaveProperty("description");
});
