/**
 * Random lives of a few clusters under random faults, with the product's own program side and hosts (core/engine.ts). After every step
 * the state is compared with the service's store, and every deletion with the state while the service carries it out:
 *
 * 1. A cluster is deleted only if the engine asks for the deletion of every entry that holds it.
 * 2. No two entries hold one cluster, except where docs/guarantees.md says so: a renamed resource with an alias and its values, and a new
 *    one with its old name in a targeted run. The next run reports it.
 * 3. Every id in the state is that of a cluster, and the cluster is as the program wants it.
 * 4. Every cluster is in the state, except for the limits of docs/guarantees.md; the next run then names it.
 * 5. Credentials of another account change nothing. A resource cannot adopt the cluster of another one. No resource tries more than 20
 *    ClientTokens in a run. At the end everything in the state is deleted, and nothing else.
 *
 * Not generated, because the outcome is not defined: a clientToken that is used again with other values or for a deleted cluster; a new
 * resource in the same run as the alias that takes its name away; a deleted cluster that the service still shows.
 *
 * How to see that it finds mistakes: break one of these, and run `npm run soak -- --runs 200 --seed 1 --quick`. Found by life
 * - 1: cluster/delete.ts without its `holder` (a cluster that another entry holds is deleted)
 * - 3: cluster/session.ts, `requireAccountOf` compares nothing
 * - 13: cluster/runNotes.ts, `holdersElsewhere` finds nobody
 * - 23: cluster/create.ts, MAX_PASSED_OVER is Infinity
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { type Emulator, type FaultRule, startEmulator } from "../../emulator/emulator.ts";
import { configurationFor, Engine, isCluster, nameOf, type RunOptions } from "./core/engine.ts";
import { SIMULATED_EPOCH } from "./core/hostProcess.ts";
import { Simulation, Stopped } from "./core/simulation.ts";
import { type HostName, hostNames, programOf, type Wanted } from "./core/wanted.ts";

/** What a life begins with. */
interface Beginning {
  host: HostName;
  clusters: Fresh[];
  hasTarget: boolean;
  stop: number | undefined;
  faults: FaultRule[];
  seed: number;
  tokensOfDeleted: "replay" | "mismatch";
  skipsRegions: boolean;
  /** Who goes on first, of those that could. */
  order: number[];
}

/** What lives have done. */
interface Counts {
  lives: number;
  commands: number;
  failed: number;
  stopped: number;
  requests: number;
  faults: number;
  left: number;
  kinds: Record<string, number>;
}

const noCounts = (): Counts => ({
  ...{ lives: 0, commands: 0, failed: 0, stopped: 0, requests: 0, faults: 0, left: 0 },
  kinds: {},
});

const REGIONS = ["cn-hangzhou", "cn-beijing", "eu-central-1"];
const SUFFIXES = ["a", "b", "c"];
const MOST_TOKENS = 20;

/** One stack, and what is to be true of it. */
class Life {
  readonly wants = new Map<string, Wanted>();
  /** Clusters that no entry has to hold, and why. */
  readonly outside = new Map<string, string>();
  readonly engine: Engine;
  readonly ecs: Emulator;
  readonly beginning: Beginning;
  readonly counts: Counts;
  readonly simulation: Simulation;
  host: HostName;
  private lastFailure = "";
  private declared = 0;
  private tokens = 0;
  private hasForgotten = false;
  private readonly removeFromStore: (id: string) => void;

  constructor(
    ecs: Emulator,
    simulation: Simulation,
    pulumiHome: string,
    beginning: Beginning,
    counts: Counts,
  ) {
    this.ecs = ecs;
    this.simulation = simulation;
    this.beginning = beginning;
    this.counts = counts;
    this.host = beginning.host;
    const configuration = {
      ...configurationFor(ecs),
      ...(beginning.skipsRegions ? { "alicloud:skipRegionValidation": "true" } : {}),
    };
    this.engine = new Engine({ simulation, ecs, pulumiHome, configuration });
    this.addFaults();
    const remove = ecs.store.remove.bind(ecs.store);
    this.removeFromStore = remove;
    ecs.store.remove = (id, shownUntil) => {
      const holders = this.engine.state.filter((entry) => isCluster(entry) && entry.id === id);
      const keepers = holders.filter((entry) => !this.engine.deleting.has(entry));
      if (holders.length === 0 || keepers.length > 0) {
        const who = keepers.map(({ urn }) => nameOf(urn)).join(" and ") || "no entry";
        this.wrong.push(`the service deletes ${id}, which ${who} holds`);
      }
      remove(id, shownUntil);
    };
  }

