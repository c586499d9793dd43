/** What the tests of the contract call and expect. One target for each test file; every cluster is deleted again. */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { type DocumentedCode, type DocumentedFor, documentedError } from "../errorCodes.ts";
import {
  type Answered,
  type Asking,
  type Cluster,
  type Overrides,
  call,
  clustersIn,
  messageIn,
  openTarget,
} from "./target.ts";

export const target = await openTarget();

if (target.isService) {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
}

/** How long a change may take to show. The emulator shows it at once. */
const shownWithinMs = target.isService ? 30_000 : 0;

/** Id → whether the cluster stays until the last test of the file. */
const created = new Map<string, boolean>();

async function deleteCreated(isDue: (kept: boolean) => boolean): Promise<void> {
  for (const [id, kept] of [...created]) {
    if (isDue(kept)) {
      created.delete(id);
      await call(target, "DeleteHpcCluster", { RegionId: target.region, HpcClusterId: id });
    }
  }
}
afterEach(() => deleteCreated((kept) => !kept));
afterAll(async () => {
  await deleteCreated(() => true);
  await target.close();
});

/** A call in the target's region, unless `RegionId` is given. */
export async function send(action: string, parameters: Overrides = {}, asking?: Asking): Promise<Answered> {
  const answer = await call(target, action, { RegionId: target.region, ...parameters }, asking);
  const id = answer.json["HpcClusterId"];
  if (typeof id === "string" && !created.has(id)) {
    created.set(id, false);
  }
  return answer;
}

/** Creates a cluster, with a token of its own unless one is given, and returns its id. `kept`: for the whole file. */
export async function create(parameters: Overrides = {}, kept = false): Promise<string> {
  const answer = await send("CreateHpcCluster", {
    ClientToken: randomUUID(),
    Name: marked("cluster"),
    ...parameters,
  });
  expect(answer).toMatchObject({ status: 200, json: { HpcClusterId: expect.any(String) } });
  const id = String(answer.json["HpcClusterId"]);
  created.set(id, kept);
  return id;
}

/** A name or a description by which the cluster is found again, should a run leave it. */
export function marked(rest: string): string {
  return target.prefix + rest;
}

/** The cluster as DescribeHpcClusters returns it now. */
export async function find(id: string): Promise<Cluster | undefined> {
  const answer = await send("DescribeHpcClusters", { HpcClusterIds: JSON.stringify([id]) });
  expect(answer.status).toBe(200);
  return clustersIn(answer)[0];
}

/** Expects DescribeHpcClusters to show the cluster like this, on the real service within half a minute. */
export async function expectShown(id: string, expected: Partial<Cluster> | undefined): Promise<void> {
  const until = Date.now() + shownWithinMs;
  for (;;) {
    const shown = await find(id);
    const matches =
      expected === undefined
        ? shown === undefined
        : shown !== undefined &&
          Object.entries(expected).every(([field, value]) => shown[field as keyof Cluster] === value);
    if (matches || Date.now() >= until) {
      expect(shown).toEqual(expected === undefined ? undefined : expect.objectContaining(expected));
      return;
    }
    await pause(200);
  }
}

/** Expects the documented error. The real service's own wording is a difference, not a failure. */
export function expectError(
  answer: Answered,
  action: DocumentedFor,
  code: DocumentedCode,
  message?: string,
): void {
  const documented = documentedError(action, code);
  expect([answer.status, answer.json["Code"]]).toEqual([documented.status, code]);
  const expected = message ?? documented.message;
  orDifference(() => expect(messageIn(answer.json)).toBe(expected));
}

/** A test of what the reference marks as uncertain: on the real service it records a difference instead of failing. */
export function uncertain(title: string, body: () => Promise<void>): void {
  test(`${title} (uncertain)`, async () => {
    try {
      await body();
    } catch (error) {
      recordDifference(error);
    }
  });
}

function orDifference(assertion: () => void): void {
  try {
    assertion();
  } catch (error) {
    recordDifference(error);
  }
}

function recordDifference(error: unknown): void {
  const file = process.env["CONTRACT_DIFFERENCES"];
  if (!target.isService || file === undefined || !(error instanceof Error && "expected" in error)) {
    throw error;
  }
  const actual = "actual" in error ? error.actual : undefined;
  const title = expect.getState().currentTestName ?? "";
  const [expected, returned] = [error.expected, actual].map((value) =>
    typeof value === "string" ? value : JSON.stringify(value),
  );
  appendFileSync(file, `${title}\n  expected: ${expected ?? ""}\n  service:  ${returned ?? "nothing"}\n`);
}
