/** Stacks in this process for tests that stop nothing: waiting costs no time. */
import { test as base, expect } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { storedIds } from "../localEcs.ts";
import { configurationFor, Engine, type Entry, nameOf, type RunOptions } from "./engine.ts";
import { SIMULATED_EPOCH } from "./hostProcess.ts";
import { Simulation } from "./simulation.ts";
import { type HostName, programOf, type Wants } from "./wanted.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A local ECS on a simulated clock. */
export interface SimulatedEcs extends Emulator {
  readonly simulation: Simulation;
  readonly pulumiHome: string;
}

/** As Vitest's, with the fixture `ecs`. */
export const test = base.extend<{ ecs: SimulatedEcs }>({
  // Vitest reads from the pattern which other fixtures this one needs: none.
  ecs: async ({}, use) => {
    const simulation = new Simulation(1);
    const pulumiHome = mkdtempSync(path.join(tmpdir(), "hpc-simulated-"));
    const ecs = await startEmulator({ clock: () => SIMULATED_EPOCH + simulation.now });
    await use(Object.assign(ecs, { simulation, pulumiHome }));
    await ecs.stop();
    rmSync(pulumiHome, { recursive: true });
  },
});

/** A stack. */
export class SimulatedStack {
  private readonly engine: Engine;
  private readonly configuration: Readonly<Record<string, string>>;
  private readonly host: HostName;

  /** @param configuration beside that of the service */
  constructor(
    ecs: SimulatedEcs,
    configuration: Readonly<Record<string, string>> = {},
    host: HostName = "dynamic",
  ) {
    this.host = host;
    this.configuration = { ...configurationFor(ecs), ...configuration };
    const { simulation, pulumiHome } = ecs;
    this.engine = new Engine({ simulation, ecs, pulumiHome, configuration: this.configuration });
  }

  async up(wants: Wants, options: RunOptions = {}): Promise<void> {
    await this.engine.up(programOf(this.host, wants, this.configuration), {
      continuesOnError: true,
      ...options,
    });
  }

  async refresh(): Promise<void> {
    await this.engine.refresh();
  }

  async destroy(): Promise<void> {
    await this.engine.destroy();
  }

  /** Puts a cluster into the state as an entry of `@pulumi/alicloud`. */
  addOfficial(resource: string, id: string): void {
    this.engine.addOfficial(resource, id);
  }

  /** The clusters in the state. */
  kept(): { resource: string; id: string }[] {
    return this.engine.clusters().map(({ urn, id }) => ({ resource: nameOf(urn), id }));
  }

  entry(resource: string): Entry | undefined {
    return this.engine.clusters().find(({ urn }) => nameOf(urn) === resource);
  }

  get printed(): readonly string[] {
    return this.engine.printed;
  }
}

/** The state and the service have the same clusters, with these names. */
export function expectAgreement(ecs: Emulator, stack: SimulatedStack, names: readonly string[]): void {
  const stored = ecs.store.clusters().map(({ name }) => name);
  expect(stored.toSorted()).toEqual(names.toSorted());
  const kept = stack.kept().map(({ id }) => id);
  expect(kept.toSorted()).toEqual(storedIds(ecs).toSorted());
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