  /** What went wrong where nobody could throw. */
  private readonly wrong: string[] = [];

  /** The resource with this number. */
  at(index: number): [resource: string, wanted: Wanted] {
    return [...this.wants][index % this.wants.size]!;
  }

  idOf(resource: string): string | undefined {
    return this.engine
      .clusters()
      .find(({ urn, isToDelete }) => nameOf(urn) === resource && isToDelete !== true)?.id;
  }

  newName(): string {
    return `cluster-${(this.declared += 1)}`;
  }

  newToken(): string {
    return `token-${(this.tokens += 1)}`;
  }

  /** Wants a resource otherwise. An own clientToken stands for one cluster and its values. */
  want(resource: string, wanted: Wanted): void {
    this.wants.set(
      resource,
      wanted.clientToken === undefined ? wanted : { ...wanted, clientToken: this.newToken() },
    );
  }

  renewTokens(): void {
    for (const [resource, wanted] of this.wants) {
      this.want(resource, wanted);
    }
  }

  /**
   * Runs a command.
   *
   * @param stop after how many points all its processes are killed
   * @returns whether it has succeeded
   */
  async attempt(run: () => Promise<void>, stop?: number): Promise<boolean> {
    const { simulation, counts, ecs } = this;
    counts.commands += 1;
    const sent = ecs.requests.length;
    simulation.stopAfter = stop === undefined ? Infinity : simulation.points.length + stop;
    this.lastFailure = "";
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Stopped) && !(error instanceof AggregateError)) {
        throw error;
      }
      this.lastFailure = error.message || "stopped";
      counts[error instanceof Stopped ? "stopped" : "failed"] += 1;
      if (this.hasForgotten) {
        this.leave("interrupted after the service had forgotten tokens");
      }
    } finally {
      simulation.stopAfter = Infinity;
    }
    const creates = ecs.requests.slice(sent).filter(({ action }) => action === "CreateHpcCluster");
    const tokens = new Set(creates.map(({ params }) => params["ClientToken"]));
    require(tokens.size <=
      MOST_TOKENS * Math.max(1, this.wants.size), `${tokens.size} ClientTokens were tried`);
    return this.lastFailure === "";
  }

  up(options: RunOptions = {}, stop?: number, wants = this.wants): Promise<boolean> {
    return this.attempt(
      () => this.engine.up(programOf(this.host, wants, configurationFor(this.ecs)), options),
      stop,
    );
  }

  /** An `up`. If it does not succeed, a refresh and the same again follow, until both do. */
  async step(options: RunOptions = {}, stop?: number): Promise<void> {
    if (!(await this.up(options, stop))) {
      await this.settle(options);
    }
    this.check();
  }

  async settle(options: RunOptions = {}): Promise<void> {
    for (let attempts = 1; attempts <= 8; attempts += 1) {
      if (attempts === 4) {
        this.ecs.faults.clear();
      }
      if ((await this.attempt(() => this.engine.refresh())) && (await this.up(options))) {
        return;
      }
    }
    throw new Error(`refresh and up still fail although there are no faults any more: ${this.lastFailure}`);
  }

  addFaults(): void {
    for (const rule of this.beginning.faults) {
      this.ecs.faults.add(rule);
    }
  }

  /** The clusters that no state holds now are within the limits from now on. @returns their ids */
  leave(reason: string): string[] {
    const held = new Set(this.engine.clusters().map(({ id }) => id));
    const ids = this.ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);
    const left = ids.filter((id) => !held.has(id) && !this.outside.has(id));
    for (const id of left) {
      this.outside.set(id, reason);
    }
    this.counts.left += left.length;
    return left;
  }

  /** What was shown since then names these clusters, unless the service hides what the warning needs. */
  requireNamed(ids: readonly string[], since: number): void {
    const isHidden = this.beginning.faults.some(({ kind }) =>
      ["lateVisible", "lateValues", "badList"].includes(kind),
    );
    const shown = this.engine.printed.slice(since).join("\n");
    if (this.beginning.skipsRegions || isHidden || shown.includes("could not be c")) {
      return;
    }
    for (const id of ids) {
      require(shown.includes(id), `no warning names ${id}, which is left`);
    }
  }

  check(): void {
    require(this.wrong.length === 0, this.wrong.join("; "));
    const held = this.engine.clusters();
    const ids = held.map(({ id }) => id);
    require(new Set(ids).size === ids.length, `one cluster is in the state more than once: ${ids.join()}`);
    for (const { hpcClusterId, name } of this.ecs.store.clusters()) {
      if (ids.includes(hpcClusterId)) {
        this.outside.delete(hpcClusterId);
      }
      require(ids.includes(hpcClusterId) ||
        this.outside.has(hpcClusterId), `${hpcClusterId} (${name}) is in no state`);
    }
    for (const [id, reason] of this.outside) {
      require(this.ecs.store.find(id) !== undefined, `${id} (${reason}) has been deleted`);
    }
    for (const { urn, id } of held) {
      const { name, regionId, description } = this.ecs.store.find(id) ?? {};
      const wanted = this.wants.get(nameOf(urn));
      const isSame =
        wanted !== undefined &&
        wanted.name === name &&
        wanted.regionId === regionId &&
        (wanted.description ?? "").trim() === description?.trim();
      require(isSame, `${nameOf(urn)} is ${id} ${JSON.stringify({ name, regionId, description })}, but should be ${JSON.stringify(wanted)}`);
    }
    require(held.length ===
      this.wants.size, `${held.length} clusters in the state, ${this.wants.size} in the program`);
  }

  /** Somebody deletes or changes a cluster without Pulumi. */
  outOfBand(id: string, change: "delete" | "rename"): void {
    // Until then the service may still show what was before.
    this.simulation.now += 1_000;
    if (change === "delete") {
      this.removeFromStore(id);
    } else {
      this.ecs.store.modify(id, { name: "renamed-by-hand", description: "" });
    }
  }

  forgetTokens(): void {
    this.ecs.forgetTokens();
    this.hasForgotten = true;
  }

  get isReadFailure(): boolean {
    return this.lastFailure.includes("could not be read afterwards");
  }

  async end(): Promise<void> {
    this.ecs.faults.clear();
    await this.settle();
    this.check();
    require(await this.attempt(() => this.engine.destroy()), `destroy fails: ${this.lastFailure}`);
    this.wants.clear();
    this.check();
    this.counts.requests += this.ecs.requests.length;
    this.counts.faults += Object.values(this.ecs.faults.injected).reduce((sum, count) => sum + count, 0);
  }
}

