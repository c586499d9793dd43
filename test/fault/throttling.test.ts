/** Promise: under throttling every create of a large program ends with one cluster. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { expect } from "vitest";
import { clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import { sentTokens, storedIds, test } from "./localEcs.ts";

const count = 200;
const perSecond = 20;

test(
  `${count} creates against ${perSecond} calls a second finish, each with one cluster`,
  { timeout: 600_000 },
  async ({ ecs }) => {
    const bucket = ecs.faults.add({ kind: "bucket", action: "CreateHpcCluster", perSecond });
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        for (let at = 0; at < count; at += 1) {
          new HpcCluster(`farm-${at}`, { name: `farm-${at}` });
        }
      },
    });
    await stack.up({ parallel: 50 });
    const calls = ecs.calls("CreateHpcCluster");
    const seconds = (Math.max(...calls.map(({ finishedAt }) => finishedAt!)) - calls[0]!.startedAt) / 1000;
    // The bucket is full at first: so many pass at once.
    const least = (count - perSecond) / perSecond;
    console.log(
      `${count} creates at ${perSecond} a second: ${seconds.toFixed(1)} s from the first call to the last answer, ` +
        `${(seconds - count / perSecond).toFixed(1)} s over ${count / perSecond} s, and ` +
        `${(seconds - least).toFixed(1)} s over the ${least} s that are possible with a full bucket; ` +
        `${calls.length} calls, ${bucket.injected} throttled`,
    );
    expect(bucket.injected).toBeGreaterThan(0);
    expect(storedIds(ecs)).toHaveLength(count);
    expect(new Set(ecs.store.clusters().map(({ name }) => name)).size).toBe(count);
    expect(
      clustersInState(stack)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(storedIds(ecs).toSorted());
    expect(new Set(sentTokens(ecs)).size).toBe(count);
  },
);
