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
    expect(propertiesFrom({ ...complete, [name]: "" })).not.toHaveProperty(name);
    const shown = stateShownBy(
      { HpcClusterId: "hpc-1", Name: "shown", ...(name === "name" ? {} : { Description: "shown" }) },
      stored,
    );
    expect(shown[name]).toBe(row.isDescribed ? "shown" : value);
  });
});

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