function require(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new Error(message);
  }
}

type Step = fc.AsyncCommand<Life, Life>;

/** A kind of step: how it is drawn, when it can be, and what it does. */
function kind<T extends object>(
  name: string,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  run: (life: Life, drawn: T) => Promise<void>,
  check: (life: Life) => boolean = (life) => life.wants.size > 0,
): fc.Arbitrary<Step> {
  return fc.record(fields).map((drawn) => ({
    check,
    run: async (life) => {
      life.counts.kinds[name] = (life.counts.kinds[name] ?? 0) + 1;
      await run(life, drawn);
    },
    toString: () => `${name} ${JSON.stringify(drawn)}`,
  }));
}

const one = fc.nat(3);
const flag = fc.boolean();
const suffix = fc.constantFrom(...SUFFIXES);
/** After how many points a command is stopped, if it has so many. */
const stop = fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined, freq: 2 });
const fresh = {
  regionId: fc.constantFrom(...REGIONS),
  description: fc.constantFrom(undefined, "Nightly frames", "Nightly frames "),
  hasToken: flag,
  provider: fc.constantFrom(undefined, undefined, "second"),
};
type Fresh = { [K in keyof typeof fresh]: (typeof fresh)[K] extends fc.Arbitrary<infer T> ? T : never };

function declare(life: Life, { hasToken, ...values }: Fresh): string {
  const resource = life.newName();
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  life.want(resource, { name: `${resource}-a`, ...given, ...(hasToken ? { clientToken: "own" } : {}) });
  return resource;
}

const withoutOptions = ({ alias: _, ...wanted }: Wanted): Wanted => wanted;

