/**
 * What the Pulumi engine does with a program, and nothing else: the order of its calls, its steps, and its checkpoints of the state
 * (resource/deploy/step_generator.go and backend/snapshot.go of engine 3.259). Program and provider are the real ones.
 *
 * - A resource's step is decided one after the other (check, diff), and carried out beside those of others.
 * - `check` gets no old inputs for a new resource and for one that is to be replaced (`--replace`), which has no `diff` either; a
 *   replacement that a diff asks for is checked again so.
 * - A replacement deletes first: then the old entry stays, as one that is pending replacement, until there is a new one. Or it creates
 *   first, and the old entry stays as one to delete.
 * - Entries that the program does not declare are deleted after it has succeeded, by the provider that they were made with.
 * - The state is written before and after every step. A refresh writes it once, at its end.
 * - A run with targets leaves all other resources as they are, and creates no other one. Providers are always targets.
 */
import { createRequire } from "node:module";
import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type * as ResourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import type { Emulator } from "../../../emulator/emulator.ts";
import { plainOf, ProviderError, structOf, type Properties } from "../../rpc/servedProvider.ts";
import { HostProcess, uuidOf } from "./hostProcess.ts";
import type { Simulation } from "./simulation.ts";

const require = createRequire(import.meta.url);
const messages = require("@pulumi/pulumi/proto/resource_pb.js") as typeof ResourceMessages;
const runtime = require("@pulumi/pulumi/runtime") as {
  runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
  setAllConfig(config: Readonly<Record<string, string>>): void;
};
const settings = require("@pulumi/pulumi/runtime/settings.js") as {
  setMockOptions(monitor: object, project: string, stack: string, preview: boolean): void;
  waitForRPCs(): Promise<void>;
};
const { withLocalStorage } = require("@pulumi/pulumi/runtime/state.js") as {
  withLocalStorage: <T>(run: () => T) => T;
};

type Request = ResourceMessages.RegisterResourceRequest;
type Response = ResourceMessages.RegisterResourceResponse;

const PROVIDERS = "pulumi:providers:";
const ALIASES = messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS;

/** A resource in the state. */
export interface Entry {
  readonly urn: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** Of its provider, `<urn>::<id>`. */
  readonly provider: string;
  /** Why the resource was not initialized. If there is a reason, the next `up` updates it. */
  readonly initErrors: readonly string[];
  readonly isProtected: boolean;
  readonly isRetained: boolean;
  /** The old entry of a replacement that has created first. */
  readonly isToDelete?: boolean;
  /** Its cluster has been deleted, and the new one has not been created yet. */
  readonly isPendingReplacement?: boolean;
}

/** What the program declares of a resource. */
interface Goal extends Pick<Entry, "urn" | "inputs" | "provider" | "isProtected" | "isRetained"> {
  readonly former: readonly string[];
  readonly importId: string;
  readonly deletesFirst: boolean;
}

/** One command. */
interface Run {
  readonly address: string;
  readonly processes: Map<string, HostProcess>;
  readonly declared: Set<string>;
  readonly replaced: readonly string[];
  readonly targets: readonly string[] | undefined;
  readonly continuesOnError: boolean;
  /** Ends when the steps of the resources before have been decided. */
  decided: Promise<unknown>;
  readonly steps: Set<Promise<unknown>>;
  readonly failures: Error[];
  /** It has been stopped: it writes nothing any more. */
  isOver: boolean;
  /** Resolves at the first failure. */
  readonly failed: Promise<void>;
  readonly fail: (error: unknown) => void;
}

/** Which resources a command is about. */
export interface RunOptions {
  /** Names of resources to replace, whether or not they have changed. */
  replaced?: readonly string[];
  /** Names of the resources that the command is limited to. */
  targets?: readonly string[] | undefined;
  /** A failure does not keep the steps of other resources from beginning (`--continue-on-error`). */
  continuesOnError?: boolean;
}

