/** What the checks work with: calls in one region, and a record of every cluster that they make. */
import { setTimeout as pause } from "node:timers/promises";
import type { Credentials } from "./account.ts";
import {
  type Answer,
  type Call,
  type Calls,
  type Item,
  type Manner,
  type Parameters,
  idOf,
  itemsOf,
  outcomeOf,
  succeeded,
} from "./calls.ts";
import { saysGone } from "./leftovers.ts";

/** Where and as whom the checks run. */
export interface Situation {
  readonly region: string;
  /** A region that is not this one. */
  readonly elsewhere: string;
  /** Every cluster has it at the start of its name or of its description. */
  readonly prefix: string;
  /** Whether the key pair is a temporary one. */
  readonly temporary: boolean;
}

/** A cluster that stays until the end, and the call that has made it. */
export interface Kept {
  readonly id: string;
  readonly parameters: Parameters;
  readonly createdAt: number;
  deletedAt: number | undefined;
}

/** When a cluster was seen as it should be. */
export interface Sight {
  readonly item: Item | undefined;
  readonly looks: number;
  readonly ms: number;
}

/** Clusters that several checks use. */
export type KeptName = "named" | "marked" | "replayed";

/** How many of them there are. */
export const keptClusters = 3;

const seenWithinMs = 30_000;

export class Bench {
  readonly situation: Situation;
  /** Clusters that are not known to be deleted: id and name. */
  readonly made = new Map<string, string>();
  /** Every cluster that has been made so far, the deleted ones too. */
  readonly ever = new Set<string>();
  /** Whether a cluster may have been made that nobody has told us of. */
  unsure = false;
  lastAnswer: Answer | undefined;
  readonly #calls: Calls;
  readonly #credentials: Credentials;
  readonly #signal: AbortSignal;
  readonly #kept = new Map<KeptName, Kept>();
  #tokens = 0;

  constructor(calls: Calls, credentials: Credentials, situation: Situation, signal: AbortSignal) {
    this.#calls = calls;
    this.#credentials = credentials;
    this.situation = situation;
    this.#signal = signal;
  }

  /** A call in this region, unless a RegionId is given. */
  ask(action: string, parameters: Parameters = {}, manner?: Manner): Promise<Answer> {
    return this.#record(action, parameters, manner, this.#calls.ask);
  }

  /** Calls that start at the same moment. */
  together(action: string, calls: readonly Parameters[]): Promise<Answer[]> {
    return Promise.all(
      calls.map((parameters) => this.#record(action, parameters, undefined, this.#calls.send)),
    );
  }

  /** CreateHpcCluster with a token of its own, unless ClientToken is given; a given undefined means none. */
  create(parameters: Parameters): Promise<Answer> {
    return this.ask("CreateHpcCluster", { ClientToken: this.token(), ...parameters });
  }

  /** The account's key id with a secret that is not its own. */
  withWrongSecret(): Credentials {
    return { ...this.#credentials, accessKeySecret: "wrong" };
  }

  /** A new client token. */
  token(): string {
    this.#tokens += 1;
    return `${this.situation.prefix}${this.#tokens}`;
  }

  /** A name, or a description, with the prefix. */
  marked(rest: string): string {
    return this.situation.prefix + rest;
  }

  /** A cluster for several checks: `named` has the prefix in its name, the others in both. */
  async keep(name: KeptName): Promise<Kept> {
    const found = this.#kept.get(name);
    if (found !== undefined) return found;
    const parameters = {
      ClientToken: this.token(),
      Name: this.marked(name),
      ...(name === "named" ? {} : { Description: this.marked(name) }),
    };
    const answer = await this.create(parameters);
    const id = idOf(answer);
    if (id === undefined) throw new CannotAsk(`a cluster could not be made: ${outcomeOf(answer)}`);
    const kept: Kept = { id, parameters, createdAt: Date.now(), deletedAt: undefined };
    this.#kept.set(name, kept);
    await this.see(id);
    return kept;
  }

  /** Looks until the cluster is shown as wanted (default: at all), or half a minute has passed. */
  async see(id: string, wanted: (item: Item | undefined) => boolean = isThere): Promise<Sight> {
    const startedAt = Date.now();
    for (let looks = 1; ; looks += 1) {
      const answer = await this.ask("DescribeHpcClusters", { HpcClusterIds: JSON.stringify([id]) });
      const item = itemsOf(answer).find((candidate) => candidate.id === id);
      const ms = Date.now() - startedAt;
      if ((succeeded(answer) && wanted(item)) || ms > seenWithinMs) return { item, looks, ms };
      await pause(Math.min(100 * looks, 1_000), undefined, { signal: this.#signal });
    }
  }

  /** Deletes what has been made and is not kept. What cannot be deleted now stays on record. */
  async tidy(): Promise<void> {
    const kept = new Set([...this.#kept.values()].map(({ id }) => id));
    for (const id of [...this.made.keys()].filter((made) => !kept.has(made))) {
      await this.ask("DeleteHpcCluster", { HpcClusterId: id });
    }
  }

  async #record(
    action: string,
    parameters: Parameters,
    manner: Manner | undefined,
    call: Call,
  ): Promise<Answer> {
    this.#signal.throwIfAborted();
    const answer = await call(action, { RegionId: this.situation.region, ...parameters }, manner);
    this.lastAnswer = answer;
    if (action === "CreateHpcCluster") {
      const id = idOf(answer);
      if (id !== undefined) {
        // A repetition answers with a cluster that may have been deleted since: then there is nothing to delete again.
        this.made.set(id, parameters["Name"] ?? "");
        this.ever.add(id);
      } else if (answer.code === undefined) this.unsure = true;
    }
    const id = parameters["HpcClusterId"];
    const isHere = (parameters["RegionId"] ?? this.situation.region) === this.situation.region;
    if (action === "DeleteHpcCluster" && id !== undefined && isHere) {
      if (succeeded(answer) || saysGone(answer)) this.made.delete(id);
    }
    return answer;
  }
}

function isThere(item: Item | undefined): boolean {
  return item !== undefined;
}

/** A check whose precondition does not hold on this service. */
export class CannotAsk extends Error {}