/** The first run, with all resources, or only with the first of them as its target. */
async function beginLife(life: Life, { clusters, hasTarget, stop }: Beginning): Promise<void> {
  const [first] = clusters.map((drawn) => declare(life, drawn));
  if (!hasTarget) {
    await life.step({}, stop);
    return;
  }
  const since = life.engine.printed.length;
  const isDone = await life.up({ targets: [first!] }, stop);
  // The stack had no salt yet.
  const left = isDone ? [] : life.leave("the first run had a target and was interrupted");
  await life.settle();
  life.check();
  life.requireNamed(left, since);
}

/** All kinds of steps. Each ends with a state that agrees with the program. */
const steps: fc.Arbitrary<Step>[] = [
  kind(
    "add",
    { ...fresh, stop },
    async (life, { stop, ...drawn }) => {
      declare(life, drawn);
      await life.step({}, stop);
    },
    (life) => life.wants.size < 4,
  ),
  kind("rename the cluster", { one, suffix, stop }, async (life, { one, suffix, stop }) => {
    const [resource, wanted] = life.at(one);
    life.want(resource, { ...wanted, name: `${resource}-${suffix}` });
    await life.step({}, stop);
  }),
  kind("describe", { one, text: fc.constantFrom("", "Frames"), stop }, async (life, { one, text, stop }) => {
    const [resource, { description: _, ...wanted }] = life.at(one);
    life.want(resource, text === "" ? wanted : { ...wanted, description: text });
    await life.step({}, stop);
  }),
  kind(
    "move to another region",
    { one, by: fc.constantFrom(1, 2), first: flag, stop },
    async (life, drawn) => {
      const [resource, wanted] = life.at(drawn.one);
      const regionId = REGIONS[(REGIONS.indexOf(wanted.regionId!) + drawn.by) % REGIONS.length]!;
      life.want(resource, { ...wanted, regionId, deleteBeforeReplace: !drawn.first });
      await life.step({}, drawn.stop);
    },
  ),
  kind("replace", { one, first: flag, renews: flag, stop }, async (life, { one, first, renews, stop }) => {
    const [resource, wanted] = life.at(one);
    // A replacement that creates first keeps its cluster if its token and values stay.
    const isSame = first && !renews;
    const changed = { ...wanted, deleteBeforeReplace: !first };
    if (isSame) {
      life.wants.set(resource, changed);
    } else {
      life.want(resource, changed);
    }
    await life.step({ replaced: [resource] }, stop);
  }),
  kind("remove", { one, stop }, async (life, { one, stop }) => {
    life.wants.delete(life.at(one)[0]);
    await life.step({}, stop);
  }),
  kind(
    "change without Pulumi",
    { one, change: fc.constantFrom("delete", "rename") },
    async (life, { one, change }) => {
      const [resource, wanted] = life.at(one);
      life.outOfBand(life.idOf(resource)!, change);
      if (change === "delete") {
        life.want(resource, wanted);
      }
      await life.settle();
      life.check();
    },
  ),
  kind("refresh", { stop }, async (life, { stop }) => {
    await life.attempt(() => life.engine.refresh(), stop);
    await life.step();
  }),
  kind("destroy", { stop }, async (life, { stop }) => {
    await life.attempt(() => life.engine.destroy(), stop);
    life.renewTokens();
    await life.settle();
    life.check();
  }),
  kind("change the host", { stop }, async (life, { stop }) => {
    const before = [...life.wants.keys()].map((resource) => life.idOf(resource));
    life.host = hostNames.find((name) => name !== life.host)!;
    await life.step({}, stop);
    const after = [...life.wants.keys()].map((resource) => life.idOf(resource));
    require(before.join() === after.join(), "the move to the other host has not kept the clusters");
  }),
  kind("change all, with --target", { one, suffix, stop }, async (life, { one, suffix, stop }) => {
    const [target] = life.at(one);
    for (const [resource, wanted] of life.wants) {
      life.want(resource, { ...wanted, name: `${resource}-${suffix}` });
    }
    await life.up({ targets: [target] }, stop);
    await life.settle();
    life.check();
  }),
  kind(
    "rename with alias",
    { one, keeps: flag, again: fc.constantFrom("no", "declared", "targeted"), elsewhere: flag, stop },
    async (life, { one, keeps, again, elsewhere, stop }) => {
      const [old, wanted] = life.at(one);
      const renamed = life.newName();
      life.wants.delete(old);
      life.want(renamed, { ...wanted, alias: old, ...(keeps ? {} : { name: `${renamed}-a` }) });
      await life.step({}, stop);
      life.wants.set(renamed, withoutOptions(life.wants.get(renamed)!));
      if (again === "no") {
        return;
      }
      life.want(old, { ...withoutOptions(wanted), ...(elsewhere ? { provider: "third" } : {}) });
      await life.up({ targets: again === "targeted" ? [old] : undefined });
      const id = life.idOf(old);
      if (id !== undefined && id === life.idOf(renamed)) {
        // Rule 2: the next run reports it, and the way out that it names works.
        require(keeps || life.isReadFailure, `${old} and ${renamed} have one cluster, but different values`);
        require(!(await life.up()), `up does not report that ${old} and ${renamed} have one cluster`);
        life.engine.state = life.engine.state.filter(({ urn }) => nameOf(urn) !== old);
        life.wants.set(old, { ...life.wants.get(old)!, clientToken: life.newToken() });
      }
      await life.settle();
      life.check();
    },
  ),
  kind("rename without alias", { one, elsewhere: flag, targeted: flag, stop }, async (life, drawn) => {
    const [old, wanted] = life.at(drawn.one);
    const id = life.idOf(old);
    const renamed = life.newName();
    life.wants.delete(old);
    // An own clientToken stays, and with it the cluster.
    life.wants.set(renamed, { ...withoutOptions(wanted), ...(drawn.elsewhere ? { provider: "third" } : {}) });
    if (drawn.targeted) {
      await life.up({ targets: [renamed] });
    }
    await life.step({}, drawn.stop);
    require(wanted.clientToken !== undefined ||
      life.idOf(renamed) !== id, `${renamed} has the cluster of ${old}`);
  }),
  kind("retain", { one, again: flag, stop }, async (life, { one, again, stop }) => {
    const [resource, wanted] = life.at(one);
    life.wants.set(resource, { ...wanted, retainOnDelete: true });
    await life.step();
    const id = life.idOf(resource)!;
    life.outside.set(id, "retained");
    life.wants.delete(resource);
    await life.step({}, stop);
    if (again) {
      const since = life.engine.printed.length;
      life.want(resource, wanted);
      await life.step();
      // A repeated token must not take it silently.
      life.requireNamed([id], since);
    }
  }),
  kind(
    "adopt",
    { ...fresh, again: flag, elsewhere: flag, stop },
    async (life, { again, elsewhere, stop, ...drawn }) => {
      const resource = declare(life, { ...drawn, hasToken: false });
      const { name, regionId, description, ...others } = life.wants.get(resource)!;
      const added = life.ecs.store.add({
        ...{ accountId: life.ecs.accountId, name },
        ...(regionId === undefined ? {} : { regionId }),
        ...(description === undefined ? {} : { description }),
      });
      const id = added.hpcClusterId;
      life.outside.set(id, "to be adopted");
      const adopting = { ...life.wants.get(resource)!, ...others, adopt: id, protect: false };
      life.wants.set(resource, adopting);
      await life.step({}, stop);
      require(life.idOf(resource) === id, `${resource} has not adopted ${id}`);
      let last = resource;
      if (again) {
        last = life.newName();
        life.wants.delete(resource);
        life.wants.set(last, { ...adopting, ...(elsewhere ? { provider: "third" } : {}) });
        await life.step();
        require(life.idOf(last) === id, `${last} has not adopted ${id}`);
      }
      const { adopt: _, protect: __, ...adopted } = life.wants.get(last)!;
      life.wants.set(last, adopted);
      await life.step();
    },
    (life) => life.wants.size < 4,
  ),
  kind(
    "adopt the cluster of another",
    { one, first: flag, elsewhere: flag, targeted: flag },
    async (life, drawn) => {
      const [resource, { clientToken: _, ...wanted }] = life.at(drawn.one);
      const id = life.idOf(resource)!;
      const thief = life.newName();
      const entry: [string, Wanted] = [
        thief,
        {
          ...withoutOptions(wanted),
          adopt: id,
          protect: false,
          ...(drawn.elsewhere ? { provider: "third" } : {}),
        },
      ];
      const wants = new Map(drawn.first ? [entry, ...life.wants] : [...life.wants, entry]);
      const isDone = await life.up({ targets: drawn.targeted ? [thief] : undefined }, undefined, wants);
      require(!isDone, `${thief} could adopt the cluster of ${resource}`);
      await life.step();
      require(life.idOf(resource) === id, `${resource} has not kept ${id}`);
    },
  ),
  kind("forget all tokens", {}, async (life) => {
    life.forgetTokens();
    await life.step();
  }),
  kind("use another account", { refreshes: flag }, async (life, { refreshes }) => {
    const { accounts, accessKeyId, accessKeySecret, accountId, faults } = life.ecs;
    const before = life.engine.clusters();
    if (before.some(({ outputs }) => outputs["__accountId"] === undefined)) {
      return;
    }
    faults.clear();
    accounts.removeKey(accessKeyId);
    accounts.add({
      accountId: `19${life.newToken().replace("token-", "").padStart(14, "0")}`,
      keys: [{ accessKeyId, accessKeySecret }],
    });
    const isDone = await life.attempt(() => life.engine[refreshes ? "refresh" : "destroy"]());
    accounts.removeKey(accessKeyId);
    accounts.addKey(accountId, { accessKeyId, accessKeySecret });
    require(!isDone, "credentials of another account are accepted");
    require(life.engine.clusters().length ===
      before.length, "credentials of another account have emptied the state");
    life.addFaults();
    await life.step();
  }),
  kind(
    "be interrupted, and change",
    {
      ...fresh,
      stop: stop.filter((drawn) => drawn !== undefined),
      then: fc.constantFrom("describe", "rename", "remove", "forget"),
    },
    async (life, { stop, then, ...drawn }) => {
      const resource = declare(life, drawn);
      const since = life.engine.printed.length;
      if (await life.up({}, stop)) {
        return;
      }
      const left = life.leave(`interrupted, then ${then}`);
      const wanted = life.wants.get(resource)!;
      switch (then) {
        case "describe":
          life.want(resource, { ...wanted, description: "After the interruption" });
          break;
        case "rename":
          life.wants.delete(resource);
          life.want(life.newName(), wanted);
          break;
        case "remove":
          life.wants.delete(resource);
          break;
        case "forget":
          life.forgetTokens();
      }
      await life.settle();
      life.check();
      if (then !== "remove") {
        life.requireNamed(left, since);
      }
    },
    (life) => life.wants.size < 4,
  ),
];

