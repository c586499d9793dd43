import type { Answer } from "./http/transport.ts";

/** An HPC cluster as DescribeHpcClusters returns it, in the API's names. Fields without a value are left out. */
export interface HpcClusterItem {
  readonly HpcClusterId: string;
  readonly Name: string;
  readonly Description?: string;
  readonly [field: string]: string | undefined;
}

/** An instance as DescribeInstances returns it. */
export interface InstanceItem {
  readonly InstanceId: string;
  readonly InstanceName: string;
  readonly Status: string;
  readonly InstanceType: string;
  readonly ZoneId: string;
  readonly privateIpAddresses: string[];
  readonly rdmaIpAddresses: string[];
}

/** An instance type in a zone as DescribeAvailableResource returns it. */
export interface AvailableTypeItem {
  readonly instanceType: string;
  readonly ZoneId: string;
  readonly Status: string;
  readonly StatusCategory: string;
}

/** A region as DescribeRegions returns it, in the API's names. */
export interface RegionItem {
  readonly RegionId: string;
  readonly RegionEndpoint: string;
  readonly LocalName: string;
}

/** A field that an answer must have. */
export class MissingField extends Error {
  constructor(field: string) {
    super(`the answer has no ${field}`);
  }
}

/**
 * The list of an answer. An answer without it is an error: an empty list would mean that every cluster is deleted. In XML an
 * empty list is an empty text.
 */
export function listOf(answer: Answer, list: string, item: string): Answer[] {
  const container = answer[list];
  if (typeof container === "string" && container.trim() === "") {
    return [];
  }
  const items = (container as Answer | null | undefined)?.[item];
  if (!Array.isArray(items)) {
    throw new MissingField(list);
  }
  return items.map((each) => (each ?? {}) as Answer);
}

export function requiredText(from: Answer, key: string): string {
  const value = optionalText(from, key);
  if (value === undefined) {
    throw new MissingField(key);
  }
  return value;
}

/** A whole number; in XML it is a text. Without it nobody knows whether the list is complete. */
export function requiredCount(from: Answer, key: string): number {
  const text = String(from[key]);
  if (!/^\d+$/.test(text)) {
    throw new MissingField(`valid ${key}`);
  }
  return Number(text);
}

/** The service writes a missing value as an empty text. */
export function optionalText(from: Answer, key: string): string | undefined {
  const value = from[key];
  // A lone surrogate could not be sent to the engine.
  return typeof value === "string" && value !== "" ? value.toWellFormed() : undefined;
}

/** The fields that have a text which is not empty. */
export function textFieldsOf(from: Answer): Record<string, string> {
  return Object.fromEntries(
    Object.keys(from).flatMap((key) => {
      const text = optionalText(from, key);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}
