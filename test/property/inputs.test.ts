import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkInputs, type CheckFailure } from "../../provider/cluster/rules.ts";
import { changesBetween, propertiesFrom, propertyNames, UNKNOWN } from "../../provider/cluster/properties.ts";
import { inputsOf, isStored, outputsOf, stateFrom, stateShownBy } from "../../provider/cluster/state.ts";
import { checkDescription, checkName, clientTokenOf } from "../../emulator/rules.ts";

// ---- The oracle: the emulator's rules, which are written from the API page independently of provider/ -------------

function refuses(check: () => unknown): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}

const breaksRule: Readonly<Record<string, (text: string) => boolean>> = {
  name: (text) =>
    refuses(() => {
      checkName(text);
    }),
  regionId: (text) => !text.split("-").every((part) => /^[a-z0-9]+$/.test(part)),
  description: (text) =>
    refuses(() => {
      checkDescription(text);
    }),
  clientToken: (ClientToken) => refuses(() => clientTokenOf({ ClientToken })),
  // Only the service knows which ids exist.
  adopt: () => false,
};
const required = ["name", "regionId"];

/** The properties that are wrong. */
function wrongProperties(args: Readonly<Record<string, unknown>>, region: string | undefined): string[] {
  const isAbsent = (property: string, value: unknown) =>
    value === undefined ||
    value === null ||
    (value === "" && Object.hasOwn(breaksRule, property) && !required.includes(property));
  const given = new Map(Object.entries(args).filter(([key, value]) => !isAbsent(key, value)));
  if (!given.has("regionId") && region !== undefined) {
    given.set("regionId", region);
  }
  const missing = required.filter((property) => !given.has(property));
  const wrong = [...given].filter(([property, value]) => {
    const breaks = Object.hasOwn(breaksRule, property) ? breaksRule[property] : undefined;
    if (breaks === undefined) {
      return !property.startsWith("__");
    }
    return value !== UNKNOWN && (typeof value !== "string" || breaks(value));
  });
  return [...missing, ...wrong.map(([property]) => property)];
}

// ---- Generators ----------------------------------------------------------------------------------------------------

const nameCharacter = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "m", "z", "A", "M", "Z") },
  { weight: 2, arbitrary: fc.constantFrom("中", "龥", "㐀", "〇", "々", "⺀", "\u{20000}", "\u{2a6d6}") },
  { weight: 2, arbitrary: fc.constantFrom("0", "9", ".", "_", "-") },
);
/** Neighbours of the accepted characters, characters that look like them, and lone surrogates. */
const oddCharacter = fc.oneof(
  fc.constantFrom(...Array.from("@[`{/:,^ \t\n\0\x7f\x80éßİıＡｚ０．＿－。、〄〈かカㄅ한")),
  fc.constantFrom("😀", "\u{10ffff}", "\u200b", "\ufeff", "\u0301", "\ud800", "\udfff", "𲎰"),
);
const anyCharacter = fc.oneof(
  { weight: 30, arbitrary: nameCharacter },
  { weight: 1, arbitrary: oddCharacter },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
const length = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 255, 256, 257),
  fc.integer({ min: 0, max: 300 }),
);
/** Long texts repeat a dozen characters: only their length matters. */
const textOf = (character: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  length.chain((count) => {
    const period = Math.min(count, 12);
    return fc
      .array(character, { minLength: period, maxLength: period })
      .map((characters) => Array.from({ length: count }, (_, at) => characters[at % period]).join(""));
  });
const prefix = fc.constantFrom(
  "http://",
  "https://",
  "HTTP://",
  "http:/",
  "ftp://",
  "0",
  "_",
  "-",
  "Ａ",
  " ",
  UNKNOWN,
);
const text = fc.oneof(
  { weight: 4, arbitrary: textOf(nameCharacter) },
  { weight: 3, arbitrary: textOf(anyCharacter) },
  { weight: 1, arbitrary: textOf(oddCharacter) },
  { weight: 2, arbitrary: fc.tuple(prefix, textOf(nameCharacter)).map(([start, rest]) => start + rest) },
);
const special = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, "", UNKNOWN, UNKNOWN),
  fc.constantFrom<unknown>(0, 1.5, true, [], ["a"], {}, { id: "hpc-1" }),
);
const orSpecial = (usual: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: special });
const correctName = fc
  .tuple(
    fc.constantFrom("a", "Z", "中", "\u{20000}"),
    fc.array(nameCharacter, { minLength: 1, maxLength: 127 }),
  )
  .map(([first, rest]) => first + rest.join(""));