const when = fc.constantFrom("beforeCommit" as const, "afterCommit" as const);
const rate = fc.constantFrom(0.1, 0.2, 0.4);
const ms = fc.constantFrom(100, 300);
const always = <K extends FaultRule["kind"]>(name: K) => fc.constant(name);

/** Faults that take no real time. */
const fault: fc.Arbitrary<FaultRule> = fc.oneof(
  fc.record({ kind: always("throttling"), rate, retryAfterMs: fc.constant(3_000) }),
  fc.record({
    kind: fc.constantFrom(
      "internalError",
      "codeless500",
      "badGateway",
      "empty503",
      "serviceUnavailable",
      "xmlError",
      "reset",
    ),
    rate,
    when,
  }),
  fc.record({
    kind: always("reset"),
    rate: fc.constant(0.5),
    when: fc.constant("afterCommit" as const),
    action: fc.constant("CreateHpcCluster"),
  }),
  fc.record({ kind: always("lateVisible"), rate, describes: fc.constantFrom(1, 2) }),
  fc.record({ kind: always("lateVisible"), rate, ms }),
  fc.record({ kind: always("lateValues"), rate, ms, field: fc.constantFrom("description", "both") }),
  fc.record({ kind: always("storedValues"), rate, change: fc.constant("trim" as const) }),
  fc.record({
    kind: always("badList"),
    rate,
    list: fc.constantFrom("itemMissing", "samePage", "itemWithoutName", "nullItem"),
  }),
  fc.record({ kind: always("noRequestId"), rate }),
  fc.record({ kind: always("bucket"), perSecond: fc.constant(10), burst: fc.constant(2) }),
  fc.record({
    kind: always("error"),
    rate,
    action: fc.constantFrom("DescribeHpcClusters", "ModifyHpcClusterAttribute", "DeleteHpcCluster"),
    ...{ status: fc.constant(403), code: fc.constant("Forbidden.RAM"), message: fc.constant("No.") },
  }),
  fc.record({
    kind: always("error"),
    action: fc.constant("CreateHpcCluster"),
    ...{
      status: fc.constant(400),
      code: fc.constant("IdempotentParameterMismatch"),
      message: fc.constant("No."),
    },
  }),
);