/** A stack, its account, and the machine on which it runs. */
interface EngineOptions {
  simulation: Simulation;
  ecs: Emulator;
  /** The user's Pulumi folder. */
  pulumiHome: string;
  /** The stack's configuration. Default: {@link configurationFor} the service. */
  configuration?: Readonly<Record<string, string>>;
}

/** The stack configuration for a local service. */
export function configurationFor(ecs: Emulator): Record<string, string> {
  return {
    "alicloud:region": "cn-hangzhou",
    "alicloud:accessKey": ecs.accessKeyId,
    "alicloud:secretKey": ecs.accessKeySecret,
    "alicloud:endpoints": JSON.stringify([{ ecs: ecs.endpoint }]),
  };
}

/** The last part of a URN. */
export const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
const typeOf = (urn: string) => urn.split("::")[2]!;
const urnOf = (type: string, name: string) => `urn:pulumi:test::hpc::${type}::${name}`;
/** Whether this is a cluster, of either host or of `@pulumi/alicloud`. */
export const isCluster = ({ urn }: Pick<Entry, "urn">) => urn.includes(":HpcCluster::");

/** Another step has failed before this one began. */
class NotBegun extends Error {}

/** A stack. A command that fails rejects; one that is stopped rejects with Stopped (simulation.ts). */
export class Engine {
  /** What the last checkpoint contains. */
  state: Entry[] = [];
  /** What all commands have shown. */
  readonly printed: string[] = [];
  /** The entries whose clusters the command may delete. */
  readonly deleting = new Set<Entry>();
  private readonly living = new Set<number>();
  private readonly simulation: Simulation;
  private readonly ecs: Emulator;
  private readonly pulumiHome: string;
  private readonly configuration: Readonly<Record<string, string>>;
  private runs = 0;
  private current: Run | undefined;

  constructor({ simulation, ecs, pulumiHome, configuration = configurationFor(ecs) }: EngineOptions) {
    this.simulation = simulation;
    this.ecs = ecs;
    this.pulumiHome = pulumiHome;
    this.configuration = configuration;
  }

  async up(program: () => Promise<unknown>, options: RunOptions = {}): Promise<void> {
    await this.command(options, async (run) => {
      await this.runProgram(run, program);
      const isLeft = (entry: Entry) => entry.isToDelete === true || !run.declared.has(entry.urn);
      await this.deleteAll(
        run,
        this.clustersAndSalts().filter((entry) => isTarget(run, entry) && isLeft(entry)),
      );
      await this.dropUnusedProviders(run);
    });
  }

  async refresh(): Promise<void> {
    await this.command({}, async (run) => {
      const entries = this.clustersAndSalts().filter((entry) => entry.isPendingReplacement !== true);
      const changes: (() => void)[] = [];
      await this.all(
        run,
        entries.map(async (entry) => {
          const { urn, id, inputs, outputs } = entry;
          const found = await (
            await this.processOf(run, entry.provider)
          ).refresh(id, outputs, inputs, { urn });
          changes.push(() =>
            found.id === ""
              ? this.drop(entry)
              : this.put(
                  { ...entry, inputs: found.inputs ?? inputs, outputs: found.properties, initErrors: [] },
                  entry,
                ),
          );
        }),
      );
      await this.checkpoint(run, "refresh", () => {
        for (const change of changes) {
          change();
        }
      });
    });
  }

  async destroy(): Promise<void> {
    await this.command({}, async (run) => {
      await this.deleteAll(run, this.clustersAndSalts());
      await this.dropUnusedProviders(run);
    });
  }

  /** The entries of clusters, but not of those that are known to be deleted. */
  clusters(): Entry[] {
    return this.state.filter((entry) => isCluster(entry) && entry.isPendingReplacement !== true);
  }

