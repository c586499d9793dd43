import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changesBetween,
  checkInputs,
  regionReasons,
  UNKNOWN,
  type Violation,
} from "../../provider/inputs.ts";
import { inputsOf, isStored, outputsOf, type HpcClusterState } from "../../provider/state.ts";
import { hanRanges, hanSomeday, isIn, judge, unknownValue } from "./ruleOracle.ts";

// ---- Generators ------------------------------------------------------------------------------------------------

const hanCharacter = fc
  .constantFrom(...hanRanges)
  .chain(([first, last]) => fc.constantFrom(first, last, first + ((last - first) >> 1)))
  .map((point) => String.fromCodePoint(point));
const asciiLetter = fc.constantFrom("a", "m", "z", "A", "M", "Z");
const nameCharacter = fc.oneof(
  { weight: 4, arbitrary: asciiLetter },
  { weight: 2, arbitrary: hanCharacter },
  { weight: 2, arbitrary: fc.constantFrom("0", "9", ".", "_", "-") },
);
/** Neighbours of the tables' ends, look-alikes, and what needs two UTF-16 units. */
const oddCharacter = fc.oneof(
  fc.constantFrom(
    "@",
    "[",
    "`",
    "{",
    "/",
    ":",
    ",",
    "^",
    " ",
    "\t",
    "\n",
    "\0",
    "\x7f",
    "\x80",
    "é",
    "ß",
    "İ",
    "ı",
  ),
  fc.constantFrom(
    "Ａ",
    "ｚ",
    "０",
    "．",
    "＿",
    "－",
    "。",
    "、",
    "〄",
    "々",
    "〇",
    "〈",
    "かな",
    "カ",
    "ㄅ",
    "한",
  ),
  fc.constantFrom("😀", "\u{1F1FF}", "\u{10ffff}", "\u200b", "\u202e", "\ufeff", "\u0301"),
  fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff"),
  fc
    .constantFrom(...hanRanges)
    .chain(([first, last]) => fc.constantFrom(first - 1, last + 1))
    .filter((point) => !isIn(hanSomeday, point))
    .map((point) => String.fromCodePoint(point)),
);
const anyCharacter = fc.oneof(
  { weight: 30, arbitrary: nameCharacter },
  { weight: 1, arbitrary: oddCharacter },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
const boundaryLength = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 255, 256, 257),
  fc.integer({ min: 0, max: 300 }),
);
/** Long texts repeat a dozen characters: what matters in them is their length. */
const textOf = (character: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  boundaryLength.chain((length) => {
    const period = Math.min(length, 12);
    return fc
      .array(character, { minLength: period, maxLength: period })
      .map((characters) => Array.from({ length }, (_, at) => characters[at % period]).join(""));
  });
const scheme = fc.constantFrom(
  "http://",
  "https://",
  "HTTP://",
  "Https://",
  "hTTpS://",
  "http:/",
  "https:",
  "ftp://",
);
const withPrefix = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.oneof(scheme, fc.constantFrom("0", "9", "_", "-", ".", "Ａ", " ")), text)
    .map(([prefix, rest]) => prefix + rest);
const aroundUnknown = fc
  .tuple(fc.constantFrom("", "a", "中", " "), fc.constantFrom("", "z", "!"))
  .map(([before, after]) => before + unknownValue + after);

const text = fc.oneof(
  { weight: 4, arbitrary: textOf(nameCharacter) },
  { weight: 3, arbitrary: textOf(anyCharacter) },
  { weight: 1, arbitrary: textOf(oddCharacter) },
  { weight: 2, arbitrary: withPrefix(textOf(nameCharacter)) },
  { weight: 1, arbitrary: aroundUnknown },
);
const wrongType = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.constantFrom<unknown>([], [unknownValue], {}, { value: unknownValue }, { id: "hpc-1" }),
);
const notGiven = fc.constantFrom<unknown>(undefined, null, "");
const special = fc.oneof(
  { weight: 2, arbitrary: notGiven },
  { weight: 2, arbitrary: fc.constant<unknown>(unknownValue) },
  { weight: 1, arbitrary: wrongType },
);
const orSpecial = (usual: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: special });

