import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientTokenOf, tokenKeyOf, type TokenValues } from "../../provider/clientToken.ts";

const salt = "0123456789abcdefghijkl";
const urn = "urn:pulumi:dev::farm::pulumi-nodejs:dynamic/alicloud:HpcCluster::rendering";
const values: TokenValues = { regionId: "cn-hangzhou", name: "render-farm", description: "Nightly frames" };

/** Texts in which one part could pass for another's beginning or end, or for what stands between them. */
const part = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "b", '"', ",", "\\", "\0", "[", "]", ":", "/", "-", "0", "1", "空"),
  }),
  fc.string({ unit: "binary" }),
);
const parts = fc.record({
  key: part,
  generation: fc.nat({ max: 1_000 }),
  regionId: part,
  name: part,
  description: fc.option(part, { nil: undefined }),
});
type Parts = { key: string; generation: number } & TokenValues;
const tokenOf = ({ key, generation, ...rest }: Parts) => clientTokenOf(key, generation, rest);
const told = ({ key, generation, regionId, name, description }: Parts) =>
  JSON.stringify([key, generation, regionId, name, description ?? ""]);

describe("the ClientToken", () => {
  test("is at most 64 ASCII characters, whatever it is made of", () => {
    fc.assert(
      fc.property(parts, (made) => {
        expect(tokenOf(made)).toMatch(/^[\x21-\x7e]{1,64}$/);
      }),
    );
  });

  test("is the same for the same parts, in every release: a token of an interrupted run must still find its cluster", () => {
    expect(clientTokenOf("key", 0, values)).toBe(
      "738f552a0671be8bd2985f81ff97adef102f789bf4ec9716f7c8aa014bba26ee",
    );
    fc.assert(
      fc.property(parts, (made) => {
        expect(tokenOf({ ...made })).toBe(tokenOf(made));
      }),
    );
  });

  test.each<[string, Parts]>([
    ["key", { key: "other", generation: 0, ...values }],
    ["generation", { key: "key", generation: 1, ...values }],
    ["region", { key: "key", generation: 0, ...values, regionId: "cn-beijing" }],
    ["name", { key: "key", generation: 0, ...values, name: "render-farm-2" }],
    ["description", { key: "key", generation: 0, ...values, description: "Frames" }],
    ["description, removed", { key: "key", generation: 0, ...values, description: undefined }],
  ])("is another for another %s: the service refuses a token that comes with other values", (_, made) => {
    expect(tokenOf(made)).not.toBe(clientTokenOf("key", 0, values));
  });

  test("is the same without a description and with an empty one, which the service cannot tell apart", () => {
    expect(clientTokenOf("key", 0, { ...values, description: "" })).toBe(
      clientTokenOf("key", 0, { ...values, description: undefined }),
    );
  });

  test("differs whenever any part differs, also where the parts run together to the same text", () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(tokenOf(one) === tokenOf(other)).toBe(told(one) === told(other));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      // One text, cut in two places.
      fc.property(part, fc.nat(), fc.nat(), (text, first, second) => {
        const cut = (at: number): Parts => {
          const place = at % (text.length + 1);
          return {
            key: "k",
            generation: 0,
            regionId: "",
            name: text.slice(0, place),
            description: text.slice(place),
          };
        };
        const [one, other] = [cut(first), cut(second)];
        expect(tokenOf(one) === tokenOf(other)).toBe(told(one) === told(other));
      }),
      { numRuns: 500 },
    );
  });
});

describe("the key of a cluster", () => {
  test("is short, printable, and the same for the same salt and URN", () => {
    expect(tokenKeyOf(salt, urn)).toMatch(/^[\w-]{22}$/);
    expect(tokenKeyOf(salt, urn)).toBe(tokenKeyOf(salt, urn));
  });

  test("is another in another stack and for another resource, and shows neither salt nor URN", () => {
    const key = tokenKeyOf(salt, urn);
    expect(tokenKeyOf("another salt, of 128 b", urn)).not.toBe(key);
    expect(tokenKeyOf(salt, `${urn}2`)).not.toBe(key);
    expect(key).not.toContain(salt.slice(0, 8));
    fc.assert(
      fc.property(part, part, part, part, (a, b, c, d) => {
        expect(tokenKeyOf(a, b) === tokenKeyOf(c, d)).toBe(a === c && b === d);
      }),
    );
  });
});
