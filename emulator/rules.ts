import { Refusal, refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

// Written from the API reference alone, so that it is independent of the provider's rules.

// A name with a scheme does not match either: a colon is not allowed.
const namePattern = /^[A-Za-z\p{Script=Han}][A-Za-z0-9._\-\p{Script=Han}]*$/u;

/** 2 to 128 characters, the first a letter or a Chinese character. Refusal: InvalidHpcClusterName.Malformed. */
export function checkName(name: string): void {
  const length = codePoints(name);
  if (length < 2 || length > 128 || !namePattern.test(name)) {
    throw new Refusal(400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid.");
  }
}

/** Empty, or 2 to 256 characters without a leading http:// or https://. Refusal: InvalidHpcClusterDescription.Malformed. */
export function checkDescription(description: string): void {
  if (description === "") {
    return;
  }
  const length = codePoints(description);
  if (length < 2 || length > 256 || /^https?:\/\//.test(description)) {
    throw new Refusal(
      400,
      "InvalidHpcClusterDescription.Malformed",
      "The specified parameter Description is not valid.",
    );
  }
}

/** The ClientToken: ASCII, at most 64 characters. An empty one is the same as none. */
export function clientTokenOf(parameters: Parameters): string | undefined {
  const token = parameters.ClientToken;
  if (token === undefined || token === "") {
    return undefined;
  }
  if (token.length > 64 || !/^[\0-\x7f]*$/.test(token)) {
    throw refusal("Invalid.Parameter");
  }
  return token;
}

/** Which page of a list the call asks for. */
export interface Paging {
  readonly pageNumber: number;
  readonly pageSize: number;
}

/** PageNumber (default 1) and PageSize (default 10, at most 100). */
export function pagingOf(parameters: Parameters): Paging {
  return {
    pageNumber: wholeNumber(parameters.PageNumber, 1, 999_999_999),
    pageSize: wholeNumber(parameters.PageSize, 10, 100),
  };
}

/** Which part of a list a call with MaxResults or NextToken asks for. */
export interface TokenPaging {
  readonly start: number;
  readonly maxResults: number;
}

/** NextToken, and MaxResults (default 10; less is 10, more than 100 is 100). Undefined without both. Refusal: Invalid.Parameter. */
export function tokenPagingOf({
  MaxResults: text = "",
  NextToken: token = "",
}: Parameters): TokenPaging | undefined {
  if (text === "" && token === "") {
    return undefined;
  }
  const start = token === "" ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (token !== "" && token !== nextToken(start)) {
    throw refusal("Invalid.Parameter");
  }
  return { start, maxResults: Math.min(100, Math.max(10, wholeNumber(text, 10, 999_999_999))) };
}

/** The NextToken for the part from `start` on. */
export function nextToken(start: number): string {
  return Buffer.from(String(start)).toString("base64url");
}

/** The items on that page. */
export function pageOf<T>(items: readonly T[], { pageNumber, pageSize }: Paging): T[] {
  return items.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
}

/** A whole number from 1. An empty one is the same as none. */
export function wholeNumber(text: string | undefined, defaultValue: number, most: number): number {
  if (text === undefined || text === "") {
    return defaultValue;
  }
  if (!/^[0-9]{1,9}$/.test(text)) {
    throw refusal("Invalid.Parameter");
  }
  const value = Number(text);
  if (value < 1 || value > most) {
    throw refusal("Invalid.Parameter");
  }
  return value;
}

/** The values of a list, `Name.1`, `Name.2` and so on, in this order. */
export function listOf(parameters: Parameters, name: string): string[] {
  return Object.entries(parameters)
    .flatMap(([key, value]) => {
      const [, list, index] = /^(.+)\.([1-9]\d*)$/.exec(key) ?? [];
      return list === name ? [{ index: Number(index), value }] : [];
    })
    .sort((a, b) => a.index - b.index)
    .map(({ value }) => value);
}

/** The ids in a string with a JSON array. Undefined without a filter. */
export function idFilterOf(
  parameters: Parameters,
  list: string,
  item: string,
): readonly string[] | undefined {
  const text = parameters[list];
  if (text === undefined || text === "") {
    return undefined;
  }
  const ids = parseIds(text);
  if (ids === undefined) {
    throw new Refusal(400, `Invalid${list}.Malformed`, `The specified parameter ${list} is not valid.`);
  }
  if (ids.length === 0) {
    throw new Refusal(
      400,
      `MissingParameter.${item}`,
      `The input parameter ${item} that is mandatory for processing this request is not supplied.`,
    );
  }
  if (ids.length > 100) {
    throw new Refusal(
      400,
      `Invalid${list}.ExceedLimit`,
      `The number of the specified ${list} exceeds the limit.`,
    );
  }
  return ids;
}

function parseIds(text: string): string[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) {
    return undefined;
  }
  const ids: string[] = [];
  for (const id of parsed as unknown[]) {
    if (typeof id !== "string") {
      return undefined;
    }
    ids.push(id);
  }
  return ids;
}

// The API counts characters. A Chinese character outside the basic plane is two UTF-16 units.
function codePoints(text: string): number {
  return Array.from(text).length;
}