const soundName = fc
  .tuple(fc.oneof(asciiLetter, hanCharacter), fc.array(nameCharacter, { minLength: 1, maxLength: 127 }))
  .map(([first, rest]) => first + rest.join(""));
const regionId = fc.oneof(
  fc.constantFrom("cn-hangzhou", "ap-southeast-1", "cn-north-2-gov-1", "cn-shanghai-finance-1", "us-west-1"),
  fc.constantFrom(
    "",
    "CN-hangzhou",
    "cn_hangzhou",
    "-cn",
    "cn-",
    "cn--hangzhou",
    "cn hangzhou",
    "cn-杭州",
    "cn.evil.com/",
  ),
  fc.constantFrom("cn-hangzhou\n", "cn-hangzhou ", "ecs@evil", "a#b", "０", "é", "cn-\ud800", "a:1", "a\\b"),
  fc.string({ unit: fc.constantFrom("a", "z", "0", "9", "-"), maxLength: 12 }),
);
const asciiText = boundaryLength.chain((length) =>
  fc.string({
    unit: fc.constantFrom("a", "Z", "0", " ", "~", "\0", "\x7f"),
    minLength: length,
    maxLength: length,
  }),
);
const clientToken = fc.oneof(
  { weight: 3, arbitrary: asciiText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "a".repeat(64),
      "a".repeat(65),
      "é",
      "\x80",
      "令牌",
      "😀".repeat(33),
      "\ud800",
    ),
  },
  { weight: 1, arbitrary: text },
);
const typo = fc
  .oneof(
    fc.constantFrom(
      "Name",
      "names",
      "regionID",
      "region",
      "desc",
      "Description",
      "clientTokens",
      "ClientToken",
    ),
    fc.constantFrom(
      "tags",
      "zoneId",
      "hpcClusterId",
      "requestId",
      "id",
      "",
      " ",
      "constructor",
      "toString",
      "_name",
    ),
    fc.string({ minLength: 1, maxLength: 12 }),
  )
  .filter((key) => key !== "__proto__");
const hidden = fc.constantFrom("__provider", "__tokenKey", "__", "__anything");

const args: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fc.record(
      {
        name: orSpecial(fc.oneof(text, soundName)),
        regionId: orSpecial(regionId),
        description: orSpecial(text),
        clientToken: orSpecial(clientToken),
        adopt: orSpecial(fc.oneof(fc.constant("hpc-pnlg1ds9rky4"), text)),
      },
      { requiredKeys: [] },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(typo, orSpecial(text), { maxKeys: 3 }) },
    ),
    fc.dictionary(hidden, orSpecial(text), { maxKeys: 2 }),
  )
  .map(([given, typos, secret]) => ({ ...typos, ...given, ...secret }));
const configuredRegion = fc.option(
  fc.oneof(
    fc.constant("cn-beijing"),
    regionId.filter((region) => region !== ""),
  ),
  {
    nil: undefined,
  },
);

// ---- Reading the verdicts --------------------------------------------------------------------------------------

/** The name a violation is about. One about a property that does not exist has it, quoted, in its reason only. */
function blamedBy({ property, reason }: Violation): string {
  if (property !== "") return property;
  const literal = /^"(?:[^"\\]|\\.)*"/.exec(reason)?.[0];
  expect(literal, `no property in: ${reason}`).toBeDefined();
  return JSON.parse(literal ?? '""') as string;
}

function reasonsByProperty(violations: readonly Violation[]): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const violation of violations) {
    const property = blamedBy(violation);
    reasons.set(property, `${reasons.get(property) ?? ""}\n${violation.reason}`);
  }
  return reasons;
}

const runs = { numRuns: 1_000 };

// ---- check -----------------------------------------------------------------------------------------------------

