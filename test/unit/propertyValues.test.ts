import { createRequire } from "node:module";
import type { JavaScriptValue, Struct as StructMessage } from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test } from "vitest";
import { receivedProperties, sentProperties } from "../../provider/plugin/propertyValues.ts";

// Generated CommonJS, whose exports Node cannot see from outside.
const { Struct } = createRequire(import.meta.url)("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: typeof StructMessage;
};

/** As Pulumi's engine marks a secret. */
const secret = (value: JavaScriptValue) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
const received = (values: Record<string, JavaScriptValue>) =>
  receivedProperties(Struct.fromJavaScript(values));

test("received values are plain, and the names of those with a secret anywhere in them are known", () => {
  const { values, secretNames } = received({
    name: "farm",
    description: secret("hidden"),
    list: ["a", secret("b")],
    object: { plain: 1, deep: { key: secret(secret("twice")) } },
    wholly: secret({ a: [true, null] }),
    nothing: null,
  });
  expect(values).toEqual({
    name: "farm",
    description: "hidden",
    list: ["a", "b"],
    object: { plain: 1, deep: { key: "twice" } },
    wholly: { a: [true, null] },
    nothing: null,
  });
  expect([...secretNames].sort()).toEqual(["description", "list", "object", "wholly"]);
});

test("a request without properties has none", () => {
  expect(receivedProperties(undefined)).toEqual({ values: {}, secretNames: new Set(), secrets: [] });
});

test("an object with another signature is no secret", () => {
  const asset = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", path: "x" };
  expect(received({ asset })).toEqual({ values: { asset }, secretNames: new Set(), secrets: [] });
});

test("sent values are marked by name, and undefined ones are left out", () => {
  const tokenUse = { series: "s", generation: 2 };
  const values = { name: "farm", description: "hidden", clientToken: undefined, tokenUse };
  const sent = sentProperties(values, new Set(["description", "clientToken"]));
  expect(sent.toJavaScript()).toEqual({ name: "farm", description: secret("hidden"), tokenUse });
});
