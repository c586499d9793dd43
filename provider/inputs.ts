import { nearestName } from "./nearestName";

/** How the engine writes a value that is not known yet, in a preview (`pulumi.runtime.unknownValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A rule that an input breaks, in the form that the engine shows. */
export interface Violation {
  /** The property's name; empty where showing the property's value could show a secret. */
  property: string;
  reason: string;
}

/** The inputs as the program or the state gives them: nothing about them is certain yet. */
export type RawInputs = Readonly<Record<string, unknown>>;

/** The inputs after `check`: complete, and within every rule that can be checked without asking the service. */
export interface HpcClusterInputs {
  name: string;
  regionId: string;
  description?: string;
  clientToken?: string;
  adopt?: string;
}

/** The optional properties of which an empty text means none. */
const OPTIONAL_TEXTS: ReadonlySet<string> = new Set(["description", "clientToken", "adopt"]);

const PROPERTIES = [
  "name",
  "regionId",
  "description",
  "clientToken",
  "adopt",
] as const satisfies (keyof HpcClusterInputs)[];

const NAME_LENGTH = [2, 128] as const;
const DESCRIPTION_LENGTH = [2, 256] as const;
const CLIENT_TOKEN_MAX_LENGTH = 64;

/**
 * Checks all inputs against every rule of the API reference, and fills in the default region.
 *
 * @param region the configured region, for a cluster without a `regionId`
 * @returns the inputs to go on with, and every violation at once
 */
export function checkInputs(
  news: RawInputs,
  region: string | undefined,
): { inputs: Record<string, unknown>; violations: Violation[] } {
  const inputs = Object.fromEntries(Object.entries(news).filter(([key, value]) => !isAbsent(key, value)));
  if (inputs["regionId"] === undefined && region !== undefined) {
    inputs["regionId"] = region;
  }
  return {
    inputs,
    violations: [
      ...PROPERTIES.flatMap((property) =>
        reasonsAgainst(property, inputs[property]).map((reason) => ({ property, reason })),
      ),
      ...Object.keys(inputs).flatMap(unknownProperty),
    ],
  };
}

/** null and undefined mean "not given"; so does an empty text for what is optional. */
function isAbsent(key: string, value: unknown): boolean {
  return value === undefined || value === null || (value === "" && OPTIONAL_TEXTS.has(key));
}

function reasonsAgainst(property: (typeof PROPERTIES)[number], value: unknown): string[] {
  if (value === UNKNOWN) {
    return [];
  }
  if (value === undefined) {
    return missing[property] ?? [];
  }
  if (typeof value !== "string") {
    return [`${property} must be a string, but is ${kindOf(value)}; give a string.`];
  }
  return rules[property](value);
}

const missing: Readonly<Record<string, string[]>> = {
  name: ["name is required; give the HPC cluster a name of 2 to 128 characters."],
  regionId: [
    "regionId is required; give one (e.g. cn-hangzhou), or set a region for the whole stack: " +
      "pulumi config set alicloud:region cn-hangzhou (environment: ALICLOUD_REGION).",
  ],
};