describe("checkInputs", () => {
  test("agrees with a second statement of the rules, property by property, all violations at once", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const blamed = [...reasonsByProperty(checkInputs(news, region).violations).keys()];
        const wanted = judge(news, region).map(({ property }) => property);
        expect(blamed.sort()).toEqual(wanted.sort());
      }),
      runs,
    );
  });

  test("never refuses what the oracle accepts", () => {
    const sound = fc.record(
      {
        name: soundName,
        regionId: fc.constantFrom("cn-hangzhou", "ap-southeast-8", "cn-north-2-gov-1"),
        description: fc.oneof(
          textOf(anyCharacter),
          fc.constantFrom("HTTP://x", "Https://x", " http://", "--", "😀😀"),
        ),
        clientToken: asciiText,
      },
      { requiredKeys: ["name", "regionId"] },
    );
    fc.assert(
      fc.property(sound, (news) => {
        fc.pre(judge(news, undefined).length === 0);
        expect(checkInputs(news, undefined)).toEqual({
          inputs: Object.fromEntries(Object.entries(news).filter(([, value]) => value !== "")),
          violations: [],
        });
      }),
      runs,
    );
  });

  test("names the property, what was found and how to mend it, in every reason", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const { violations } = checkInputs(news, region);
        for (const violation of violations) {
          expect(violation.reason).toContain(violation.property || JSON.stringify(blamedBy(violation)));
          // The mending is a clause of its own, behind a semicolon or a colon, and an instruction or a question.
          expect(violation.reason).toMatch(
            /(; (?:give|put|remove|lengthen|shorten)\b[^]*\.|: (?:did you mean "\w+"\?|its properties are [^]*\.))(?:$)/,
          );
        }
        const reasons = reasonsByProperty(violations);
        for (const { property, found } of judge(news, region)) {
          for (const evidence of found) expect(reasons.get(property)).toContain(evidence);
        }
      }),
      runs,
    );
  });

  test("keeps every reason within a few lines, however long the value", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        for (const { reason } of checkInputs(news, region).violations)
          expect(reason.length).toBeLessThan(700);
      }),
      { numRuns: 500 },
    );
  });

  test("never blames a value that is not known yet", () => {
    const one = fc.constantFrom("name", "regionId", "description", "clientToken", "adopt");
    fc.assert(
      fc.property(args, configuredRegion, one, (news, region, property) => {
        const { inputs, violations } = checkInputs({ ...news, [property]: UNKNOWN }, region);
        expect(violations.map(blamedBy)).not.toContain(property);
        expect(inputs[property]).toBe(UNKNOWN);
      }),
      runs,
    );
    expect(UNKNOWN).toBe(unknownValue);
  });

  test("is idempotent: its own inputs pass through unchanged, with the same verdict", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const once = checkInputs(news, region);
        expect(checkInputs(once.inputs, region)).toEqual(once);
      }),
      runs,
    );
  });

  test("changes neither the arguments nor anything in them", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const before = structuredClone(news);
        const keys = Object.keys(news);
        for (const value of Object.values(news)) Object.freeze(value);
        const { inputs } = checkInputs(Object.freeze(news), region);
        expect(news).toEqual(before);
        expect(Object.keys(news)).toEqual(keys);
        expect(inputs).not.toBe(news);
      }),
      runs,
    );
  });

  test("drops what is not given, keeps the rest as it is, and fills in nothing but the region", () => {
    fc.assert(
      fc.property(args, configuredRegion, (news, region) => {
        const { inputs } = checkInputs(news, region);
        for (const [key, value] of Object.entries(inputs)) {
          expect(value).not.toBeUndefined();
          expect(value).not.toBeNull();
          if (key === "regionId" && (news["regionId"] ?? undefined) === undefined) expect(value).toBe(region);
          else expect(value).toBe(news[key]);
        }
      }),
      runs,
    );
  });

  test("takes an empty description, clientToken or adopt for none", () => {
    fc.assert(
      fc.property(
        args,
        configuredRegion,
        fc.constantFrom("description", "clientToken", "adopt"),
        (news, region, key) => {
          const { [key]: _, ...without } = news;
          expect(checkInputs({ ...without, [key]: "" }, region)).toEqual(checkInputs(without, region));
        },
      ),
      runs,
    );
  });

  test("decides every code point as the oracle does, as first and as later character of a name", () => {
    const disagreements: string[] = [];
    for (let point = 0; point <= 0x10ffff; point += point < 0x34000 ? 1 : 0x1001) {
      if (isIn(hanSomeday, point)) continue;
      const character = String.fromCodePoint(point);
      for (const name of [`${character}a`, `a${character}`]) {
        const accepted = checkInputs({ name, regionId: "cn-hangzhou" }, undefined).violations.length === 0;
        const wanted = judge({ name, regionId: "cn-hangzhou" }, undefined).length === 0;
        if (accepted !== wanted) disagreements.push(`U+${point.toString(16)} in ${JSON.stringify(name)}`);
      }
    }
    expect(disagreements).toEqual([]);
  }, 60_000);

  test.each([
    ["name", 1, false],
    ["name", 2, true],
    ["name", 128, true],
    ["name", 129, false],
    ["description", 1, false],
    ["description", 2, true],
    ["description", 256, true],
    ["description", 257, false],
    ["clientToken", 1, true],
    ["clientToken", 64, true],
    ["clientToken", 65, false],
  ])("%s of %i characters: %s", (property, length, accepted) => {
    const characters =
      property === "clientToken"
        ? ["a"]
        : property === "name"
          ? ["a", "中", "\u{20000}"]
          : ["中", "\u{20000}", "😀"];
    for (const character of characters) {
      const news = { name: "ok", regionId: "cn-hangzhou", [property]: character.repeat(length) };
      expect(checkInputs(news, undefined).violations.map(blamedBy)).toEqual(accepted ? [] : [property]);
    }
  });

  test("shows no value of a property that does not exist: it could be a misplaced secret", () => {
    fc.assert(
      fc.property(typo, fc.stringMatching(/^[A-Za-z0-9]{24}$/), (key, secret) => {
        fc.pre(
          !["name", "regionId", "description", "clientToken", "adopt"].includes(key) && !key.startsWith("__"),
        );
        const { violations } = checkInputs({ name: "ok", regionId: "cn-hangzhou", [key]: secret }, undefined);
        expect(violations.map(({ property }) => property)).toEqual([""]);
        expect(JSON.stringify(violations)).not.toContain(secret);
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
    const { violations } = checkInputs({ name: "ok", regionId: "cn-hangzhou", [key]: "x" }, undefined);
    expect(violations).toEqual([
      { property: "", reason: expect.stringContaining(`did you mean "${suggestion}"?`) as string },
    ]);
  });

  test("regionReasons judges a region as check does", () => {
    fc.assert(
      fc.property(regionId, (region) => {
        expect(regionReasons(region)).toEqual(
          checkInputs({ name: "ok", regionId: region }, undefined).violations.map(({ reason }) => reason),
        );
      }),
    );
    expect(regionReasons(undefined)).toHaveLength(1);
  });
});

// ---- diff ------------------------------------------------------------------------------------------------------

const stateValue = fc.oneof(fc.constantFrom<unknown>(undefined, null, "", unknownValue, "same"), fc.string());
const stored = fc.record(
  {
    name: stateValue,
    regionId: stateValue,
    description: stateValue,
    clientToken: stateValue,
    requestId: stateValue,
    hpcClusterId: stateValue,
    __provider: stateValue,
    __tokenKey: stateValue,
  },
  { requiredKeys: [] },
);
const canonical = (value: unknown): unknown => (value === null || value === undefined ? "" : value);

describe("changesBetween", () => {
  test("name and description update, regionId replaces, nothing else matters", () => {
    fc.assert(
      fc.property(stored, stored, (olds: Record<string, unknown>, news: Record<string, unknown>) => {
        const changed = (key: string): boolean => !Object.is(canonical(olds[key]), canonical(news[key]));
        const { updates, replaces } = changesBetween(olds, news);
        expect({ updates: [...updates].sort(), replaces }).toEqual({
          updates: ["description", "name"].filter(changed),
          replaces: changed("regionId") ? ["regionId"] : [],
        });
      }),
      runs,
    );
  });

  test("finds nothing between a state and itself, and looks the same from both sides", () => {
    fc.assert(
      fc.property(stored, stored, (one, other) => {
        expect(changesBetween(one, structuredClone(one))).toEqual({ updates: [], replaces: [] });
        expect(changesBetween(one, other)).toEqual(changesBetween(other, one));
      }),
      runs,
    );
  });

  test("takes a value that is not known yet for a change", () => {
    fc.assert(
      fc.property(soundName, fc.constantFrom("name", "description", "regionId"), (value, key) => {
        const { updates, replaces } = changesBetween({ [key]: value }, { [key]: UNKNOWN });
        expect([...updates, ...replaces]).toEqual([key]);
      }),
    );
  });
});

// ---- state -----------------------------------------------------------------------------------------------------

const givenText = fc.string({ minLength: 1 });
const maybe = fc.option(givenText, { nil: undefined });
const item = fc.record(
  { hpcClusterId: givenText, name: givenText, description: givenText },
  { requiredKeys: ["hpcClusterId", "name"] },
);
const kept = fc.record({ regionId: givenText, requestId: maybe, clientToken: maybe });

function expectStorable(value: unknown): void {
  // What the SDK can put into a Struct: it throws at the first undefined, bigint, function or symbol.
  if (typeof value === "object" && value !== null) Object.values(value).forEach(expectStorable);
  else
    expect(["string", "number", "boolean"].includes(typeof value) || value === null, String(value)).toBe(
      true,
    );
}

describe("state", () => {
  test("outputs and inputs hold no undefined, at any depth, and outputs tell all that is known", () => {
    fc.assert(
      fc.property(item, kept, (cluster, known) => {
        const outputs = outputsOf(cluster, known);
        expectStorable(outputs);
        expectStorable(inputsOf(outputs));
        expect(isStored(outputs)).toBe(true);
        expect(isStored({ regionId: known.regionId })).toBe(false);
        expect(outputs).toMatchObject(
          Object.fromEntries(
            Object.entries({ ...cluster, ...known }).filter(([, value]) => value !== undefined),
          ),
        );
      }),
      runs,
    );
  });

  test("the inputs read back from outputs differ in nothing from them, nor do they change by the trip", () => {
    fc.assert(
      fc.property(item, kept, (cluster, known) => {
        const outputs = outputsOf(cluster, known);
        const inputs = inputsOf(outputs);
        expect(changesBetween(outputs, inputs)).toEqual({ updates: [], replaces: [] });
        const again = inputsOf({ ...outputs, ...(inputs as unknown as HpcClusterState) });
        expect(again).toEqual(inputs);
      }),
      runs,
    );
  });

  test("checked inputs, made into a cluster by the service, come back without a difference", () => {
    const sound = fc.record(
      { name: soundName, regionId: fc.constant("cn-hangzhou"), description: text, clientToken: asciiText },
      { requiredKeys: ["name", "regionId"] },
    );
    fc.assert(
      fc.property(sound, givenText, givenText, (news, hpcClusterId, requestId) => {
        fc.pre(judge(news, undefined).length === 0);
        const inputs = checkInputs(news, undefined).inputs as {
          name: string;
          regionId: string;
          description?: string;
          clientToken?: string;
        };
        const { name, description, regionId: region, clientToken: token } = inputs;
        const outputs = outputsOf(
          { hpcClusterId, name, ...(description === undefined ? {} : { description }) },
          { regionId: region, requestId, clientToken: token },
        );
        expect(changesBetween(outputs, inputs)).toEqual({ updates: [], replaces: [] });
        expect(inputsOf(outputs)).toEqual(inputs);
        expect(checkInputs(inputsOf(outputs), undefined)).toEqual({ inputs, violations: [] });
      }),
      runs,
    );
  });
});
