/** The soak's runs on the real engine. */
import type { ProviderResource } from "@pulumi/pulumi";
import { getOrCreate } from "../../provider/ecs/getOrCreate.ts";
import { clustersInState, createEcsStack } from "../e2e/ecsStack.ts";
import { dynamicHost, type Host, hosts, pluginHost } from "../e2e/hosts.ts";
import type { Emulator } from "../../emulator/emulator.ts";
import type { Program, TestStack } from "../engine/stack.ts";
import type { Kept, Stage, Victim, Wants } from "./stage.ts";

/** A program, and whether it has begun. */
function programOf(
  { HpcCluster, Provider }: Host,
  wants: Wants,
): { program: Program; readonly hasBegun: boolean } {
  let hasBegun = false;
  return {
    program: async () => {
      hasBegun = true;
      const providers = new Map<string, ProviderResource>();
      for (const [resource, wanted] of wants) {
        const { provider, alias, protect, retainOnDelete, deleteBeforeReplace, ...args } = wanted;
        new HpcCluster(resource, args, {
          ...(protect === undefined ? {} : { protect }),
          ...(retainOnDelete === undefined ? {} : { retainOnDelete }),
          ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
          ...(alias === undefined ? {} : { aliases: [{ name: alias }] }),
          ...(provider === undefined
            ? {}
            : { provider: getOrCreate(providers, provider, () => new Provider(provider)) }),
        });
      }
    },
    get hasBegun() {
      return hasBegun;
    },
  };
}

const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/**
 * A process that has run many engines can find one on a port that an earlier one had, to which gRPC still believes that it
 * cannot connect. The SDK (automation/server.js) keeps silent about errors of gRPC and calls the program done, and the
 * engine deletes what it did not declare: everything.
 */
export class ProgramNotRun extends Error {
  constructor() {
    super("the SDK could not connect to the engine, and took the program for done before it began");
    this.name = "ProgramNotRun";
  }
}

/** See the head of this file. */
export class EngineStage implements Stage {
  private readonly stack: TestStack;
  private current: Host;
  readonly printed: string[] = [];

  private constructor(stack: TestStack, host: Host) {
    this.stack = stack;
    this.current = host;
  }

  /** @param seed decides on which host the life begins */
  static async create(
    ecs: Emulator,
    config: Readonly<Record<string, string>>,
    seed: number,
  ): Promise<EngineStage> {
    const stack = await createEcsStack(ecs, { program: async () => undefined, config });
    return new EngineStage(stack, hosts[seed % hosts.length]!);
  }

  get host(): string {
    return this.current.name;
  }

  changeHost(): void {
    this.current = this.current === pluginHost ? dynamicHost : pluginHost;
  }

  async up(wants: Wants, replaced: readonly string[] = [], targets?: readonly string[]): Promise<void> {
    const running = programOf(this.current, wants);
    this.stack.setProgram(running.program);
    await this.printing(this.stack.start("up", { ...this.replacing(replaced), ...this.targeting(targets) }));
    if (!running.hasBegun) {
      throw new ProgramNotRun();
    }
  }

  async killedUp(
    wants: Wants,
    replaced: readonly string[],
    victim: Victim,
    reached: Promise<unknown>,
    targets?: readonly string[],
  ): Promise<boolean> {
    const running = programOf(this.current, wants);
    this.stack.setProgram(running.program);
    const operation = this.stack.start("up", { ...this.replacing(replaced), ...this.targeting(targets) });
    const ended = operation.result.then(
      () => false,
      () => false,
    );
    const isKilled = await Promise.race([reached.then(() => true), ended]);
    if (isKilled) {
      operation.kill(victim);
    }
    if (!isKilled) {
      await operation.result;
    }
    if (!isKilled && !running.hasBegun) {
      throw new ProgramNotRun();
    }
    await ended;
    this.keep(operation.output());
    return isKilled;
  }

  async unlock(): Promise<void> {
    await this.stack.cancel();
  }

  async refresh(): Promise<void> {
    await this.printing(this.stack.start("refresh", { clearPendingCreates: true }));
  }

  async destroy(): Promise<void> {
    await this.printing(this.stack.start("destroy"));
  }

  kept(): Kept[] {
    return clustersInState(this.stack).map(({ urn, id = "none" }) => ({ resource: nameOf(urn), id }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.dispose();
  }

  private async printing(operation: { result: Promise<unknown>; output(): string }): Promise<void> {
    try {
      await operation.result;
    } finally {
      this.keep(operation.output());
    }
  }

  private keep(output: string): void {
    this.printed.push(output);
    if (this.printed.length > 4) {
      this.printed.shift();
    }
  }

  private targeting(targets: readonly string[] | undefined): { target?: string[] } {
    // A resource that is not in the state yet has no URN there.
    return targets === undefined ? {} : { target: targets.map((resource) => `**:HpcCluster::${resource}`) };
  }

  private replacing(replaced: readonly string[]): { replace?: string[] } {
    const urns = clustersInState(this.stack)
      .map(({ urn }) => urn)
      .filter((urn) => replaced.includes(nameOf(urn)));
    return urns.length === 0 ? {} : { replace: urns };
  }
}