  /** Puts a cluster of the service into the state as an entry of `@pulumi/alicloud`. */
  addOfficial(resource: string, id: string): void {
    const { name, description } = this.ecs.store.find(id)!;
    this.put({
      urn: urnOf("alicloud:ecs/hpcCluster:HpcCluster", resource),
      id,
      ...{ inputs: { name, description }, outputs: { id, name, description } },
      ...{ provider: "", initErrors: [], isProtected: false, isRetained: false },
    });
  }

  /** SIGKILL of the provider processes that run now. */
  killProviders(): void {
    for (const process of this.current?.processes.values() ?? []) {
      process.kill();
    }
  }

  private clustersAndSalts(): Entry[] {
    return this.state.filter(({ urn }) => !typeOf(urn).startsWith(PROVIDERS));
  }

  private async command(
    { replaced = [], targets, continuesOnError = false }: RunOptions,
    perform: (run: Run) => Promise<void>,
  ): Promise<void> {
    const failures: Error[] = [];
    let hasFailed: () => void = () => undefined;
    const failed = new Promise<void>((resolve) => (hasFailed = resolve));
    const run: Run = {
      address: `127.0.0.1:${(this.runs += 1)}`,
      processes: new Map(),
      declared: new Set(),
      ...{ replaced, targets, continuesOnError, failures, failed },
      decided: Promise.resolve(),
      steps: new Set(),
      isOver: false,
      fail: (error) => {
        failures.push(error instanceof Error ? error : new Error(String(error)));
        hasFailed();
      },
    };
    this.deleting.clear();
    this.current = run;
    await this.simulation.drive(
      () =>
        perform(run).finally(() => {
          for (const process of run.processes.values()) {
            process.end();
          }
        }),
      () => {
        run.isOver = true;
        this.killProviders();
      },
    );
  }

