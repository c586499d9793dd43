/**
 * The life of a stack's ClientTokenSalt, as the engine asks for it. As with `lifecycle`, the state refers to this module by
 * its path (`pulumi-alicloud-hpc/tokenSaltLifecycle`), which must stay as it is. It calls no service.
 */
import { randomBytes } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";

type Properties = Readonly<Record<string, unknown>>;

/** 128 random bits; the engine writes them into the state before it answers the program. */
export function create(): Promise<dynamic.CreateResult> {
  return Promise.resolve({ id: "salt", outs: { value: randomBytes(16).toString("base64url") } });
}

/** The salt is nowhere but in the state. */
export function read(id: string, properties: Properties): Promise<dynamic.ReadResult> {
  return Promise.resolve({ id, props: { ...properties } });
}

/** A salt never changes: other tokens would no longer find the clusters that were made with these. */
export function diff(): Promise<dynamic.DiffResult> {
  return Promise.resolve({ changes: false });
}
