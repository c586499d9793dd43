/** Promise: under throttling every create of a large program ends with one cluster. */
import { expect, vi } from "vitest";
import { sentTokens } from "../localEcs.ts";
import { expectAgreement, SimulatedStack, test } from "./simulatedStack.ts";
import type { Wanted } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 300_000 });

const count = 60;
const perSecond = 10;

test(`${count} creates against ${perSecond} calls a second finish, each with one cluster`, async ({
  ecs,
}) => {
  const bucket = ecs.faults.add({ kind: "bucket", action: "CreateHpcCluster", perSecond });
  const stack = new SimulatedStack(ecs);
  const names = Array.from({ length: count }, (_, at) => `farm-${at}`);
  await stack.up(new Map(names.map((name): [string, Wanted] => [name, { name }])));
  expect(bucket.injected).toBeGreaterThan(0);
  // Five seconds are possible, with the bucket that is full at first.
  expect(ecs.simulation.now).toBeLessThan(10_000);
  expectAgreement(ecs, stack, names);
  expect(new Set(sentTokens(ecs)).size).toBe(count);
});