  /** As the language host runs it: an error that nobody handles fails the run. */
  private async runProgram(run: Run, program: () => Promise<unknown>): Promise<void> {
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", run.fail);
    try {
      const ended = withLocalStorage(async () => {
        settings.setMockOptions(this.monitorOf(run), "hpc", "test", false);
        runtime.setAllConfig(this.configuration);
        await runtime.runInPulumiStack(program);
        await settings.waitForRPCs();
        // Node reports rejections that nobody handles after the promises of a turn.
        await new Promise((resolve) => setImmediate(resolve));
      }).catch(run.fail);
      await Promise.race([ended, run.failed]);
      while (run.steps.size > 0) {
        await Promise.allSettled(run.steps);
      }
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const other of others) {
        process.on("unhandledRejection", other);
      }
    }
    throwFailures(run);
  }

  /** What the SDK calls in the program's process. A resource whose step fails is never answered: the engine ends the program. */
  private monitorOf(run: Run): object {
    return {
      getDeploymentInfo: (_: unknown, done: (error: null, info: object) => void) => {
        done(null, new messages.DeploymentInfo().setSupportedfeaturesList([ALIASES]));
      },
      registerResource: (request: Request, done: (error: null, response: Response) => void) => {
        if (hasToStop(run)) {
          return;
        }
        const step: Promise<unknown> = this.register(run, request)
          .then(
            (response) => {
              done(null, response);
            },
            (error: unknown) => error instanceof NotBegun || run.fail(error),
          )
          .finally(() => run.steps.delete(step));
        run.steps.add(step);
      },
      registerResourceOutputs: (_: unknown, done: (error: null, response: object) => void) => {
        done(null, {});
      },
    };
  }

  private async register(run: Run, request: Request): Promise<Response> {
    const urn = urnOf(request.getType(), request.getName());
    const inputs = plainOf(request.getObject());
    if (!request.getCustom()) {
      return responseOf({ urn, id: "", outputs: {} });
    }
    if (request.getType().startsWith(PROVIDERS)) {
      return responseOf(await this.declareProvider(run, urn, inputs));
    }
    const decision = run.decided.then(async () => {
      if (hasToStop(run)) {
        throw new NotBegun();
      }
      const goal: Goal = {
        ...{ urn, inputs },
        former: request.getAliasesList().map((alias) => formerUrn(alias, request)),
        provider: request.getProvider() || (await this.defaultProvider(run, request.getType())),
        isProtected: request.getProtect() ?? false,
        isRetained: request.getRetainondelete() ?? false,
        importId: request.getImportid(),
        deletesFirst: request.getDeletebeforereplace(),
      };
      return await this.decide(run, goal);
    });
    run.decided = decision.catch(() => undefined);
    return responseOf(await (await decision)());
  }

  private async defaultProvider(run: Run, type: string): Promise<string> {
    const name = type.split(":")[0]!;
    const own = Object.entries(this.configuration).filter(([key]) => key.startsWith(`${name}:`));
    const inputs =
      name === "pulumi-nodejs"
        ? this.configuration
        : Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1), value]));
    const { urn, id } = await this.declareProvider(run, urnOf(PROVIDERS + name, "default"), inputs);
    return `${urn}::${id}`;
  }

  private async declareProvider(run: Run, urn: string, inputs: Properties): Promise<Entry> {
    run.declared.add(urn);
    const old = this.state.find((entry) => entry.urn === urn);
    const id = old?.id ?? uuidOf(this.simulation.random);
    const options = { provider: "", initErrors: [], isProtected: false, isRetained: false };
    const entry: Entry = { urn, id, inputs, outputs: inputs, ...options };
    if (JSON.stringify(old?.inputs) !== JSON.stringify(inputs)) {
      await this.checkpoint(run, `provider ${nameOf(urn)}`, () =>
        this.put(
          entry,
          this.state.find((each) => each.urn === urn),
        ),
      );
    }
    return entry;
  }

  private async processOf(run: Run, reference: string): Promise<HostProcess> {
    const known = run.processes.get(reference);
    if (known !== undefined) {
      return known;
    }
    const provider = this.state.find(({ urn, id }) => `${urn}::${id}` === reference);
    if (provider === undefined) {
      throw new Error(`the provider ${reference} is not in the state`);
    }
    const started = new HostProcess({
      simulation: this.simulation,
      host: typeOf(provider.urn) === `${PROVIDERS}alicloud-hpc` ? "plugin" : "dynamic",
      engineAddress: run.address,
      pulumiHome: this.pulumiHome,
      living: this.living,
      lastRequest: () => this.ecs.requests.at(-1) ?? { action: "no request", committed: false },
      print: (text) => this.printed.push(text),
    });
    run.processes.set(reference, started);
    await started.configure(provider.inputs, provider.id, provider.urn);
    return started;
  }

  /** Decides what to do with a declared resource. The returned function does it. */
  private async decide(run: Run, goal: Goal): Promise<() => Promise<Pick<Entry, "urn" | "id" | "outputs">>> {
    const { urn } = goal;
    const current = this.state.filter((entry) => entry.isToDelete !== true);
    const old = [urn, ...goal.former]
      .map((name) => current.find((entry) => entry.urn === name))
      .find((found) => found !== undefined && (found.urn === urn || !run.declared.has(found.urn)));
    run.declared.add(urn);
    if (old !== undefined) {
      run.declared.add(old.urn);
    }
    if (!isTarget(run, goal)) {
      return () => Promise.resolve(old ?? { urn, id: "", outputs: goal.inputs });
    }
    const provider = await this.processOf(run, goal.provider);
    if (old === undefined && goal.importId !== "") {
      return () => this.import(run, provider, goal);
    }
    const isForced = old !== undefined && run.replaced.includes(nameOf(urn));
    const inputs = await check(provider, urn, isForced ? {} : (old?.inputs ?? {}), goal.inputs);
    if (old === undefined) {
      return () => this.create(run, provider, goal, inputs, undefined);
    }
    if (isForced) {
      return () => this.replace(run, provider, goal, inputs, old);
    }
    const { changes, replaces } = await provider.diff(old.id, old.outputs, inputs, { urn });
    if (replaces.length > 0 || old.isPendingReplacement === true) {
      const anew = await check(provider, urn, {}, goal.inputs);
      return () => this.replace(run, provider, goal, anew, old);
    }
    if (changes === true || old.initErrors.length > 0) {
      return () => this.update(run, provider, goal, inputs, old);
    }
    return async () => {
      const same: Entry = { ...old, ...optionsOf(goal), urn, inputs };
      await this.checkpoint(run, `same ${nameOf(urn)}`, () => this.put(same, old));
      return same;
    };
  }

  private async create(
    run: Run,
    provider: HostProcess,
    goal: Goal,
    inputs: Properties,
    old: Entry | undefined,
  ): Promise<Entry> {
    return await this.keep(
      run,
      goal,
      inputs,
      `create ${nameOf(goal.urn)}`,
      async () => {
        const { id, properties } = await provider.create(inputs, { urn: goal.urn });
        return { id, outputs: properties };
      },
      (entry) => {
        if (old?.isPendingReplacement === true) {
          this.put(entry, old);
        } else {
          if (old !== undefined) {
            this.put({ ...old, isToDelete: true }, old);
          }
          this.put(entry);
        }
      },
    );
  }

  private async update(
    run: Run,
    provider: HostProcess,
    goal: Goal,
    inputs: Properties,
    old: Entry,
  ): Promise<Entry> {
    return await this.keep(
      run,
      goal,
      inputs,
      `update ${nameOf(goal.urn)}`,
      async () => ({
        id: old.id,
        outputs: await provider.update(old.id, old.outputs, inputs, { urn: goal.urn }),
      }),
      (entry) => this.put(entry, old),
    );
  }

  private async replace(
    run: Run,
    provider: HostProcess,
    goal: Goal,
    inputs: Properties,
    old: Entry,
  ): Promise<Entry> {
    if (goal.isProtected && old.isProtected) {
      throw new Error(`unable to replace resource ${goal.urn} as it is currently marked for protection`);
    }
    if (!goal.deletesFirst || old.isPendingReplacement === true) {
      return await this.create(run, provider, goal, inputs, old);
    }
    this.deleting.add(old);
    const left: Entry = { ...old, isPendingReplacement: true };
    await this.delete(run, old, () => this.put(left, old));
    return await this.create(run, provider, goal, inputs, left);
  }

  private async import(run: Run, provider: HostProcess, goal: Goal): Promise<Entry> {
    const { urn, importId } = goal;
    const read = await provider.importExisting(importId, urn);
    const inputs = await check(provider, urn, read.inputs ?? {}, goal.inputs);
    const { changes } = await provider.diff(importId, read.properties, inputs, { urn });
    if (changes === true) {
      throw new Error(`inputs to import do not match the existing resource ${importId}`);
    }
    const entry: Entry = {
      urn,
      id: importId,
      inputs,
      outputs: read.properties,
      initErrors: [],
      ...optionsOf(goal),
    };
    await this.checkpoint(run, `import ${nameOf(urn)}`, () => this.put(entry));
    return entry;
  }

  /** Runs a create or an update, and writes what it returns, or leaves behind, to the state. */
  private async keep(
    run: Run,
    goal: Goal,
    inputs: Properties,
    step: string,
    provide: () => Promise<Pick<Entry, "id" | "outputs">>,
    put: (entry: Entry) => void,
  ): Promise<Entry> {
    const entryOf = (made: Pick<Entry, "id" | "outputs">, initErrors: readonly string[]): Entry => ({
      ...{ urn: goal.urn, inputs, initErrors },
      ...optionsOf(goal),
      ...made,
    });
    await this.checkpoint(run, `begin to ${step}`, () => undefined);
    try {
      const entry = entryOf(await provide(), []);
      await this.checkpoint(run, step, () => put(entry));
      return entry;
    } catch (error) {
      if (error instanceof ProviderError && error.initFailure !== undefined) {
        const { id, properties, reasons } = error.initFailure;
        await this.checkpoint(run, step, () => put(entryOf({ id, outputs: properties }, reasons)));
      }
      throw error;
    }
  }

  private async deleteAll(run: Run, entries: readonly Entry[]): Promise<void> {
    const kept = entries.find(({ isProtected }) => isProtected);
    if (kept !== undefined) {
      throw new Error(`resource ${kept.urn} cannot be deleted because it is protected`);
    }
    for (const entry of entries) {
      this.deleting.add(entry);
    }
    await this.all(
      run,
      entries.map((entry) => this.delete(run, entry, () => this.drop(entry))),
    );
  }

  private async delete(run: Run, entry: Entry, after: () => void): Promise<void> {
    const { urn, id, outputs } = entry;
    await this.checkpoint(run, `begin to delete ${nameOf(urn)}`, () => undefined);
    if (!entry.isRetained && entry.isPendingReplacement !== true) {
      await (await this.processOf(run, entry.provider)).delete(id, outputs, { urn });
    }
    await this.checkpoint(run, `delete ${nameOf(urn)}`, after);
  }

  private async dropUnusedProviders(run: Run): Promise<void> {
    const used = new Set(this.state.map(({ provider }) => provider));
    const unused = this.state.filter(
      ({ urn, id }) =>
        typeOf(urn).startsWith(PROVIDERS) && !run.declared.has(urn) && !used.has(`${urn}::${id}`),
    );
    if (unused.length > 0) {
      await this.checkpoint(run, "delete providers", () => unused.forEach((entry) => this.drop(entry)));
    }
  }

  /** Waits for all, as the engine does, and then reports all failures. */
  private async all(run: Run, tasks: Promise<void>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(tasks)) {
      if (outcome.status === "rejected") {
        run.fail(outcome.reason);
      }
    }
    throwFailures(run);
  }

  private async checkpoint(run: Run, step: string, change: () => void): Promise<void> {
    if (run.isOver) {
      await new Promise(() => undefined);
    }
    await this.simulation.point(`before the checkpoint: ${step}`);
    change();
    await this.simulation.point(`after the checkpoint: ${step}`);
  }

  /** @param old the entry whose place it takes */
  private put(entry: Entry, old?: Entry): void {
    this.state = old === undefined ? [...this.state, entry] : this.state.with(this.state.indexOf(old), entry);
  }

  private drop(entry: Entry): void {
    this.state = this.state.filter((each) => each !== entry);
  }
}

