import { quoted } from "../ecs/json.ts";
import { stackConfiguration } from "../account/configurationSource.ts";
import { regionIdReasons } from "../account/regions.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";

/** One property of an HPC cluster. */
export interface Property {
  /** The API parameter that it becomes; undefined: it is not sent. */
  readonly parameter?: string;
  /** Set on a required property: the error if it is missing. */
  readonly missing?: string;
  /** The rule of the API reference: what is wrong with a value. */
  readonly rule?: (value: string) => string[];
  /** What a change of the property does to an existing cluster. */
  readonly onChange: "update" | "replace" | "nothing";
  /** DescribeHpcClusters returns it. The others are known only from the inputs and the state. */
  readonly isDescribed?: true;
}

/** Every property of an HPC cluster. Check, diff, requests, state and adoption are derived from these rows. */
export const properties = {
  name: {
    parameter: "Name",
    missing: "name is required; give the HPC cluster a name of 2 to 128 characters.",
    rule: nameReasons,
    onChange: "update",
    isDescribed: true,
  },
  regionId: {
    parameter: "RegionId",
    missing: stackConfiguration("alicloud").missingRegion,
    rule: regionIdReasons,
    // A cluster cannot move to another region.
    onChange: "replace",
  },
  description: {
    parameter: "Description",
    rule: descriptionReasons,
    onChange: "update",
    isDescribed: true,
  },
  // Matters only while the cluster is created.
  clientToken: { parameter: "ClientToken", rule: clientTokenReasons, onChange: "nothing" },
  // Matters only while the cluster is adopted. The service knows which ids exist, so preview asks it.
  adopt: { onChange: "nothing" },
} as const satisfies Record<string, Property>;

type Table = typeof properties;
export type PropertyName = keyof Table;
type NamesWith<Row> = { [K in PropertyName]: Table[K] extends Row ? K : never }[PropertyName];
type RequiredName = NamesWith<{ missing: string }>;
export type UpdatedName = NamesWith<{ onChange: "update" }>;
export type ReplacedName = NamesWith<{ onChange: "replace" }>;
type DescribedName = NamesWith<{ isDescribed: true }>;

/** The properties of a cluster, complete and within every rule that can be checked without the service. */
export type ClusterProperties = Readonly<Record<RequiredName, string>> & {
  readonly [K in Exclude<PropertyName, RequiredName>]?: string;
};

/** What DescribeHpcClusters says about a cluster. */
export type DescribedProperties = Pick<ClusterProperties, DescribedName>;

export const rows: readonly (readonly [PropertyName, Property])[] = Object.entries(properties) as [
  PropertyName,
  Property,
][];
export const propertyNames: readonly PropertyName[] = rows.map(([name]) => name);

/** How the engine writes a value that is not known yet, in a preview (`pulumi.runtime.unknownValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The outputs of a cluster about which nothing is known. */
export const unknownOutputs: Readonly<Record<string, string>> = Object.fromEntries(
  rows.filter(([, row]) => row.onChange !== "nothing").map(([name]) => [name, UNKNOWN]),
);

/** Properties as the engine passes them: any field may be missing, of another type, or unknown. */
export type EngineProperties = Readonly<Record<string, unknown>>;

