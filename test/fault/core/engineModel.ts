/**
 * A model of the Pulumi engine: in which order it calls the provider, and what it keeps in the state.
 *
 * - A declared resource: `check`, then `create`; or `check`, `diff`, then `update` or a replacement.
 * - A replacement that is asked for (`--replace`): `check` without old inputs, and no `diff`.
 * - A replacement deletes before it creates. With `deleteBeforeReplace: false` it creates first, and the old entry stays in the
 *   state as one to delete.
 * - A resource with an alias takes over the entry of that name if it has none of its own.
 * - Entries that the program does not declare, and those to delete, are deleted after the program has succeeded: `delete` with the
 *   old outputs, by the provider that the entry was made with. If the run fails or does not target them, a later run does it.
 * - A run with targets leaves all other resources as they are. Without a stack's salt, it does not create the salt.
 * - A protected resource is not deleted: the run fails. With `retainOnDelete` the entry leaves the state without a call.
 * - A resource that was created but not initialized stays in the state; after a crash the state lacks what was not written yet.
 * - Each provider of a run is a process of its own. They share the run's notes.
 * - The program's part (provider/program/claims.ts): two resources with one cluster, one `adopt` or one `clientToken` fail the run.
 */
import { randomBytes } from "node:crypto";
import { tokenKeyOf } from "../../../provider/cluster/clientToken.ts";
import type { Entry as Holder } from "../../../provider/cluster/holders.ts";
import { InitializationError } from "../../../provider/cluster/state.ts";
import type { RunNote, RunNotes } from "../../../provider/cluster/holders.ts";
import type { Clock } from "../../../provider/ecs/clock.ts";
import { getOrCreate } from "../../../provider/ecs/getOrCreate.ts";
import type { Emulator } from "../../../emulator/emulator.ts";
import type { Kept, Stage, Victim, Wanted, Wants } from "../stage.ts";
import { ProviderProcess, resourceOf, type Configuration } from "./providerProcess.ts";

type Properties = Record<string, unknown>;

/** A resource that the program declares. */
interface Declaration {
  resource: string;
  wanted: Wanted;
  inputs: Properties;
}

/** A resource in the state. */
export interface Entry {
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** Why the resource was not initialized. If there is a reason, the next `up` updates it. */
  initErrors: readonly string[];
  provider: string;
  isProtected: boolean;
  isRetained: boolean;
}

/** One run of the engine. */
interface Operation {
  readonly providers: Map<string, ProviderProcess>;
  readonly notes: SharedNotes;
  /** Which resource of the program has claimed what. */
  readonly claims: Map<string, string>;
  /** A killed engine writes nothing to the state. */
  isAlive: boolean;
}

/** The notes of one run, in memory. */
class SharedNotes {
  private readonly notes: { process: string; note: RunNote }[] = [];

  of(process: string): RunNotes {
    return {
      write: (note) => {
        this.notes.push({ process, note });
      },
      holdersElsewhere: (hpcClusterId) => {
        const holders = new Map<string, Holder>();
        for (const { process: writer, note } of this.notes) {
          const key = JSON.stringify([writer, note.entry ?? ""]);
          if (writer === process || note.hpcClusterId !== hpcClusterId) {
            continue;
          }
          if (note.holds) {
            holders.set(key, note);
          } else {
            holders.delete(key);
          }
        }
        return [...holders.values()];
      },
    };
  }
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
  /** The old entries of replacements that created first. */
  private readonly replacedEntries = new Map<Entry, string>();
  /** The entries that the current operation has to delete. */
  private readonly deleting = new Set<Entry>();
  private salt: string | undefined;

  constructor(ecs: Emulator, { configuration = configurationFor(ecs), clock }: EngineModelOptions) {
    this.configuration = configuration;
    this.clock = clock;
  }

  async up(wants: Wants, replaced: readonly string[] = [], targets?: readonly string[]): Promise<void> {
    await this.run(this.start(), wants, replaced, targets);
  }

  async killedUp(
    wants: Wants,
    replaced: readonly string[],
    _victim: Victim,
    reached: Promise<unknown>,
    targets?: readonly string[],
  ): Promise<boolean> {
    const operation = this.start();
    const running = this.run(operation, wants, replaced, targets);
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
    for (const provider of operation.providers.values()) {
      provider.kill();
    }
    return true;
  }

  unlock(): Promise<void> {
    return Promise.resolve();
  }

