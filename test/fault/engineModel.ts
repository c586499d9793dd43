/**
 * The engine's calls to the provider and what it makes of the answers (reference/pulumi-dynamic.md), without the engine:
 * check, diff, update; delete before create for a replacement; init errors kept; after a crash a state that lacks what was
 * not written yet.
 */
import { randomBytes } from "node:crypto";
import type { Emulator } from "../../emulator/emulator.ts";
import { ProviderInstance, tokenKeyOf } from "./providerInstance.ts";
import type { Kept, Stage, Victim, Wanted, Wants } from "./stage.ts";

type Properties = Record<string, unknown>;

interface Resource {
  id: string;
  inputs: Properties;
  outputs: Properties;
  initErrors: readonly string[];
}

/** What the SDK sees in an error that leaves a resource behind. */
interface InitFailure extends Error {
  id: string;
  properties: Properties;
  reasons: readonly string[];
}

const isInitFailure = (error: unknown): error is InitFailure =>
  error instanceof Error && "id" in error && "properties" in error && "reasons" in error;

/** The text that stands for the module in the state. */
const providerText = "exports.handler = () => require('pulumi-alicloud-hpc/dist/lifecycle.js')";

/** One operation: a process of the provider, and whether the engine still writes down what it hears. */
interface Operation {
  provider: ProviderInstance;
  isAlive: boolean;
}

/** See the head of this file. */
export class EngineModel implements Stage {
  readonly #ecs: Emulator;
  readonly #configuration: Readonly<Record<string, string>>;
  readonly #graceMs: number;
  readonly #resources = new Map<string, Resource>();
  readonly #orphans: Promise<unknown>[] = [];
  readonly printed: readonly string[] = [];
  #salt: string | undefined;

  constructor(ecs: Emulator, configuration: Readonly<Record<string, string>>, graceMs: number) {
    this.#ecs = ecs;
    this.#configuration = configuration;
    this.#graceMs = graceMs;
  }

  async up(wants: Wants, replaced: readonly string[] = []): Promise<void> {
    await this.#run(await this.#start(false), wants, replaced);
  }

  async killedUp(
    wants: Wants,
    replaced: readonly string[],
    _victim: Victim,
    reached: Promise<unknown>,
  ): Promise<boolean> {
    const operation = await this.#start(true);
    const running = this.#run(operation, wants, replaced);
    const ended = running.then(
      () => false,
      () => false,
    );
    const isKilled = await Promise.race([reached.then(() => true), ended]);
    if (isKilled) {
      operation.isAlive = false;
      operation.provider.kill();
    }
    // What is still under way in a killed process fails, and nobody hears of it.
    this.#orphans.push(ended.then(() => operation.provider.end()));
    if (!isKilled) await running;
    return isKilled;
  }

  unlock(): Promise<void> {
    return Promise.resolve();
  }

