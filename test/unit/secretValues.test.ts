import { expect, test } from "vitest";
import { redactionOf } from "../../provider/cluster/secretValues.ts";

test("the texts in secret values are removed, the longer ones first, also as JSON quotes them", () => {
  const redact = redactionOf([
    "farm",
    "farm-blue",
    'a "b"',
    ["in a list", { in: "an object" }],
    7,
    undefined,
    null,
    "42",
    "x",
  ]);
  expect(redact('farm-blue, farm; "a \\"b\\"" or a "b"; in a list; an object; x7; 42')).toBe(
    '[secret], [secret]; "[secret]" or [secret]; [secret]; [secret]; x7; [secret]',
  );
});