const rules: Readonly<Record<(typeof PROPERTIES)[number], (value: string) => string[]>> = {
  name(value) {
    const illegal = [
      ...new Set(
        codePoints(value).filter((character) => !/^[A-Za-z0-9._\-\p{Script=Han}]$/u.test(character)),
      ),
    ];
    const first = codePoints(value)[0];
    return [
      ...lengthReasons("name", value, NAME_LENGTH),
      ...(first !== undefined && !/^[A-Za-z\p{Script=Han}]$/u.test(first)
        ? [
            `name must start with an English letter or a Chinese character, but starts with ${shown(first)}; put one first.`,
          ]
        : []),
      ...schemeReasons("name", value),
      ...(illegal.length > 0
        ? [
            "name may contain only English letters, Chinese characters, digits, periods (.), underscores (_) and hyphens (-), " +
              `but contains ${illegal.slice(0, 10).map(shown).join(", ")}${illegal.length > 10 ? ", …" : ""}; remove or replace these.`,
          ]
        : []),
    ];
  },
  regionId(value) {
    // The region becomes part of the host that signed requests are sent to: nothing but the form of an id may pass.
    return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value)
      ? []
      : [
          "regionId must be the id of a region, lower-case letters, digits and hyphens such as cn-hangzhou, " +
            `but is ${shown(value)}; give the id that DescribeRegions lists.`,
        ];
  },
  description(value) {
    return [
      ...lengthReasons("description", value, DESCRIPTION_LENGTH),
      ...schemeReasons("description", value),
    ];
  },
  adopt() {
    // The service knows which ids there are; preview asks it.
    return [];
  },
  clientToken(value) {
    const foreign = [...new Set(codePoints(value).filter((character) => character.codePointAt(0)! > 0x7f))];
    const length = codePoints(value).length;
    return [
      ...(length > CLIENT_TOKEN_MAX_LENGTH
        ? [
            `clientToken must be at most ${CLIENT_TOKEN_MAX_LENGTH} characters long, but has ${length}; shorten it.`,
          ]
        : []),
      ...(foreign.length > 0
        ? [
            `clientToken may contain only ASCII characters, but contains ${foreign.slice(0, 10).map(shown).join(", ")}; remove these.`,
          ]
        : []),
    ];
  },
};

/** The rules of `regionId` alone, for where there is no `check`: refresh, delete and `HpcCluster.get`. */
export function regionReasons(regionId: string | undefined): string[] {
  return reasonsAgainst("regionId", regionId);
}

function lengthReasons(property: string, value: string, [least, most]: readonly [number, number]): string[] {
  const length = codePoints(value).length;
  if (length >= least && length <= most) {
    return [];
  }
  const mend = length < least ? "lengthen" : "shorten";
  return [`${property} must be ${least} to ${most} characters long, but has ${length}; ${mend} it.`];
}

/** The service counts characters: code points, neither bytes nor UTF-16 units nor what a reader sees as one. */
function codePoints(value: string): string[] {
  return Array.from(value);
}

function schemeReasons(property: string, value: string): string[] {
  const scheme = /^https?:\/\//.exec(value)?.[0];
  return scheme === undefined
    ? []
    : [`${property} must not start with http:// or https://, but starts with ${shown(scheme)}; remove that.`];
}

/** Properties that start with `__` are the SDK's and this package's own. */
function unknownProperty(key: string): Violation[] {
  if (key.startsWith("__") || (PROPERTIES as readonly string[]).includes(key)) {
    return [];
  }
  const meant = nearestName(key, PROPERTIES);
  const mend =
    meant === undefined ? `its properties are ${PROPERTIES.join(", ")}.` : `did you mean "${meant}"?`;
  // Without the property's name, since the engine would print the value, which might be a misplaced secret key.
  return [{ property: "", reason: `${JSON.stringify(key)} is not a property of an HPC cluster: ${mend}` }];
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value as a message shows it: quoted, with what is not visible escaped, and not longer than a line. */
function shown(value: string): string {
  const characters = codePoints(value);
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : value);
}

/** What a change of the inputs means for the cluster. */
export interface InputChanges {
  /** Changed in place by ModifyHpcClusterAttribute. */
  updates: ("name" | "description")[];
  /** A cluster cannot move to another region: it is replaced. */
  replaces: "regionId"[];
}

/**
 * What differs between what is there and what is wanted. A wanted value that is not known yet counts as different.
 * `clientToken` and `adopt` change nothing: they only matter while a cluster is being created or taken over.
 */
export function changesBetween(olds: RawInputs, news: RawInputs): InputChanges {
  const differs = (key: string) => (olds[key] ?? "") !== (news[key] ?? "");
  return {
    updates: (["name", "description"] as const).filter(differs),
    replaces: (["regionId"] as const).filter(differs),
  };
}
