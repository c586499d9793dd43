/** Promise: many clusters at once are each created once, and the state of each stays small. */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { changingCalls, clusterOps, clustersInState, createEcsStack } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const count = 30;
const names = Array.from({ length: count }, (_, at) => `render-farm-${at}`);

test(`${count} clusters at once, and the size of their state`, async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => ({
      ids: names.map((name) => new HpcCluster(name, { name, description: "Nightly frames" }).id),
    }),
  });
  const started = performance.now();
  const { outputs } = await stack.up();
  const seconds = (performance.now() - started) / 1000;
  expect(new Set(outputs["ids"]?.value as string[]).size).toBe(count);
  expect(
    ecs.store
      .clusters()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
  expect(ecs.calls("CreateHpcCluster")).toHaveLength(count);

  const resources = clustersInState(stack);
  expect(resources).toHaveLength(count);
  const providerBytes = Math.max(
    ...resources.flatMap(({ inputs, outputs }) =>
      [inputs, outputs].map((properties) => Buffer.byteLength(properties?.["__provider"] as string)),
    ),
  );
  // The engine adds where in the program the resource was made, which depends on the path of this repository.
  const bytes = resources.map((resource) => {
    const {
      sourcePosition: _,
      stackTrace: __,
      ...rest
    } = resource as typeof resource & {
      sourcePosition?: string;
      stackTrace?: object;
    };
    return { all: Buffer.byteLength(JSON.stringify(resource)), own: Buffer.byteLength(JSON.stringify(rest)) };
  });
  const most = (of: "all" | "own") => Math.max(...bytes.map((one) => one[of]));
  console.log(
    `${count} clusters made in ${seconds.toFixed(1)} s; __provider: ${providerBytes} bytes; ` +
      `state of a cluster: ${most("own")} bytes, ${most("all")} with its source positions`,
  );
  expect(providerBytes).toBeLessThanOrEqual(300);
  expect(most("own")).toBeLessThanOrEqual(2_000);

  const before = changingCalls(ecs).length;
  expect(Object.values(clusterOps(await stack.up())).flat()).toEqual(names.map(() => "same"));
  expect(changingCalls(ecs).length).toBe(before);
  await stack.destroy();
  expect(ecs.store.clusters()).toEqual([]);
});