  async refresh(): Promise<void> {
    const operation = await this.#start(false);
    await all(
      [...this.#resources].map(async ([name, resource]) => {
        const answer = await operation.provider.module.read(resource.id, resource.outputs);
        this.#write(operation, () => {
          if (answer.id === undefined || answer.id === "") {
            this.#resources.delete(name);
            return;
          }
          resource.outputs = stored(answer.props as Properties);
          if (answer.inputs !== undefined) resource.inputs = stored(answer.inputs as Properties);
          resource.initErrors = [];
        });
      }),
    );
  }

  async destroy(): Promise<void> {
    const operation = await this.#start(false);
    await all([...this.#resources.keys()].map((name) => this.#delete(operation, name)));
    // The salt goes with the stack's other resources.
    this.#salt = undefined;
  }

  kept(): Kept[] {
    return [...this.#resources].map(([resource, { id }]) => ({ resource, id }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#orphans);
  }

  async #start(mortal: boolean): Promise<Operation> {
    const options = { endpoint: this.#ecs.endpoint, graceMs: this.#graceMs, mortal };
    // One that has been killed goes on trying in vain for as long as this.
    const brief: Record<string, string> = mortal ? { "alicloud:maxRetryTimeout": "5" } : {};
    const configuration = { ...this.#configuration, ...brief };
    return { provider: await ProviderInstance.start(configuration, options), isAlive: true };
  }

  #write(operation: Operation, change: () => void): void {
    if (operation.isAlive) change();
  }

  async #run(operation: Operation, wants: Wants, replaced: readonly string[]): Promise<void> {
    // A resource of its own, in the state before any cluster is made.
    this.#salt ??= randomBytes(16).toString("base64url");
    const salt = this.#salt;
    await all(
      [...wants].map(async ([name, wanted]) => {
        const news = this.#inputsOf(name, wanted, salt);
        const old = this.#resources.get(name);
        if (old === undefined) {
          await this.#create(operation, name, news);
        } else if (replaced.includes(name)) {
          await this.#replace(operation, name, news);
        } else {
          await this.#change(operation, name, old, news);
        }
      }),
    );
    if (!operation.isAlive) return;
    // As the engine does: what the program no longer has goes last.
    const gone = [...this.#resources.keys()].filter((name) => !wants.has(name));
    await all(gone.map((name) => this.#delete(operation, name)));
  }

  #inputsOf(name: string, wanted: Wanted, salt: string): Properties {
    const urn = `urn:pulumi:soak::hpc::pulumi-nodejs:dynamic/alicloud:HpcCluster::${name}`;
    return { ...wanted, __tokenKey: tokenKeyOf(salt, urn), __provider: providerText };
  }

  async #check(operation: Operation, olds: Properties, news: Properties): Promise<Properties> {
    const { inputs, failures } = await operation.provider.module.check(olds, news);
    if (failures !== undefined && failures.length > 0) {
      throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    }
    return stored(inputs as Properties);
  }

  async #create(operation: Operation, name: string, news: Properties): Promise<void> {
    const inputs = await this.#check(operation, {}, news);
    try {
      const { id, outs } = await operation.provider.module.create(inputs);
      this.#keep(operation, name, { id, inputs, outputs: stored(outs as Properties), initErrors: [] });
    } catch (error) {
      this.#keepFailed(operation, name, inputs, error);
      throw error;
    }
  }

  async #change(operation: Operation, name: string, old: Resource, news: Properties): Promise<void> {
    const { module } = operation.provider;
    const inputs = await this.#check(operation, old.inputs, news);
    const { changes, replaces = [] } = await module.diff(old.id, old.outputs, inputs);
    if (replaces.length > 0) {
      await this.#replace(operation, name, news);
      return;
    }
    if (changes !== true && old.initErrors.length === 0) {
      this.#write(operation, () => (old.inputs = inputs));
      return;
    }
    try {
      const { outs } = await module.update(old.id, old.outputs, inputs);
      this.#keep(operation, name, {
        id: old.id,
        inputs,
        outputs: stored(outs as Properties),
        initErrors: [],
      });
    } catch (error) {
      this.#keepFailed(operation, name, inputs, error);
      throw error;
    }
  }

  async #replace(operation: Operation, name: string, news: Properties): Promise<void> {
    await this.#delete(operation, name);
    await this.#create(operation, name, news);
  }

  async #delete(operation: Operation, name: string): Promise<void> {
    const { id, outputs } = this.#resources.get(name)!;
    await operation.provider.module.delete(id, outputs);
    this.#write(operation, () => this.#resources.delete(name));
  }

  #keep(operation: Operation, name: string, resource: Resource): void {
    this.#write(operation, () => this.#resources.set(name, resource));
  }

  #keepFailed(operation: Operation, name: string, inputs: Properties, error: unknown): void {
    if (!isInitFailure(error)) return;
    const { id, properties, reasons } = error;
    this.#keep(operation, name, { id, inputs, outputs: stored(properties), initErrors: reasons });
  }
}

/** What the SDK can store: it throws on undefined, after the cluster has been made. */
function stored(properties: Properties): Properties {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) throw new Error(`Unexpected struct type: ${key} is undefined`);
  }
  return { ...(JSON.parse(JSON.stringify(properties)) as Properties), __provider: providerText };
}

/** All of them to their end, as the engine lets what is under way finish; then the first failure. */
async function all(tasks: Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(tasks)).find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
