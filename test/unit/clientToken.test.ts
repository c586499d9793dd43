import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientTokenOf, tokenKeyOf, tokenSeriesOf } from "../../provider/cluster/clientToken.ts";

interface TokenValues {
  regionId: string;
  name: string;
  description?: string | undefined;
}
const seriesOf = (key: string, { regionId, name, description }: TokenValues) =>
  tokenSeriesOf(key, {
    RegionId: regionId,
    Name: name,
    ...(description === undefined ? {} : { Description: description }),
  });
const values: TokenValues = { regionId: "cn-hangzhou", name: "render-farm", description: "Nightly frames" };

/** Texts that could be taken for the separator, or for the beginning or end of another part. */
const part = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "b", '"', ",", "\\", "\0", "[", "]", ":", "/", "-", "0", "1", "空"),
  }),
  fc.string({ unit: "binary" }),
);
interface Parts extends TokenValues {
  key: string;
  generation: number;
}
const parts: fc.Arbitrary<Parts> = fc.record({
  key: part,
  generation: fc.nat({ max: 1_000 }),
  regionId: part,
  name: part,
  description: fc.option(part, { nil: undefined }),
});
const tokenOf = ({ key, generation, ...rest }: Parts) => clientTokenOf(seriesOf(key, rest), generation);
const identityOf = ({ key, generation, regionId, name, description }: Parts) =>
  JSON.stringify([key, generation, regionId, name, description ?? ""]);

describe("the ClientToken", () => {
  test("is at most 64 ASCII characters, and the same for the same parts", () => {
    fc.assert(
      fc.property(parts, (one) => {
        expect(tokenOf(one)).toMatch(/^[\x21-\x7e]{1,64}$/);
        expect(tokenOf({ ...one })).toBe(tokenOf(one));
      }),
    );
  });

  test("never changes between releases: the token of an interrupted run must still find its cluster", () => {
    expect(seriesOf("key", values)).toBe("ov8vzLBndBznbTOXfddw_W");
    expect(tokenOf({ key: "key", generation: 0, ...values })).toBe(
      "5f7049127669b9e858ad7f2b3335bf0e5071ec0ebf35d2ff60a2cb15cf98c875",
    );
  });

  test("differs if the key, the generation or a value differs, and only then", () => {
    const one: Parts = { key: "key", generation: 0, ...values };
    for (const change of [
      { key: "other" },
      { generation: 1 },
      { regionId: "cn-beijing" },
      { name: "render-farm-2" },
      { description: "Frames" },
      { description: undefined },
    ]) {
      expect(tokenOf({ ...one, ...change })).not.toBe(tokenOf(one));
    }
    fc.assert(
      fc.property(parts, parts, (first, second) => {
        expect(tokenOf(first) === tokenOf(second)).toBe(identityOf(first) === identityOf(second));
      }),
      { numRuns: 300 },
    );
    fc.assert(
      // The same text, cut at two places.
      fc.property(part, fc.nat(), fc.nat(), (text, first, second) => {
        const cut = (at: number): Parts => {
          const place = at % (text.length + 1);
          return { ...one, name: text.slice(0, place), description: text.slice(place) };
        };
        const [a, b] = [cut(first), cut(second)];
        expect(tokenOf(a) === tokenOf(b)).toBe(identityOf(a) === identityOf(b));
      }),
      { numRuns: 300 },
    );
  });

  test("is the same without a description and with an empty one: the service cannot tell them apart", () => {
    expect(seriesOf("key", { ...values, description: "" })).toBe(
      seriesOf("key", { ...values, description: undefined }),
    );
  });
});

test("the key of a cluster is short, printable, and differs for another salt or URN", () => {
  expect(tokenKeyOf("0123456789abcdefghijkl", "urn:pulumi:dev::farm::t::a")).toMatch(/^[\w-]{22}$/);
  expect(tokenKeyOf("0123456789abcdefghijkl", "urn")).not.toContain("01234567");
  fc.assert(
    fc.property(part, part, part, part, (a, b, c, d) => {
      expect(tokenKeyOf(a, b) === tokenKeyOf(c, d)).toBe(a === c && b === d);
    }),
  );
});