/** A property that is a text; undefined if it is missing or empty. A number is an error that `checkInputs` reports, so it is no text here. */
export function textOf(from: EngineProperties, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A property that is a text, and known in this preview. */
export function knownText(from: EngineProperties, key: string): string | undefined {
  const text = textOf(from, key);
  return text === UNKNOWN ? undefined : text;
}

/** The properties that are texts. After `check` these are all, and the required ones are among them. */
export function propertiesFrom(from: EngineProperties): ClusterProperties {
  return textsFrom(from) as ClusterProperties;
}

function textsFrom(from: EngineProperties): Partial<Record<PropertyName, string>> {
  return Object.fromEntries(
    propertyNames.flatMap((name) => {
      const text = textOf(from, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** The properties that DescribeHpcClusters returned. */
export function describedPropertiesOf(item: HpcClusterItem): DescribedProperties {
  return textsFrom(
    Object.fromEntries(
      rows.filter(([, row]) => row.isDescribed).map(([name, row]) => [name, item[row.parameter ?? ""]]),
    ),
  ) as DescribedProperties;
}

/** A copy without the properties that DescribeHpcClusters returns. */
export function withoutDescribedProperties<T extends object>(from: T): Omit<T, DescribedName> {
  return Object.fromEntries(
    Object.entries(from).filter(([key]) => !rows.some(([name, row]) => name === key && row.isDescribed)),
  ) as Omit<T, DescribedName>;
}

/** The API parameters of the properties. */
export function parametersOf(
  values: Partial<ClusterProperties>,
  names: readonly PropertyName[] = propertyNames,
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const { parameter } = properties[name] as Property;
      const value = values[name];
      return parameter === undefined || value === undefined ? [] : [[parameter, value]];
    }),
  );
}

/** What a change of the properties means for the cluster. */
export interface PropertyChanges {
  updates: UpdatedName[];
  replaces: ReplacedName[];
}

/** What differs between two states of the properties. A value that is not known yet counts as different. */
export function changesBetween(olds: EngineProperties, news: EngineProperties): PropertyChanges {
  const changed = (onChange: Property["onChange"]) =>
    rows
      .filter(([name, row]) => row.onChange === onChange && (olds[name] ?? "") !== (news[name] ?? ""))
      .map(([name]) => name);
  return { updates: changed("update") as UpdatedName[], replaces: changed("replace") as ReplacedName[] };
}

/**
 * What DescribeHpcClusters shows otherwise than it was sent. White space at the ends does not count: the service may drop it.
 */
export function changesShown(item: HpcClusterItem, sent: EngineProperties): UpdatedName[] {
  return changesBetween(trimmed(describedPropertiesOf(item)), trimmed(sent)).updates;
}

function trimmed(from: EngineProperties): EngineProperties {
  return Object.fromEntries(
    Object.entries(from).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]),
  );
}

/** In characters. */
export const LONGEST_NAME = 128;

function nameReasons(value: string): string[] {
  const illegal = [
    ...new Set(codePoints(value).filter((character) => !/[A-Za-z0-9._\-\p{Script=Han}]/u.test(character))),
  ];
  const first = codePoints(value)[0];
  return [
    ...lengthReasons("name", value, 2, LONGEST_NAME),
    ...(first !== undefined && !/[A-Za-z\p{Script=Han}]/u.test(first)
      ? [
          `name must start with an English letter or a Chinese character, but starts with ${quoted(first)}; put one first.`,
        ]
      : []),
    ...schemeReasons("name", value),
    ...(illegal.length > 0
      ? [
          "name may contain only English letters, Chinese characters, digits, periods (.), underscores (_) and hyphens (-), " +
            `but contains ${illegal.slice(0, 10).map(quoted).join(", ")}${illegal.length > 10 ? ", …" : ""}; remove or replace these.`,
        ]
      : []),
  ];
}

function descriptionReasons(value: string): string[] {
  return [...lengthReasons("description", value, 2, 256), ...schemeReasons("description", value)];
}

function clientTokenReasons(value: string): string[] {
  const foreign = [...new Set(codePoints(value).filter((character) => character.codePointAt(0)! > 0x7f))];
  const length = codePoints(value).length;
  return [
    ...(length > 64
      ? [`clientToken must be at most 64 characters long, but has ${length}; shorten it.`]
      : []),
    ...(foreign.length > 0
      ? [
          `clientToken may contain only ASCII characters, but contains ${foreign.slice(0, 10).map(quoted).join(", ")}; remove these.`,
        ]
      : []),
  ];
}

function lengthReasons(property: PropertyName, value: string, least: number, most: number): string[] {
  const length = codePoints(value).length;
  if (length >= least && length <= most) {
    return [];
  }
  const advice = length < least ? "lengthen" : "shorten";
  return [`${property} must be ${least} to ${most} characters long, but has ${length}; ${advice} it.`];
}

function schemeReasons(property: PropertyName, value: string): string[] {
  const scheme = /^https?:\/\//.exec(value)?.[0];
  return scheme === undefined
    ? []
    : [
        `${property} must not start with http:// or https://, but starts with ${quoted(scheme)}; remove that.`,
      ];
}

/** The service counts characters as code points: not bytes, UTF-16 units or grapheme clusters. */
function codePoints(value: string): string[] {
  return Array.from(value);
}