const beginnings: fc.Arbitrary<Beginning> = fc.record({
  host: fc.constantFrom(...hostNames),
  clusters: fc.array(fc.record(fresh), { minLength: 1, maxLength: 3 }),
  hasTarget: fc.constantFrom(false, false, false, true),
  stop,
  faults: fc.array(fault, { maxLength: 3 }),
  seed: fc.nat(),
  tokensOfDeleted: fc.constantFrom("replay", "mismatch"),
  skipsRegions: fc.constantFrom(false, false, true),
  order: fc.array(fc.nat(7), { maxLength: 20 }),
});

/** How many lives, and which. */
interface Soak {
  runs: number;
  seed: number;
  /** Of a failure: only this one, and exactly. */
  path?: string | undefined;
  replayPath?: string | undefined;
  /** Looks for the shortest story of a failure. Default: unless it is repeated. */
  shrinks?: boolean;
}

/** What was found. */
interface Found {
  counts: Counts;
  /** One line for each request, of all lives. */
  log: string[];
  /** How many lives it took, the shortest story, and the command that repeats it; undefined if nothing went wrong. */
  failure: { lives: number; story: string; again: string } | undefined;
}

/** Runs random lives until one goes wrong, and then looks for its shortest story. */
export async function soak({
  runs,
  seed,
  path: failedPath,
  replayPath,
  shrinks = failedPath === undefined,
}: Soak): Promise<Found> {
  const counts = noCounts();
  const log: string[] = [];
  const stories = fc.commands(steps, {
    maxCommands: 8,
    size: "max",
    ...(replayPath === undefined ? {} : { replayPath }),
  });
  const details = await fc.check(
    fc.asyncProperty(beginnings, stories, async (beginning, commands) => {
      await live(beginning, commands, counts, log);
    }),
    {
      numRuns: runs,
      seed,
      endOnFailure: !shrinks,
      ...(failedPath === undefined ? {} : { path: failedPath }),
    },
  );
  const { failed, counterexample, counterexamplePath, errorInstance, numRuns } = details;
  if (!failed) {
    return { counts, log, failure: undefined };
  }
  const [beginning, commands] = counterexample!;
  const shownCommands = fc.stringify(commands);
  const replay = /replayPath="([^"]*)"/.exec(shownCommands)?.[1] ?? "";
  const story = [
    JSON.stringify(beginning),
    ...shownCommands.replace(/ *\/\*replayPath=.*\*\//, "").split(/,(?=[a-z])/),
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance),
  ].join("\n  ");
  const again = `npm run soak -- --seed ${seed} --path ${counterexamplePath ?? ""} --replay-path ${replay}`;
  return { counts, log, failure: { lives: numRuns, story, again } };
}

async function live(
  beginning: Beginning,
  commands: Iterable<Step>,
  counts: Counts,
  log: string[],
): Promise<void> {
  let turn = 0;
  const { order, seed, tokensOfDeleted } = beginning;
  const simulation = new Simulation(
    seed,
    (count) => (order[(turn += 1) % Math.max(1, order.length)] ?? 0) % count,
  );
  const ecs = await startEmulator({ seed, tokensOfDeleted, clock: () => SIMULATED_EPOCH + simulation.now });
  const pulumiHome = mkdtempSync(path.join(tmpdir(), "hpc-soak-"));
  counts.lives += 1;
  try {
    const life = new Life(ecs, simulation, pulumiHome, beginning, counts);
    await beginLife(life, beginning);
    await fc.asyncModelRun(() => ({ model: life, real: life }), commands);
    await life.end();
  } finally {
    log.push(
      ...ecs.requests.map(({ action, params, requestId, code }) =>
        JSON.stringify({ action, params, requestId, code }),
      ),
    );
    await ecs.stop();
    rmSync(pulumiHome, { recursive: true });
  }
}
