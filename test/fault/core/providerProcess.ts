import { readSettings } from "../../../provider/account/settings.ts";
import { checkCluster } from "../../../provider/cluster/check.ts";
import { createCluster, originFrom } from "../../../provider/cluster/create.ts";
import { deleteCluster } from "../../../provider/cluster/delete.ts";
import { diffCluster } from "../../../provider/cluster/diff.ts";
import {
  propertiesFrom,
  textOf,
  type EngineProperties,
  type PropertyChanges,
} from "../../../provider/cluster/properties.ts";
import { beginOperation, type Operation } from "../../../provider/cluster/operation.ts";
import { readCluster } from "../../../provider/cluster/read.ts";
import type { RunNotes } from "../../../provider/cluster/holders.ts";
import type { Checked } from "../../../provider/cluster/rules.ts";
import { Session } from "../../../provider/cluster/session.ts";
import { inputsOf, outputsOf, stateFrom, type ClusterState } from "../../../provider/cluster/state.ts";
import { updateCluster } from "../../../provider/cluster/update.ts";
import { EcsClient } from "../../../provider/ecs/client.ts";
import type { Clock } from "../../../provider/ecs/clock.ts";
import { connect } from "../../../provider/ecs/connect.ts";

/** The stack configuration: `alicloud:` keys with texts. */
export type Configuration = Readonly<Record<string, string>>;

/** How to start a provider process. */
export interface ProviderProcessOptions {
  configuration: Configuration;
  clock: Clock;
  warn: (text: string) => void;
  /** How it hears of the run's other provider processes. Default: it is alone. */
  notes?: RunNotes;
}

/** A resource as a provider returns it. */
export interface ProvidedResource {
  id: string;
  outputs: Record<string, unknown>;
}

/** What one operating-system process of the provider is: a session, and the engine's calls of it. */
export class ProviderProcess {
  private readonly operation: Operation;
  private isKilled = false;

  constructor({ configuration, clock, warn, notes }: ProviderProcessOptions) {
    const session = new Session(
      readSettings((key) => configuration[key], {}),
      {
        warn,
        ...(notes === undefined ? {} : { notes }),
        // A killed process neither wakes up, and so retries nothing, nor sends or receives anything.
        clock: { now: () => clock.now(), sleep: (ms) => this.whileAlive(() => clock.sleep(ms)) },
        connect: (settings, sessionClock) => {
          const client = connect(settings, sessionClock);
          return new EcsClient((call, parse) => this.whileAlive(() => client.request(call, parse)));
        },
      },
    );
    this.operation = beginOperation(session);
  }

  check(olds: EngineProperties, news: EngineProperties): Promise<Checked> {
    return checkCluster(this.operation, olds, news);
  }

  diff(id: string, olds: EngineProperties, news: EngineProperties): Promise<PropertyChanges> {
    return diffCluster(this.operation, id, olds, news, {
      resourceName: textOf(news, "__resourceName"),
    });
  }

  async create(inputs: EngineProperties): Promise<ProvidedResource> {
    return resourceOf(await createCluster(this.operation, propertiesFrom(inputs), originFrom(inputs)));
  }

  /** @returns undefined if the cluster does not exist any more */
  async read(
    id: string,
    properties: EngineProperties,
  ): Promise<(ProvidedResource & { inputs: Record<string, unknown> }) | undefined> {
    const found = await readCluster(this.operation, id, properties);
    return found === undefined ? undefined : { ...resourceOf(found), inputs: inputsOf(found) };
  }

  async update(id: string, olds: EngineProperties, inputs: EngineProperties): Promise<ProvidedResource> {
    return resourceOf(await updateCluster(this.operation, this.stored(id, olds), propertiesFrom(inputs)));
  }

  delete(id: string, properties: EngineProperties): Promise<void> {
    return deleteCluster(this.operation, this.stored(id, properties));
  }

  /** The end of the run. */
  end(): void {
    this.operation.session.sameNames.report();
  }

  /** From now on it calls nothing, and none of its calls returns. */
  kill(): void {
    this.isKilled = true;
  }

  private stored(id: string, properties: EngineProperties): ClusterState {
    return stateFrom(id, { ...properties, regionId: this.operation.session.regionOf(properties) });
  }

  private async whileAlive<T>(run: () => Promise<T>): Promise<T> {
    await this.unlessKilled();
    try {
      return await run();
    } finally {
      await this.unlessKilled();
    }
  }

  /** Returns at once, or never if the process has been killed. */
  private unlessKilled(): Promise<void> {
    return this.isKilled ? new Promise(() => undefined) : Promise.resolve();
  }
}

/** A cluster, as a {@link ProviderProcess} returns it to the engine. */
export function resourceOf(state: ClusterState): ProvidedResource {
  return { id: state.hpcClusterId, outputs: outputsOf(state) };
}
