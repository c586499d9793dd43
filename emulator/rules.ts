import { Refusal, refusal } from "./refusal.ts";
import type { Parameters } from "./signature.ts";

// Written from the API page (CreateHpcCluster.zh.md) alone, so that it can contradict the provider's own rules.

// 必须以大小字母或中文开头 … 可以包含数字、英文句号（.）、下划线（_）或者短划线（-）. A scheme prefix cannot get past the character set.
const namePattern = /^[A-Za-z\p{Script=Han}][A-Za-z0-9._\-\p{Script=Han}]*$/u;

/** 2 to 128 characters, a letter or a Chinese character first. */
export function checkName(name: string): void {
  const length = codePoints(name);
  if (length < 2 || length > 128 || !namePattern.test(name)) {
    throw new Refusal(400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid.");
  }
}

/** 2 to 256 characters, no http:// or https:// in front. The empty description is the default one. */
export function checkDescription(description: string): void {
  if (description === "") return;
  const length = codePoints(description);
  if (length < 2 || length > 256 || /^https?:\/\//.test(description)) {
    throw new Refusal(
      400,
      "InvalidHpcClusterDescription.Malformed",
      "The specified parameter Description is not valid.",
    );
  }
}

/** The ClientToken: ASCII, 64 characters at most. An empty one counts as none. */
export function clientTokenOf(parameters: Parameters): string | undefined {
  const token = parameters.ClientToken;
  if (token === undefined || token === "") return undefined;
  if (token.length > 64 || !/^[\0-\x7f]*$/.test(token)) throw refusal("Invalid.Parameter");
  return token;
}

/** A whole number from 1 up to `most`; `otherwise` when the parameter is absent. */
export function pagingOf(parameters: Parameters, name: string, otherwise: number, most: number): number {
  const text = parameters[name];
  if (text === undefined || text === "") return otherwise;
  if (!/^[0-9]{1,9}$/.test(text)) throw refusal("Invalid.Parameter");
  const value = Number(text);
  if (value < 1 || value > most) throw refusal("Invalid.Parameter");
  return value;
}

/** The ids in HpcClusterIds, a string that holds a JSON array; undefined when there is no filter. */
export function idFilterOf(parameters: Parameters): readonly string[] | undefined {
  const text = parameters.HpcClusterIds;
  if (text === undefined || text === "") return undefined;
  const ids = parseIds(text);
  if (ids === undefined) {
    throw new Refusal(
      400,
      "InvalidHpcClusterIds.Malformed",
      "The specified parameter HpcClusterIds is not valid.",
    );
  }
  if (ids.length === 0) {
    throw new Refusal(
      400,
      "MissingParameter.HpcClusterId",
      "The input parameter HpcClusterId that is mandatory for processing this request is not supplied.",
    );
  }
  if (ids.length > 100) {
    throw new Refusal(
      400,
      "InvalidHpcClusterIds.ExceedLimit",
      "The number of the specified HpcClusterIds exceeds the limit.",
    );
  }
  return ids;
}

function parseIds(text: string): string[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined; // not JSON is malformed, which is what the caller says
  }
  if (!Array.isArray(parsed)) return undefined;
  const ids: string[] = [];
  for (const id of parsed as unknown[]) {
    if (typeof id !== "string") return undefined;
    ids.push(id);
  }
  return ids;
}

// The page counts characters; outside the basic plane a Chinese character is two UTF-16 units but one of them.
function codePoints(text: string): number {
  return Array.from(text).length;
}
