/**
 * One engine operation in a process of its own, as every `pulumi` command has: forked by life.ts, which sends what to do and
 * is sent back what came of it. The program is inline, so this is also the program's process.
 */
import { pathToFileURL } from "node:url";
import { createStack } from "../engine/stack.ts";
import { type Contestant, declareClusters } from "./contestants.ts";
import type { Service } from "./naive.ts";

export type Action = "preview" | "up" | "refresh" | "destroy";

/** What to do. */
export interface OperationOrder {
  contestant: Contestant;
  clusters: number;
  action: Action;
  /** Default: the engine's. */
  parallel: number | undefined;
  /** Stay from one operation to the next. */
  workDir: string;
  backendFolder: string;
  service: Service;
  /** For the engine and the provider. */
  env: Record<string, string>;
}

/** What came of it. */
export interface OperationReport {
  /** Of the operation alone: neither this process's start nor the making of the workspace. */
  seconds: number;
  /** Of this process, meanwhile. */
  programCpuSeconds: number;
  stateClusters: number;
  /** Of one cluster in the state: the JSON text without white space. */
  stateBytes: number;
  /** Of the provider in it. */
  providerTextBytes: number;
}

async function perform(order: OperationOrder): Promise<OperationReport> {
  const { contestant, clusters, action, parallel, workDir, backendFolder, service, env } = order;
  await using stack = await createStack({
    program: async () => declareClusters(contestant, clusters, workDir, service),
    backend: {
      folder: backendFolder,
      url: pathToFileURL(backendFolder).href,
      dispose: () => undefined,
    },
    workDir,
    // Not as a secret, which would take a command more each time: the service is a local one.
    config: {
      "alicloud:region": "cn-hangzhou",
      "alicloud:accessKey": service.accessKeyId,
      "alicloud:secretKey": service.accessKeySecret,
      "alicloud:endpoints": JSON.stringify([{ ecs: service.endpoint }]),
    },
    env,
  });
  const cpu = process.cpuUsage();
  const started = performance.now();
  // Past the test runner's own methods, which follow every event of the engine.
  await stack.automation[action]({ color: "never", ...(parallel === undefined ? {} : { parallel }) });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const resources = action === "preview" ? [] : stack.state().resources("alicloud:HpcCluster");
  const [one] = resources;
  return {
    seconds,
    programCpuSeconds: (user + system) / 1e6,
    stateClusters: resources.length,
    stateBytes: one === undefined ? 0 : Buffer.byteLength(JSON.stringify(one)),
    providerTextBytes: Buffer.byteLength((one?.inputs?.["__provider"] as string | undefined) ?? ""),
  };
}

process.once("message", (order: OperationOrder) => {
  perform(order).then(
    (report) => process.send?.({ report }, () => process.disconnect()),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ error: text }, () => process.disconnect());
    },
  );
});
