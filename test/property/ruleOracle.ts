/**
 * The rules for an HPC cluster's inputs, stated a second time: from the API page (CreateHpcCluster, 2014-05-26) and the
 * project's reference, with tables of code points and without a single regular expression. It imports nothing from
 * provider/, so that an error in the rules there has something to disagree with.
 */

/** How the engine writes a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What the oracle holds against one property. */
export interface Verdict {
  /** The property's name as the program wrote it. */
  property: string;
  /** Texts that a message about it has to contain: what was found. */
  found: string[];
}

type Range = readonly [first: number, last: number];

/** Unicode script Han, as of Unicode 16. */
export const hanRanges: readonly Range[] = [
  [0x2e80, 0x2e99],
  [0x2e9b, 0x2ef3],
  [0x2f00, 0x2fd5],
  [0x3005, 0x3005],
  [0x3007, 0x3007],
  [0x3021, 0x3029],
  [0x3038, 0x303b],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfa6d],
  [0xfa70, 0xfad9],
  [0x16fe2, 0x16fe3],
  [0x16ff0, 0x16ff1],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b739],
  [0x2b740, 0x2b81d],
  [0x2b820, 0x2cea1],
  [0x2ceb0, 0x2ebe0],
  [0x2ebf0, 0x2ee5d],
  [0x2f800, 0x2fa1d],
  [0x30000, 0x3134a],
  [0x31350, 0x323af],
];

/** Code points that a later Unicode gives, or may yet give, to the script: which is right depends on the runtime. */
export const hanSomeday: readonly Range[] = [
  [0x16fe4, 0x16fff],
  [0x2a6e0, 0x2a6ff],
  [0x2b73a, 0x2b73f],
  [0x2b81e, 0x2b81f],
  [0x2cea2, 0x2ceaf],
  [0x2ebe1, 0x2ebef],
  [0x2ee5e, 0x2f7ff],
  [0x3134b, 0x3134f],
  [0x323b0, 0x3ffff],
];

const upperCase: Range = [0x41, 0x5a];
const lowerCase: Range = [0x61, 0x7a];
const digits: Range = [0x30, 0x39];
const period: Range = [0x2e, 0x2e];
const underscore: Range = [0x5f, 0x5f];
const hyphen: Range = [0x2d, 0x2d];

const startOfName: readonly Range[] = [upperCase, lowerCase, ...hanRanges];
const restOfName: readonly Range[] = [...startOfName, digits, period, underscore, hyphen];
const regionCharacters: readonly Range[] = [lowerCase, digits];

/** Whether a code point lies in one of the ranges. */
export function isIn(ranges: readonly Range[], codePoint: number): boolean {
  for (const [first, last] of ranges) {
    if (codePoint >= first && codePoint <= last) return true;
  }
  return false;
}

/** The code points of a text, a lone surrogate counting as one; written without the string iterator. */
export function codePointsOf(text: string): number[] {
  const points: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      points.push(0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
      at += 1;
    } else {
      points.push(unit);
    }
  }
  return points;
}

const schemes = ["http://", "https://"];

function schemeOf(text: string): string | undefined {
  return schemes.find((scheme) => text.slice(0, scheme.length) === scheme);
}

function quoted(codePoint: number): string {
  // A lone surrogate is escaped where it is shown, as JSON does.
  return codePoint >= 0xd800 && codePoint < 0xe000
    ? `"\\u${codePoint.toString(16)}"`
    : JSON.stringify(String.fromCodePoint(codePoint));
}

function judgeLength(points: readonly number[], least: number, most: number): string[] {
  return points.length < least || points.length > most ? [String(points.length)] : [];
}

// "长度为2~128个英文或中文字符。必须以大小字母或中文开头，不能以http://和https://开头。可以包含数字、英文句号（.）、下划线（_）或者短划线（-）。"
function judgeName(text: string): string[] {
  const points = codePointsOf(text);
  const found = judgeLength(points, 2, 128);
  const [first] = points;
  if (first !== undefined && !isIn(startOfName, first)) found.push(quoted(first));
  const foreign = points.find((point) => !isIn(restOfName, point));
  if (foreign !== undefined) found.push(quoted(foreign));
  const scheme = schemeOf(text);
  if (scheme !== undefined) found.push(JSON.stringify(scheme));
  return found;
}

// "长度为2~256个英文或中文字符，不能以http://和https://开头。默认值：空"
function judgeDescription(text: string): string[] {
  const scheme = schemeOf(text);
  return [
    ...judgeLength(codePointsOf(text), 2, 256),
    ...(scheme === undefined ? [] : [JSON.stringify(scheme)]),
  ];
}

// "ClientToken只支持ASCII字符，且不能超过64个字符。"
function judgeClientToken(text: string): string[] {
  const points = codePointsOf(text);
  const foreign = points.find((point) => point > 127);
  return [...judgeLength(points, 0, 64), ...(foreign === undefined ? [] : [quoted(foreign)])];
}

// Which regions there are only the service knows; the form of an id is all that can be judged without it.
function judgeRegionId(text: string): string[] {
  const sound = text
    .split("-")
    .every((part) => part !== "" && codePointsOf(part).every((point) => isIn(regionCharacters, point)));
  return sound ? [] : [JSON.stringify(text.slice(0, 20)).slice(0, -1)];
}

const judges: ReadonlyMap<string, (text: string) => string[]> = new Map([
  ["name", judgeName],
  ["regionId", judgeRegionId],
  ["description", judgeDescription],
  ["clientToken", judgeClientToken],
  // Which ids there are only the service knows.
  ["adopt", () => []],
]);

const required = new Set(["name", "regionId"]);

const kinds: ReadonlyMap<string, string> = new Map([
  ["number", "number"],
  ["boolean", "boolean"],
  ["object", "object"],
]);

/** Whether a value means that the property is not given. */
export function isNotGiven(property: string, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return value === "" && judges.has(property) && !required.has(property);
}

/** Every property that a program has got wrong; none if all is well. */
export function judge(args: Readonly<Record<string, unknown>>, region: string | undefined): Verdict[] {
  const verdicts: Verdict[] = [];
  const blame = (property: string, found: string[]): void => void verdicts.push({ property, found });
  for (const [property, judgeText] of judges) {
    const given = Object.hasOwn(args, property) ? args[property] : undefined;
    const value =
      isNotGiven(property, given) && property === "regionId" && region !== undefined ? region : given;
    if (value === unknownValue) continue;
    if (isNotGiven(property, value)) {
      if (required.has(property)) blame(property, ["required"]);
    } else if (typeof value !== "string") {
      blame(property, [Array.isArray(value) ? "list" : (kinds.get(typeof value) ?? typeof value)]);
    } else {
      const found = judgeText(value);
      if (found.length > 0) blame(property, found);
    }
  }
  for (const property of Object.keys(args)) {
    // What starts with two underscores is between the SDK and the package.
    if (judges.has(property) || property.slice(0, 2) === "__" || isNotGiven(property, args[property]))
      continue;
    blame(property, [JSON.stringify(property)]);
  }
  return verdicts;
}