const regionId = fc.oneof(
  fc.constantFrom("cn-hangzhou", "ap-southeast-1", "cn-north-2-gov-1", "us-west-1"),
  fc.constantFrom("", "CN-hangzhou", "cn_hangzhou", "-cn", "cn-", "cn--a", "cn a", "cn-杭州", "cn.evil.com/"),
  fc.constantFrom("cn-hangzhou\n", "cn-hangzhou ", "ecs@evil", "a#b", "０", "é", "cn-\ud800", "a:1", "a\\b"),
  fc.string({ unit: fc.constantFrom("a", "z", "0", "9", "-"), maxLength: 12 }),
);
const asciiText = length.chain((count) =>
  fc.string({
    unit: fc.constantFrom("a", "Z", "0", " ", "~", "\0", "\x7f"),
    minLength: count,
    maxLength: count,
  }),
);
const unknownProperty = fc
  .oneof(
    fc.constantFrom("Name", "names", "regionID", "region", "desc", "clientTokens", "tags", "hpcClusterId"),
    fc.constantFrom("requestId", "id", "", " ", "constructor", "toString", "_name"),
    fc.string({ minLength: 1, maxLength: 12 }),
  )
  .filter((key) => key !== "__proto__");
const args: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fc.record(
      {
        name: orSpecial(fc.oneof(text, correctName)),
        regionId: orSpecial(regionId),
        description: orSpecial(text),
        clientToken: orSpecial(fc.oneof(asciiText, text)),
        adopt: orSpecial(fc.oneof(fc.constant("hpc-pnlg1ds9rky4"), text)),
      },
      { requiredKeys: [] },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(unknownProperty, orSpecial(text), { maxKeys: 3 }) },
    ),
    fc.dictionary(fc.constantFrom("__provider", "__tokenKey", "__"), orSpecial(text), { maxKeys: 2 }),
  )
  .map(([given, unknown, hidden]) => ({ ...unknown, ...given, ...hidden }));
const configuredRegion = fc.constantFrom(undefined, "cn-beijing", "CN Beijing");

// ---- check ---------------------------------------------------------------------------------------------------------

/** The property that a failure is about. An unknown property is named, in quotes, only in the reason. */
function propertyOf({ property, reason }: CheckFailure): string {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(reason)?.[0];
  return property === "" ? (JSON.parse(quoted ?? '""') as string) : property;
}

/** What a reason must quote of a wrong text: its length, or its first illegal character, as far as it breaks these rules. */
function evidenceIn(property: string, value: unknown): string | undefined {
  if (typeof value !== "string" || (property !== "name" && property !== "description")) {
    return undefined;
  }
  const characters = Array.from(value);
  if (breaksRule[property]!("a".repeat(characters.length))) {
    return String(characters.length);
  }
  const illegal = characters.find((character) => breaksRule["name"]!(`aa${character}`));
  return property === "name" && illegal !== undefined ? JSON.stringify(illegal) : undefined;
}

