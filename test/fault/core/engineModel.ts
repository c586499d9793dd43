/**
 * A model of the Pulumi engine: in which order it calls the provider, and what it keeps in the state. `check`, `diff`, then
 * `update`; `delete` before `create` for a replacement; what the program no longer declares is deleted last; a resource that
 * was created but not initialized stays in the state; after a crash the state lacks what was not written yet.
 */
import { randomBytes } from "node:crypto";
import { tokenKeyOf } from "../../../provider/cluster/clientToken.ts";
import { InitializationError } from "../../../provider/cluster/initializationError.ts";
import type { Clock } from "../../../provider/ecs/clock.ts";
import type { Emulator } from "../../../emulator/emulator.ts";
import type { Kept, Stage, Victim, Wanted, Wants } from "../stage.ts";
import { ProviderProcess, resourceOf, type Configuration } from "./providerProcess.ts";

type Properties = Record<string, unknown>;

/** A resource that the program declares. */
interface Declaration {
  resource: string;
  inputs: Properties;
}

/** A resource in the state. */
export interface Entry {
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** Why the resource was not initialized. If there is a reason, the next `up` updates it. */
  initErrors: readonly string[];
}

/** One run of the engine. */
interface Operation {
  readonly provider: ProviderProcess;
  /** A killed engine writes nothing to the state. */
  isAlive: boolean;
}

/** What the model of a stack needs to know. */
export interface EngineModelOptions {
  /** Default: {@link configurationFor} the service. It is read again for each operation. */
  configuration?: Configuration;
  clock: Clock;
}

/** Stands for the provider in every resource's properties. */
const PROVIDER_TEXT = "exports.handler = () => require('pulumi-alicloud-hpc/lifecycle')";

/** The stack configuration for a local service. */
export function configurationFor(ecs: Emulator): Record<string, string> {
  return {
    "alicloud:region": "cn-hangzhou",
    "alicloud:accessKey": ecs.accessKeyId,
    "alicloud:secretKey": ecs.accessKeySecret,
    "alicloud:endpoints": JSON.stringify([{ ecs: ecs.endpoint }]),
  };
}

/** A stack in the model. */
export class EngineModel implements Stage {
  /** The warnings of all operations. */
  readonly printed: string[] = [];
  private readonly configuration: Configuration;
  private readonly clock: Clock;
  private readonly entries = new Map<string, Entry>();
  private salt: string | undefined;

  constructor(ecs: Emulator, { configuration = configurationFor(ecs), clock }: EngineModelOptions) {
    this.configuration = configuration;
    this.clock = clock;
  }

  async up(wants: Wants, replaced: readonly string[] = []): Promise<void> {
    await this.run(this.start(), wants, replaced);
  }

  async killedUp(
    wants: Wants,
    replaced: readonly string[],
    _victim: Victim,
    reached: Promise<unknown>,
  ): Promise<boolean> {
    const operation = this.start();
    const running = this.run(operation, wants, replaced);
    const ended = running.then(
      () => false,
      () => false,
    );
    const isKilled = await Promise.race([reached.then(() => true), ended]);
    if (!isKilled) {
      await running;
      return false;
    }
    operation.isAlive = false;
    operation.provider.kill();
    return true;
  }

  unlock(): Promise<void> {
    return Promise.resolve();
  }

  async refresh(): Promise<void> {
    const operation = this.start();
    await all(
      [...this.entries].map(async ([resource, entry]) => {
        const found = await operation.provider.read(entry.id, entry.outputs);
        this.write(operation, () => {
          if (found === undefined) {
            this.entries.delete(resource);
          } else {
            this.entries.set(resource, {
              id: found.id,
              inputs: stored(found.inputs),
              outputs: stored(found.outputs),
              initErrors: [],
            });
          }
        });
      }),
    );
  }

  async destroy(): Promise<void> {
    const operation = this.start();
    await all([...this.entries.keys()].map((resource) => this.delete(operation, resource)));
    // The salt is a resource of the stack too.
    this.salt = undefined;
  }

  kept(): Kept[] {
    return [...this.entries].map(([resource, { id }]) => ({ resource, id }));
  }