function optionsOf({ provider, isProtected, isRetained }: Goal) {
  return { provider, isProtected, isRetained };
}

function isTarget({ targets }: Run, { urn }: Pick<Entry, "urn">): boolean {
  return targets === undefined || targets.includes(nameOf(urn));
}

function formerUrn(alias: Alias, request: Request): string {
  const spec = alias.getSpec();
  return spec === undefined
    ? alias.getUrn()
    : urnOf(spec.getType() || request.getType(), spec.getName() || request.getName());
}

function responseOf({ urn, id, outputs }: Pick<Entry, "urn" | "id" | "outputs">): Response {
  return new messages.RegisterResourceResponse().setUrn(urn).setId(id).setObject(structOf(outputs));
}

async function check(
  provider: HostProcess,
  urn: string,
  olds: Properties,
  news: Properties,
): Promise<Properties> {
  const { inputs, failures } = await provider.check(olds, news, { urn });
  if (failures.length > 0) {
    throw new Error(
      failures
        .map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`))
        .join("\n"),
    );
  }
  return inputs;
}

function hasToStop({ failures, continuesOnError }: Run): boolean {
  return failures.length > 0 && !continuesOnError;
}

function throwFailures({ failures }: Run): void {
  if (failures.length > 0) {
    throw new AggregateError(failures, failures.map(({ message }) => message).join("\n"));
  }
}