describe("checkInputs", () => {
  test("finds all wrong properties at once, and says of each what was found and what to do", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const { inputs, failures } = checkInputs(news, region);
        expect([...new Set(failures.map(propertyOf))].sort()).toEqual(wrongProperties(news, region).sort());
        for (const { property, reason } of failures) {
          expect(reason).toContain(property);
          // The advice is a clause of its own: an instruction or a question.
          expect(reason).toMatch(
            /(; (?:give|put|remove|lengthen|shorten)\b[^]*\.|: (?:did you mean "\w+"\?|its properties are [^]*\.))$/,
          );
          expect(reason.length).toBeLessThan(700);
        }
        for (const property of new Set(failures.map(propertyOf))) {
          const reasons = failures.filter((failure) => propertyOf(failure) === property);
          const evidence = evidenceIn(property, inputs[property]);
          expect(reasons.map(({ reason }) => reason).join("\n")).toContain(evidence ?? "");
        }
      }),
      { numRuns: 1_500 },
    );
  });

  test("keeps all values, drops missing ones, and adds only the region", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const before = structuredClone(news);
        for (const value of Object.values(news)) {
          Object.freeze(value);
        }
        const checked = checkInputs(Object.freeze(news), region);
        expect(news).toEqual(before);
        for (const [key, value] of Object.entries(checked.inputs)) {
          expect(value ?? undefined).toBeDefined();
          expect(value).toBe(key === "regionId" ? (news[key] ?? region) : news[key]);
        }
        expect(checkInputs(checked.inputs, region)).toEqual(checked);
      }),
      { numRuns: 500 },
    );
  });

  test.each(["aa", "中a", "a中", "〇a", "a々", "⺀a", "\u{20000}a", "a.b_c-9"])(
    "accepts the name %j",
    (name) => {
      expect(checkInputs({ name, regionId: "cn-hangzhou" }, undefined).failures).toEqual([]);
    },
  );

  test.each(Array.from("éかカ한Ａ０。😀\0 \ud800/"))(
    "refuses %j in a name, in the first and in later places",
    (odd) => {
      for (const name of [`${odd}a`, `a${odd}`, `aa${odd}a`]) {
        const { failures } = checkInputs({ name, regionId: "cn-hangzhou" }, undefined);
        expect(failures.map(({ reason }) => reason).join("\n")).toContain(JSON.stringify(odd));
      }
    },
  );

  test.each([
    ["name", ["a", "中", "\u{20000}"]],
    ["description", ["a", "中", "😀"]],
    ["clientToken", ["a"]],
  ])("counts the characters of %s as code points", (property, characters) => {
    const isWrong = (character: string, count: number) => {
      const news = { name: "ok", regionId: "cn-hangzhou", [property]: character.repeat(count) };
      return checkInputs(news, undefined).failures.length > 0;
    };
    for (let count = 1; count < 300; count += 1) {
      for (const character of characters) {
        expect(isWrong(character, count)).toBe(breaksRule[property]!("a".repeat(count)));
      }
    }
  });

  test("shows no value of a property that does not exist: it could be a misplaced secret", () => {
    fc.assert(
      fc.property(unknownProperty, fc.stringMatching(/^[A-Za-z0-9]{24}$/), (key, secret) => {
        fc.pre(!(propertyNames as readonly string[]).includes(key) && !key.startsWith("__"));
        const { failures } = checkInputs({ name: "ok", regionId: "cn-hangzhou", [key]: secret }, undefined);
        expect(failures.map(({ property }) => property)).toEqual([""]);
        expect(JSON.stringify(failures)).not.toContain(secret);
      }),
    );
  });

  test.each([
    ["Name", "name"],
    ["regionID", "regionId"],
    ["region", "regionId"],
    ["descripton", "description"],
    ["clientToken_", "clientToken"],
  ])("suggests for %s the property %s", (key, suggestion) => {
    const { failures } = checkInputs({ name: "ok", regionId: "cn-hangzhou", [key]: "x" }, undefined);
    expect(failures).toEqual([
      { property: "", reason: expect.stringContaining(`did you mean "${suggestion}"?`) as string },
    ]);
  });
});

// ---- diff and state ------------------------------------------------------------------------------------------------

const storedValue = fc.oneof(fc.constantFrom<unknown>(undefined, null, "", UNKNOWN, "same"), fc.string());
const stored = fc.dictionary(
  fc.constantFrom(...propertyNames, "requestId", "hpcClusterId", "__provider", "__tokenKey"),
  storedValue,
);

test("changesBetween is symmetric, and finds nothing between a state and itself", () => {
  fc.assert(
    fc.property(stored, stored, (one, other) => {
      expect(changesBetween(one, structuredClone(one))).toEqual({ updates: [], replaces: [] });
      expect(changesBetween(one, other)).toEqual(changesBetween(other, one));
    }),
    { numRuns: 500 },
  );
});

test("checked inputs that become a cluster are read back without a difference", () => {
  const news = fc.record(
    {
      name: correctName,
      regionId: fc.constant("cn-hangzhou"),
      description: text,
      clientToken: asciiText,
      adopt: fc.string(),
    },
    { requiredKeys: ["name", "regionId"] },
  );
  const requestId = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
  const tokenUse = fc.option(fc.record({ series: fc.string(), generation: fc.nat() }), { nil: undefined });
  fc.assert(
    fc.property(news, requestId, tokenUse, (given, request, __tokenUse) => {
      const { inputs, failures } = checkInputs(given, undefined);
      fc.pre(failures.length === 0);
      const properties = propertiesFrom(inputs);
      const created = { ...properties, hpcClusterId: "hpc-1", requestId: request, __tokenUse };
      const { name: Name, description: Description = "" } = properties;
      const state = stateShownBy({ HpcClusterId: "hpc-1", Name, Description }, created);
      const outputs = outputsOf(state);
      // The SDK cannot store undefined.
      expect(Object.values(outputs)).not.toContain(undefined);
      expect(isStored(outputs)).toBe(true);
      expect(isStored(inputs)).toBe(false);
      expect(outputsOf(stateFrom("hpc-1", outputs))).toEqual(outputs);
      expect(inputsOf(state)).toEqual(inputs);
      expect(changesBetween(outputs, inputs)).toEqual({ updates: [], replaces: [] });
    }),
    { numRuns: 500 },
  );
});