  async refresh(): Promise<void> {
    const operation = this.start();
    await all(
      this.allEntries().map(async ([resource, entry]) => {
        const found = await this.providerOf(operation, entry.provider).read(entry.id, entry.outputs);
        this.write(operation, () => {
          if (found === undefined) {
            this.drop(resource, entry);
          } else {
            Object.assign(entry, {
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
    // The salt is a resource of the stack too.
    this.salt = undefined;
    await this.deleteAll(operation, this.allEntries());
  }

  kept(): Kept[] {
    return this.allEntries().map(([resource, { id }]) => ({ resource, id }));
  }

  /** The resource in the state; undefined if there is none. */
  entry(resource: string): Entry | undefined {
    return this.entries.get(resource);
  }

  /** `pulumi state delete`: the entry leaves the state, and the cluster stays. */
  forget(resource: string): void {
    this.entries.delete(resource);
  }

  /** Why the service must not delete this cluster now; undefined if the engine has requested the deletion and nothing else holds the cluster. */
  reasonToKeep(id: string): string | undefined {
    const holders = this.allEntries().filter(([, entry]) => entry.id === id);
    const others = holders.filter(([, entry]) => !this.deleting.has(entry));
    if (others.length > 0) {
      return `${others.map(([resource]) => resource).join(" and ")} holds it`;
    }
    return holders.length === 0 ? "no entry holds it" : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  private allEntries(): [string, Entry][] {
    return [
      ...this.entries,
      ...[...this.replacedEntries].map(([entry, resource]): [string, Entry] => [resource, entry]),
    ];
  }

  private drop(resource: string, entry: Entry): void {
    this.replacedEntries.delete(entry);
    if (this.entries.get(resource) === entry) {
      this.entries.delete(resource);
    }
  }

  private start(): Operation {
    this.deleting.clear();
    return { providers: new Map(), notes: new SharedNotes(), claims: new Map(), isAlive: true };
  }

  private providerOf(operation: Operation, name = "default"): ProviderProcess {
    return getOrCreate(operation.providers, name, () => {
      const warn = (text: string) => this.printed.push(text);
      const notes = operation.notes.of(name);
      return new ProviderProcess({ configuration: this.configuration, clock: this.clock, warn, notes });
    });
  }

  private async run(...args: Parameters<EngineModel["steps"]>): Promise<void> {
    const [operation] = args;
    try {
      await this.steps(...args);
    } finally {
      if (operation.isAlive) {
        for (const provider of operation.providers.values()) {
          provider.end();
        }
      }
    }
  }

  private async steps(
    operation: Operation,
    wants: Wants,
    replaced: readonly string[],
    targets: readonly string[] | undefined,
  ): Promise<void> {
    const isTargeted = (resource: string) => targets === undefined || targets.includes(resource);
    const declared = this.declarationsOf(wants, targets === undefined);
    this.takeOverAliases(declared.filter(({ resource }) => isTargeted(resource)));
    await all(
      declared.map(async (declaration) => {
        const { resource, wanted, inputs } = declaration;
        if (wanted.adopt !== undefined) {
          claim(operation, `cluster ${wanted.adopt}`, resource);
        }
        if (wanted.clientToken !== undefined) {
          const place = [wanted.clientToken, inputs["regionId"], wanted.provider];
          claim(operation, `clientToken ${JSON.stringify(place)}`, resource);
        }
        if (isTargeted(resource)) {
          await this.register(operation, declaration, replaced.includes(resource));
        }
        const id = this.entries.get(resource)?.id;
        if (id !== undefined) {
          claim(operation, `cluster ${id}`, resource);
        }
      }),
    );
    if (!operation.isAlive) {
      return;
    }
    const names = new Set(declared.map(({ resource }) => resource));
    await this.deleteAll(
      operation,
      this.allEntries().filter(
        ([resource, entry]) =>
          isTargeted(resource) && (!names.has(resource) || this.replacedEntries.has(entry)),
      ),
    );
  }

  private declarationsOf(wants: Wants, createsSalt: boolean): Declaration[] {
    // The salt is in the state before any cluster is created, unless the run is limited to other resources.
    if (createsSalt) {
      this.salt ??= randomBytes(16).toString("base64url");
    }
    const salt = this.salt;
    return [...wants].map(([resource, wanted]) => ({
      resource,
      wanted,
      inputs: inputsOf(resource, wanted, salt),
    }));
  }

  private takeOverAliases(declared: readonly Declaration[]): void {
    for (const { resource, wanted } of declared) {
      const former = wanted.alias === undefined ? undefined : this.entries.get(wanted.alias);
      if (former !== undefined && !this.entries.has(resource)) {
        this.entries.delete(wanted.alias!);
        this.entries.set(resource, former);
      }
    }
  }

  private async register(operation: Operation, declaration: Declaration, isReplaced: boolean): Promise<void> {
    const entry = this.entries.get(declaration.resource);
    if (entry === undefined) {
      await this.create(operation, declaration);
    } else if (isReplaced) {
      await this.replace(operation, declaration, entry);
    } else {
      await this.change(operation, declaration, entry);
    }
  }

  private async create(operation: Operation, declaration: Declaration): Promise<void> {
    const provider = this.providerOf(operation, declaration.wanted.provider);
    const inputs = await check(provider, {}, declaration.inputs);
    await this.keep(operation, declaration, inputs, () => provider.create(inputs));
  }

  private async change(operation: Operation, declaration: Declaration, entry: Entry): Promise<void> {
    const provider = this.providerOf(operation, entry.provider);
    const inputs = await check(provider, entry.inputs, declaration.inputs);
    const { updates, replaces } = await provider.diff(entry.id, entry.outputs, inputs);
    if (replaces.length > 0) {
      await this.replace(operation, declaration, entry);
    } else if (updates.length > 0 || entry.initErrors.length > 0) {
      await this.keep(
        operation,
        declaration,
        inputs,
        () => provider.update(entry.id, entry.outputs, inputs),
        entry,
      );
    } else {
      this.write(operation, () => Object.assign(entry, { inputs, ...optionsOf(declaration.wanted) }));
    }
  }

  private async replace(operation: Operation, declaration: Declaration, entry: Entry): Promise<void> {
    if (declaration.wanted.deleteBeforeReplace === false) {
      await this.create(operation, declaration);
    } else {
      await this.deleteAll(operation, [[declaration.resource, entry]]);
      await this.create(operation, declaration);
    }
  }

  private async deleteAll(operation: Operation, entries: readonly [string, Entry][]): Promise<void> {
    const kept = entries.find(([, { isProtected }]) => isProtected);
    if (kept !== undefined) {
      throw new Error(`${kept[0]} cannot be deleted because it is protected`);
    }
    for (const [, entry] of entries) {
      this.deleting.add(entry);
    }
    await all(
      entries.map(async ([resource, entry]) => {
        if (!entry.isRetained) {
          await this.providerOf(operation, entry.provider).delete(entry.id, entry.outputs);
        }
        this.write(operation, () => {
          this.drop(resource, entry);
        });
      }),
    );
  }

  /**
   * Runs a `create` or an `update`, and writes what it returns, or leaves behind, to the state.
   *
   * @param updated the entry that is updated; any other one of the resource has been replaced
   */
  private async keep(
    operation: Operation,
    { resource, wanted }: Declaration,
    inputs: Properties,
    provide: () => Promise<{ id: string; outputs: Properties }>,
    updated?: Entry,
  ): Promise<void> {
    const set = (id: string, outputs: Properties, initErrors: readonly string[]) =>
      this.write(operation, () => {
        const old = this.entries.get(resource);
        if (old !== undefined && old !== updated) {
          this.replacedEntries.set(old, resource);
        }
        const provider = wanted.provider ?? "default";
        this.entries.set(resource, {
          ...{ id, inputs, outputs: stored(outputs), initErrors, provider },
          ...optionsOf(wanted),
        });
      });
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

function optionsOf({ protect, adopt, retainOnDelete }: Wanted): Pick<Entry, "isProtected" | "isRetained"> {
  return { isProtected: protect ?? adopt !== undefined, isRetained: retainOnDelete === true };
}

/** What only one resource of a program may have. */
function claim(operation: Operation, what: string, resource: string): void {
  const owner = operation.claims.get(what) ?? resource;
  operation.claims.set(what, owner);
  if (owner !== resource) {
    throw new Error(`The ${what} belongs to both "${owner}" and "${resource}"`);
  }
}

/** Fields of {@link Wanted} that are options of the resource. All others are its arguments, also one that does not exist. */
const OPTIONS: ReadonlySet<string> = new Set<keyof Wanted>([
  "provider",
  "alias",
  "protect",
  "retainOnDelete",
  "deleteBeforeReplace",
]);

function inputsOf(resource: string, wanted: Wanted, salt: string | undefined): Properties {
  const urn = `urn:pulumi:test::hpc::pulumi-nodejs:dynamic/alicloud:HpcCluster::${resource}`;
  const values: [string, unknown][] = Object.entries(wanted).filter(([key]) => !OPTIONS.has(key));
  return {
    ...Object.fromEntries(values.filter(([, value]) => value !== undefined)),
    ...(wanted.clientToken === undefined && salt !== undefined ? { __tokenKey: tokenKeyOf(salt, urn) } : {}),
    __resourceName: resource,
    __provider: PROVIDER_TEXT,
  };
}

async function check(provider: ProviderProcess, olds: Properties, news: Properties): Promise<Properties> {
  const { inputs, failures } = await provider.check(olds, news);
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