  /** The resource in the state; undefined if there is none. */
  entry(resource: string): Entry | undefined {
    return this.entries.get(resource);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  private start(): Operation {
    const warn = (text: string) => this.printed.push(text);
    return {
      provider: new ProviderProcess({ configuration: this.configuration, clock: this.clock, warn }),
      isAlive: true,
    };
  }

  private async run(operation: Operation, wants: Wants, replaced: readonly string[]): Promise<void> {
    const declared = this.declarationsOf(wants);
    await all(
      declared.map((declaration) =>
        this.register(operation, declaration, replaced.includes(declaration.resource)),
      ),
    );
    if (!operation.isAlive) {
      return;
    }
    const names = new Set(declared.map(({ resource }) => resource));
    const undeclared = [...this.entries.keys()].filter((resource) => !names.has(resource));
    await all(undeclared.map((resource) => this.delete(operation, resource)));
  }

  private declarationsOf(wants: Wants): Declaration[] {
    // The salt is in the state before any cluster is created.
    this.salt ??= randomBytes(16).toString("base64url");
    const salt = this.salt;
    return [...wants].map(([resource, wanted]) => ({ resource, inputs: inputsOf(resource, wanted, salt) }));
  }

  private async register(operation: Operation, declaration: Declaration, isReplaced: boolean): Promise<void> {
    const entry = this.entries.get(declaration.resource);
    if (entry === undefined) {
      await this.create(operation, declaration);
    } else if (isReplaced) {
      await this.replace(operation, declaration);
    } else {
      await this.change(operation, declaration, entry);
    }
  }

  private async create(operation: Operation, { resource, inputs: news }: Declaration): Promise<void> {
    const inputs = await check(operation, {}, news);
    await this.keep(operation, resource, inputs, () => operation.provider.create(inputs));
  }

  private async change(operation: Operation, declaration: Declaration, entry: Entry): Promise<void> {
    const { provider } = operation;
    const inputs = await check(operation, entry.inputs, declaration.inputs);
    const { updates, replaces } = provider.diff(entry.id, entry.outputs, inputs);
    if (replaces.length > 0) {
      await this.replace(operation, declaration);
    } else if (updates.length > 0 || entry.initErrors.length > 0) {
      await this.keep(operation, declaration.resource, inputs, () =>
        provider.update(entry.id, entry.outputs, inputs),
      );
    } else {
      this.write(operation, () => (entry.inputs = inputs));
    }
  }

  private async replace(operation: Operation, declaration: Declaration): Promise<void> {
    await this.delete(operation, declaration.resource);
    await this.create(operation, declaration);
  }

  private async delete(operation: Operation, resource: string): Promise<void> {
    const { id, outputs } = this.entries.get(resource)!;
    await operation.provider.delete(id, outputs);
    this.write(operation, () => this.entries.delete(resource));
  }

  /** Runs a `create` or an `update`, and writes what it returns, or leaves behind, to the state. */
  private async keep(
    operation: Operation,
    resource: string,
    inputs: Properties,
    provide: () => Promise<{ id: string; outputs: Properties }>,
  ): Promise<void> {
    const set = (id: string, outputs: Properties, initErrors: readonly string[]) =>
      this.write(operation, () =>
        this.entries.set(resource, { id, inputs, outputs: stored(outputs), initErrors }),
      );
    try {
      const { id, outputs } = await provide();
      set(id, outputs, []);
    } catch (error) {
      if (error instanceof InitializationError) {
        const { id, outputs } = resourceOf(error.state);
        set(id, outputs, [error.message]);
      }
      throw error;
    }
  }

  private write(operation: Operation, change: () => void): void {
    if (operation.isAlive) {
      change();
    }
  }
}

function inputsOf(resource: string, wanted: Wanted, salt: string): Properties {
  const urn = `urn:pulumi:test::hpc::pulumi-nodejs:dynamic/alicloud:HpcCluster::${resource}`;
  const given = wanted.clientToken === undefined ? { __tokenKey: tokenKeyOf(salt, urn) } : {};
  return { ...wanted, ...given, __provider: PROVIDER_TEXT };
}

async function check(operation: Operation, olds: Properties, news: Properties): Promise<Properties> {
  const { inputs, failures } = await operation.provider.check(olds, news);
  if (failures.length > 0) {
    throw new Error(
      failures
        .map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`))
        .join("\n"),
    );
  }
  return stored(inputs);
}

/** As the SDK stores properties. It cannot store undefined: it would throw after the cluster has been created. */
function stored(properties: Properties): Properties {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) {
      throw new Error(`Unexpected struct type: ${key} is undefined`);
    }
  }
  return { ...(JSON.parse(JSON.stringify(properties)) as Properties), __provider: PROVIDER_TEXT };
}

/** Waits for all tasks, as the engine does, and then reports all failures. */
async function all(tasks: Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(tasks)).flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason as Error] : [],
  );
  if (failures.length > 0) {
    throw new AggregateError(failures, failures.map(({ message }) => message).join("\n"));
  }
}

/** The error of an operation that has to fail. */
export async function failureOf(operation: Promise<unknown>): Promise<Error> {
  try {
    await operation;
  } catch (error) {
    return error as Error;
  }
  throw new Error("the operation did not fail");
}
