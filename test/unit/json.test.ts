import { expect, test } from "vitest";
import { isObject, jsonObject, nonEmptyString, parseJson, quoted } from "../../provider/ecs/json.ts";

test("what is not JSON is undefined, and what is no object is none", () => {
  expect(parseJson("{")).toBeUndefined();
  expect(jsonObject("{")).toBeUndefined();
  expect(jsonObject('{"a":1}')).toEqual({ a: 1 });
  for (const text of ["null", "[]", "5", '"text"', "true"]) {
    expect(isObject(JSON.parse(text))).toBe(false);
    expect(jsonObject(text)).toBeUndefined();
  }
});

test("a setting may be a number, and an empty one is missing", () => {
  const object = { text: "a", number: 0, empty: "", other: true, nothing: null };
  const values = Object.keys(object).map((key) => nonEmptyString(object, key));
  expect(values).toEqual(["a", "0", undefined, undefined, undefined]);
  expect(nonEmptyString(object, "missing")).toBeUndefined();
});

test("a quoted value is cut after 60 characters, never inside one, and invisible characters are escaped", () => {
  const longest = "帧".repeat(59) + "😀";
  expect(quoted(longest)).toBe(`"${longest}"`);
  expect(quoted(`${longest}x`)).toBe(`"${longest}…"`);
  expect(quoted("a\nb")).toBe('"a\\nb"');
});
