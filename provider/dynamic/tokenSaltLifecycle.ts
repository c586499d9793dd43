/**
 * The dynamic provider of a stack's ClientTokenSalt. As with `lifecycle`, the state refers to this module by its path
 * (`pulumi-alicloud-hpc/tokenSaltLifecycle`), which must stay. It calls no service.
 */
import { randomBytes } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";

/** 128 random bits. The engine writes them into the state before it answers the program. */
export function create(): Promise<dynamic.CreateResult> {
  return Promise.resolve({ id: "salt", outs: { value: randomBytes(16).toString("base64url") } });
}

/** The salt exists only in the state. */
export function read(id: string, properties: Readonly<Record<string, unknown>>): Promise<dynamic.ReadResult> {
  return Promise.resolve({ id, props: { ...properties } });
}

/** A salt never changes: other tokens would not find the clusters that were created with these. */
export function diff(): Promise<dynamic.DiffResult> {
  return Promise.resolve({ changes: false });
}
