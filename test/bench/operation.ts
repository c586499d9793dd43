/**
 * Runs one engine operation in a process of its own, as every `pulumi` command does. life.ts forks this module, sends an order
 * and receives a report. The program is inline, so this is also the program's process.
 */
import { pathToFileURL } from "node:url";
import { type StateResource, createStack } from "../engine/stack.ts";
import { type Contestant, contestants, declareClusters } from "./contestants.ts";

export type Action = "preview" | "up" | "refresh" | "destroy";

/** The local service's endpoint and access key. */
export interface Service {
  endpoint: string;
  accessKeyId: string;
  accessKeySecret: string;
}

/** An operation to run. */
export interface OperationOrder {
  contestant: Contestant;
  clusters: number;
  action: Action;
  /** The same folders for all operations of a life. */
  workDir: string;
  backendFolder: string;
  service: Service;
  /** Environment of the engine and the provider. */
  env: Record<string, string>;
}

/** The measurements of an operation. */
export interface OperationReport {
  /** The operation alone, without the start of this process and the creation of the workspace. */
  seconds: number;
  /** CPU time of this process during the operation. */
  programCpuSeconds: number;
  /** Clusters in the state afterwards. */
  stateClusters: number;
  /** The size of one cluster in the state, as JSON without white space. */
  stateBytes: number;
}

/** The stack's configuration for a contestant, in its own name space. */
function configurationFor(contestant: Contestant, service: Service): Record<string, string> {
  const { configuration, ownConfiguration } = contestants[contestant];
  if (configuration === undefined) {
    return {};
  }
  const { host } = new URL(service.endpoint);
  const values = {
    region: "cn-hangzhou",
    // Not secret: a secret takes one more command each time, and this service is local.
    accessKey: service.accessKeyId,
    secretKey: service.accessKeySecret,
    // @pulumi/alicloud takes no scheme in an endpoint.
    protocol: "HTTP",
    endpoints: JSON.stringify([{ ecs: host, sts: host }]),
    ...ownConfiguration,
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${configuration}:${key}`, value]));
}

async function perform(order: OperationOrder): Promise<OperationReport> {
  const { contestant, clusters, action, workDir, backendFolder, service, env } = order;
  await using stack = await createStack({
    program: async () => declareClusters(contestant, clusters, workDir),
    backend: {
      folder: backendFolder,
      url: pathToFileURL(backendFolder).href,
      dispose: () => undefined,
    },
    workDir,
    config: configurationFor(contestant, service),
    env,
  });
  const cpu = process.cpuUsage();
  const started = performance.now();
  // Without TestStack's own methods, which process every event of the engine.
  await stack.automation[action]({ color: "never" });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const resources = action === "preview" ? [] : stack.state().resources(":HpcCluster");
  return {
    seconds,
    programCpuSeconds: (user + system) / 1e6,
    stateClusters: resources.length,
    stateBytes: resources[0] === undefined ? 0 : bytesOf(resources[0]),
  };
}

/** Without the stack traces: those of this harness are longer than a user's. */
function bytesOf(resource: StateResource): number {
  const text = JSON.stringify(resource, (key, value: unknown) =>
    key === "stackTrace" || key === "sourcePosition" ? undefined : value,
  );
  return Buffer.byteLength(text);
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
