/**
 * Random lives of a few clusters under random faults. After every step the state is compared with the service's store, and every
 * deletion is compared with the state while the service carries it out. The rules:
 *
 * 1. A cluster is deleted only if the engine asks for the deletion of every entry that holds it.
 * 2. After a step, no two entries hold one cluster. The only exception is that of docs/guarantees.md: a resource that was renamed with
 *    an alias and kept its values (or whose cluster could not be read), and a new one with its old name that a targeted run creates.
 *    The next run reports it.
 * 3. Every id in the state is that of a cluster, unless somebody has deleted the cluster outside Pulumi.
 * 4. Every cluster is in the state, except one that a retained resource left behind, and one of an interrupted creation whose program
 *    was changed before the next run, whose ClientToken the service has forgotten, or that was the stack's first run and targeted. The
 *    same is true if the service had forgotten tokens of earlier generations before the interruption, and for an interrupted `--replace` with `deleteBeforeReplace: false` that is not repeated.
 *    If the next run creates a cluster with the same name, it names the one that is left (unless the region check is turned off).
 * 5. Credentials of another account change nothing: the run fails.
 * 6. A resource that adopts the cluster of another resource fails the run, and the cluster stays with the other one.
 * 7. A resource that is renamed without an alias is another resource: it gets another cluster, and the old one is deleted. With an own
 *    clientToken and the same values it gets the same cluster, which stays.
 * 8. At the end everything that the state holds is deleted, and nothing else.
 * 9. A program that moves to the other host (on the real engine) keeps its clusters.
 *
 * Not generated, because the outcome is not defined: a clientToken that is used again with other values or for a cluster that was
 * deleted; a new resource in the same run as the alias that takes its name away; a change of the account's credentials while STS does
 * not answer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Emulator,
  type FaultKind,
  type FaultRule,
  type HoldRequest,
  startEmulator,
} from "../../emulator/emulator.ts";
import { randomStream } from "../../emulator/random.ts";
import { EngineModel, configurationFor } from "./core/engineModel.ts";
import { fastClock } from "./core/testClocks.ts";
import type { Kept, Stage, Victim, Wanted } from "./stage.ts";

/** Creates a stack whose account is this service. */
export type CreateStage = (
  ecs: Emulator,
  configuration: Readonly<Record<string, string>>,
  seed: number,
) => Stage | Promise<Stage>;

/** How to soak. */
export interface SoakOptions {
  runs: number;
  /** The seed of the first run; the others have the following ones. */
  seed: number;
  /** Each run with a number divisible by this one takes place on the real engine; 0 for none. */
  engineEvery: number;
  /** Creates a stack on the real engine. */
  createEngineStage?: CreateStage;
  /** Runs at the same time. */
  width: number;
  /** Called after each run. */
  onRun?: (report: RunReport) => void;
}

/** What happened in one run. */
export interface RunReport {
  seed: number;
  onEngine: boolean;
  /** One line for each step. */
  steps: string[];
  operations: number;
  /** Operations that failed because of the faults; a refresh and an `up` followed. */
  failedOperations: number;
  kills: number;
  injected: Partial<Record<FaultKind, number>>;
  requests: number;
  duplicates: string[];
  orphans: string[];
  lost: string[];
  /** Clusters that the service deleted although they were held. */
  wronglyDeleted: string[];
  /** Clusters that no state holds, within the limits of docs/guarantees.md. */
  left: string[];
  /** How often each kind of step took place. */
  kinds: Record<string, number>;
  /** Everything else that went wrong. */
  problems: string[];
  /** What was printed last before something went wrong. */
  printed: readonly string[];
}

/** The sum of all runs. */
export interface SoakReport extends Omit<
  RunReport,
  | "seed"
  | "onEngine"
  | "steps"
  | "duplicates"
  | "orphans"
  | "lost"
  | "wronglyDeleted"
  | "left"
  | "problems"
  | "printed"
> {
  runs: number;
  engineRuns: number;
  duplicates: number;
  orphans: number;
  lost: number;
  wronglyDeleted: number;
  left: number;
  problems: number;
  failures: RunReport[];
}

/** How fast the model's clock is: ten seconds take half a second. */
const SPEED = 20;
/** While faults withhold answers. The read time-out is real time, the other one is the clock's. */
const impatient = { "alicloud:clientReadTimeout": "300", "alicloud:maxRetryTimeout": "120" };
/** On the engine all time is real, and a change of the configuration takes a command of its own. */
const impatientOnEngine = { "alicloud:clientReadTimeout": "1500", "alicloud:maxRetryTimeout": "6" };
/** Without such faults a slow answer only means that the machine is busy. */
const patient = { "alicloud:clientReadTimeout": "10000", "alicloud:maxRetryTimeout": "2400" };
const withholding: ReadonlySet<FaultKind> = new Set(["noAnswer", "delay"]);

const regions = ["cn-hangzhou", "cn-beijing", "eu-central-1"];

/** Soaks. A run that goes wrong is added to `failures`, and the others go on. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const total: SoakReport = {
    runs: 0,
    engineRuns: 0,
    operations: 0,
    failedOperations: 0,
    kills: 0,
    injected: {},
    requests: 0,
    duplicates: 0,
    orphans: 0,
    lost: 0,
    wronglyDeleted: 0,
    left: 0,
    kinds: {},
    problems: 0,
    failures: [],
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.runs) {
      const number = next;
      next += 1;
      const onEngine = options.engineEvery > 0 && (number + 1) % options.engineEvery === 0;
      const report = await soakOnce(options.seed + number, onEngine ? options.createEngineStage : undefined);
      add(total, report);
      options.onRun?.(report);
    }
  };
  await Promise.all(Array.from({ length: options.width }, worker));
  return total;
}

function add(total: SoakReport, report: RunReport): void {
  total.runs += 1;
  total.engineRuns += report.onEngine ? 1 : 0;
  for (const key of ["operations", "failedOperations", "kills", "requests"] as const) {
    total[key] += report[key];
  }
  for (const [kind, count] of Object.entries(report.injected) as [FaultKind, number][]) {
    total.injected[kind] = (total.injected[kind] ?? 0) + count;
  }
  for (const [kind, count] of Object.entries(report.kinds)) {
    total.kinds[kind] = (total.kinds[kind] ?? 0) + count;
  }
  const wrong = ["duplicates", "orphans", "lost", "wronglyDeleted", "problems"] as const;
  for (const key of [...wrong, "left"] as const) {
    total[key] += report[key].length;
  }
  if (wrong.some((key) => report[key].length > 0)) {
    total.failures.push(report);
  }
}

/**
 * One run. Everything random about it comes from the seed.
 *
 * @param createEngineStage undefined: on the model of the engine
 */
export async function soakOnce(seed: number, createEngineStage?: CreateStage): Promise<RunReport> {
  const random = new Dice(seed);
  const ecs = await startEmulator({ seed, tokensOfDeleted: random.of(["replay", "mismatch"] as const) });
  const onEngine = createEngineStage !== undefined;
  const createStage = createEngineStage ?? createModelStage;
  const configuration: Record<string, string> = {
    ...configurationFor(ecs),
    ...(onEngine ? impatientOnEngine : impatient),
    ...(random.chance(0.5) ? { "alicloud:skipRegionValidation": "true" } : {}),
  };
  const report: RunReport = {
    seed,
    onEngine,
    steps: [],
    operations: 0,
    failedOperations: 0,
    kills: 0,
    injected: {},
    requests: 0,
    duplicates: [],
    orphans: [],
    lost: [],
    wronglyDeleted: [],
    left: [],
    kinds: {},
    problems: [],
    printed: [],
  };
  try {
    await using stage = await createStage(ecs, configuration, seed);
    await new Run(ecs, stage, random, report, configuration).live();
  } catch (error) {
    report.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    report.injected = ecs.faults.injected;
    report.requests = ecs.requests.length;
    await ecs.stop();
  }
  return report;
}

function createModelStage(ecs: Emulator, configuration: Readonly<Record<string, string>>): Stage {
  return new EngineModel(ecs, { configuration, clock: fastClock(SPEED) });
}

/** Draws from a seeded stream. */
class Dice {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = randomStream(seed ^ 0x2545f491);
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

function randomFaults(random: Dice): FaultRule[] {
  const when = () => random.of(["beforeCommit", "afterCommit"] as const);
  const kinds: (() => FaultRule)[] = [
    () => ({ kind: "throttling", rate: 0.2, ...(random.chance(0.5) ? { retryAfterMs: 30 } : {}) }),
    () => ({ kind: "throttling", rate: 0.1, code: "Throttling.Api", status: random.of([403, 429]) }),
    () => ({ kind: "internalError", rate: 0.15, when: when() }),
    () => ({ kind: "codeless500", rate: 0.15, when: when() }),
    () => ({ kind: "badGateway", rate: 0.15, when: when() }),
    () => ({ kind: "empty503", rate: 0.15, when: when() }),
    () => ({ kind: "serviceUnavailable", rate: 0.15, when: when() }),
    () => ({ kind: "xmlError", rate: 0.15, when: when() }),
    () => ({ kind: "reset", rate: 0.2, when: when() }),
    () => ({ kind: "reset", rate: 0.4, when: "afterCommit", action: "CreateHpcCluster" }),
    () => ({ kind: "noAnswer", rate: 0.08, when: when() }),
    () => ({ kind: "delay", rate: 0.15, ms: random.of([50, 500]), when: when() }),
    () => ({ kind: "drip", rate: 0.1, intervalMs: 1, bytes: 4 }),
    () => ({ kind: "latency", rate: 0.3, ms: 20 }),
    () => ({ kind: "lateVisible", rate: 0.5, ms: random.of([100, 300]) }),
    () => ({ kind: "lateVisible", rate: 0.3, describes: random.of([1, 2]) }),
    () => ({
      kind: "lateValues",
      rate: 0.5,
      ms: random.of([100, 300]),
      field: random.of(["description", "both"] as const),
    }),
    () => ({ kind: "storedValues", rate: 0.5, change: "trim" }),
    () => ({ kind: "lateRemoved", rate: 0.5, ms: random.of([100, 300]) }),
    () => ({ kind: "badList", rate: 0.2, list: "itemMissing" }),
    () => ({
      kind: "badList",
      rate: 0.1,
      list: random.of(["samePage", "itemWithoutName", "nullItem"] as const),
    }),
    () => ({ kind: "noRequestId", rate: 0.2 }),
    () => ({ kind: "brokenGzip", rate: 0.1 }),
    () => ({ kind: "bucket", perSecond: 10, burst: 2 }),
    () => ({
      kind: "error",
      rate: 0.1,
      action: random.of(["DescribeHpcClusters", "ModifyHpcClusterAttribute", "DeleteHpcCluster"] as const),
      status: 403,
      code: "Forbidden.RAM",
      message: "User not authorized to operate on the specified resource.",
    }),
  ];
  return Array.from({ length: 1 + random.below(4) }, () => random.of(kinds)());
}

/** One life of a stack. */
class Run {
  private readonly wants = new Map<string, Wanted>();
  private declared = 0;
  private tokens = 0;
  private rules: FaultRule[] = [];
  /** Since the service has forgotten tokens, the next run may not find the cluster of an interrupted one: but it names it. */
  private hasForgotten = false;
  private owedWarnings: { ids: readonly string[]; since: number }[] = [];
  /** Why the last operation failed; empty if it succeeded. */
  private lastFailure = "";
  /** Clusters that no entry has to hold, and why. */
  private readonly outside = new Map<string, string>();
  private readonly model: EngineModel | undefined;
  private otherKey: { accessKeyId: string; accessKeySecret: string } | undefined;
  private readonly removeFromStore: (id: string) => void;

  private readonly ecs: Emulator;
  private readonly stage: Stage;
  private readonly random: Dice;
  private readonly report: RunReport;
  private readonly configuration: Record<string, string>;

  constructor(
    ecs: Emulator,
    stage: Stage,
    random: Dice,
    report: RunReport,
    configuration: Record<string, string>,
  ) {
    this.ecs = ecs;
    this.stage = stage;
    this.random = random;
    this.report = report;
    this.configuration = configuration;
    this.model = stage instanceof EngineModel ? stage : undefined;
    const { store } = ecs;
    const remove = store.remove.bind(store);
    this.removeFromStore = remove;
    store.remove = (id, shownUntil) => {
      const reason = this.model?.reasonToKeep(id);
      if (reason !== undefined) {
        this.complain(this.report.wronglyDeleted, `the service deletes ${id}, but ${reason}`);
      }
      remove(id, shownUntil);
    };
  }

  async live(): Promise<void> {
    if (this.stage.host !== undefined) {
      this.note(`on the ${this.stage.host}`);
    }
    this.rules = randomFaults(this.random);
    for (const rule of this.rules) {
      this.ecs.faults.add(rule);
      this.note(`fault ${JSON.stringify(rule)}`);
    }
    if (!this.rules.some(({ kind }) => withholding.has(kind))) {
      this.configure(patient);
    }
    for (let clusters = 1 + this.random.below(4); clusters > 0; clusters -= 1) {
      this.want();
    }
    if (this.model !== undefined && this.random.chance(0.15)) {
      await this.firstRunWithTarget();
    } else {
      await this.step("create", (replaced) => this.stage.up(this.wants, replaced));
    }
    for (let steps = 3 + this.random.below(5); steps > 0; steps -= 1) {
      await this.randomStep();
    }

    this.note("no more faults; destroy");
    this.stopFaults();
    await this.settle();
    await this.check("the last up");
    this.report.operations += 1;
    await this.stage.destroy();
    this.findOrphans("the end");
    for (const { id } of this.stage.kept()) {
      this.report.problems.push(`${id} is in the state at the end`);
    }
    for (const [id, reason] of this.outside) {
      if (this.ecs.store.find(id) === undefined) {
        this.report.wronglyDeleted.push(`${id} (${reason}) does not exist at the end`);
      } else {
        this.report.left.push(`${id} (${reason})`);
      }
    }
  }

  private configure(settings: Readonly<Record<string, string>>): void {
    Object.assign(this.configuration, settings);
  }

  private note(step: string): void {
    this.report.steps.push(step);
  }

  private stopFaults(): void {
    this.ecs.faults.clear();
    this.configure(patient);
  }

  private count(kind: string): void {
    this.report.kinds[kind] = (this.report.kinds[kind] ?? 0) + 1;
  }

  private newToken(): string {
    this.tokens += 1;
    return `token-${this.tokens}`;
  }

  private want(resource = `cluster-${(this.declared += 1)}`): void {
    this.wants.set(resource, {
      name: `${resource}-a`,
      regionId: this.random.of(regions),
      ...(this.random.chance(0.5)
        ? { description: this.random.of(["Nightly frames", "Nightly frames "]) }
        : {}),
      ...(this.model !== undefined && this.random.chance(0.2) ? { clientToken: this.newToken() } : {}),
      ...(this.model !== undefined && this.random.chance(0.3) ? { provider: "second" } : {}),
    });
  }

  private async randomStep(): Promise<void> {
    const present = [...this.wants.keys()];
    if (present.length === 0) {
      this.want();
      return await this.step("add the first again");
    }
    const one = this.random.of(present);
    const wanted = this.wants.get(one)!;
    const change = (more: Partial<Wanted>) => {
      this.wants.set(one, { ...wanted, ...more });
      this.renewToken(one);
    };
    const another = () => this.random.of(regions.filter((region) => region !== wanted.regionId));
    const suffix = () => this.random.of(["a", "b", "c"]);
    if (this.model !== undefined && this.random.chance(0.55)) {
      await this.ownershipStep(this.model, one);
      return;
    }
    if (this.stage.changeHost !== undefined && this.random.chance(0.2)) {
      await this.changeHost(this.stage);
      return;
    }
    switch (this.random.below(12)) {
      case 0:
        if (present.length < 4) {
          this.want();
        }
        return await this.step("add one");
      case 1:
      case 2:
        change({ name: `${one}-${suffix()}` });
        return await this.step(`rename ${one} to ${this.wants.get(one)?.name}`);
      case 3: {
        const { description: _, ...rest } = wanted;
        this.wants.set(
          one,
          this.random.chance(0.3) ? rest : { ...rest, description: `Frames ${suffix()}${suffix()}` },
        );
        this.renewToken(one);
        return await this.step(`describe ${one} as ${this.wants.get(one)?.description ?? "nothing"}`);
      }
      case 4:
        change({ regionId: another() });
        return await this.step(`move ${one} to ${this.wants.get(one)?.regionId}`);
      case 5:
        this.renewToken(one);
        return await this.step(`replace ${one}`, (replaced) => this.stage.up(this.wants, replaced), [one]);
      case 6:
        this.wants.delete(one);
        return await this.step(`remove ${one}`);
      case 7:
        return await this.outOfBand(one);
      case 8:
        return await this.step("refresh", () => this.stage.refresh());
      case 9:
        this.renewTokens();
        return await this.step("destroy", () => this.stage.destroy());
      default:
        return await this.kill(one);
    }
  }

  /** Rule 9. */
  private async changeHost(stage: Stage): Promise<void> {
    stage.changeHost?.();
    this.count("other host");
    if (this.random.chance(0.5)) {
      // The next step is the move, and may be killed.
      this.note(`go on on the ${stage.host}`);
      return;
    }
    const kept = () =>
      stage
        .kept()
        .map(({ resource, id }) => `${resource}: ${id}`)
        .toSorted()
        .join();
    const before = kept();
    await this.step(`move to the ${stage.host}`);
    const isHidden = this.rules.some(({ kind }) => kind === "lateRemoved");
    if (!isHidden && kept() !== before) {
      this.complain(this.report.problems, `the move to the ${stage.host} has not kept the clusters`);
    }
  }

  /** Before another cluster is created, or the values change: a clientToken stands for one cluster and its values. */
  private renewToken(resource: string): void {
    const wanted = this.wants.get(resource);
    if (wanted?.clientToken !== undefined) {
      this.wants.set(resource, { ...wanted, clientToken: this.newToken() });
    }
  }

  private renewTokens(): void {
    for (const resource of this.wants.keys()) {
      this.renewToken(resource);
    }
  }

  private async ownershipStep(model: EngineModel, one: string): Promise<void> {
    switch (this.random.below(9)) {
      case 0:
        return await this.changeWithTarget(one);
      case 1:
        return await this.renameWithAlias(model, one);
      case 2:
        return await this.renameWithoutAlias(one);
      case 3:
        return await this.retain(one);
      case 4:
        return await this.adopt();
      case 5:
        return await this.adoptFromAnother(one);
      case 6:
        this.count("forgotten tokens");
        this.note("the service forgets all tokens");
        this.ecs.forgetTokens();
        this.hasForgotten = true;
        return await this.step("up with forgotten tokens");
      case 7:
        return await this.otherAccount();
      default:
        return await this.replaceByCreatingFirst(one);
    }
  }

  /** Rule 4: the stack has no salt yet, so nothing finds the cluster of an interrupted run. */
  private async firstRunWithTarget(): Promise<void> {
    const [one] = this.wants.keys();
    const isKilled = this.random.chance(0.5);
    this.count(`first run with --target${isKilled ? ", killed" : ""}`);
    this.note(`create ${one!} with --target${isKilled ? ", and be killed after the commit" : ""}`);
    const printed = this.stage.printed.length;
    const isDone = await (isKilled
      ? this.killed({ action: "CreateHpcCluster", when: "afterCommit" }, "engine", [], [one!])
      : this.attempt(() => this.stage.up(this.wants, [], [one!])));
    if (!isDone) {
      const left = this.unrecorded("the first run had a target and was interrupted");
      await this.settle();
      this.requireWarnings(left, printed);
    } else {
      this.findOrphans("the first run with a target");
    }
    await this.step("up without a target");
  }

  private async changeWithTarget(one: string): Promise<void> {
    this.count("up with --target");
    for (const [resource, wanted] of this.wants) {
      this.wants.set(resource, { ...wanted, name: `${resource}-${this.random.of(["a", "b", "c"])}` });
      this.renewToken(resource);
    }
    this.want();
    this.note(`rename all, add one, and up with --target ${one}`);
    const isDone = await this.attempt(() => this.stage.up(this.wants, [], [one]));
    if (isDone) {
      this.findOrphans("the targeted up");
      this.findDuplicates("the up");
    }
    await this.step("up without a target");
  }

  private async renameWithAlias(model: EngineModel, one: string): Promise<void> {
    this.count("rename with alias");
    const old = this.wants.get(one)!;
    const renamed = `cluster-${(this.declared += 1)}`;
    const keepsValues = this.random.chance(0.5);
    this.wants.delete(one);
    this.wants.set(renamed, {
      ...old,
      ...(keepsValues ? {} : { name: `${renamed}-a` }),
      ...(old.clientToken !== undefined ? { clientToken: this.newToken() } : {}),
      alias: one,
    });
    await this.step(
      `rename ${one} to ${renamed} with an alias${keepsValues ? ", with the same values" : ""}`,
    );
    const { alias: _, ...unaliased } = this.wants.get(renamed)!;
    this.wants.set(renamed, unaliased);
    if (this.random.chance(0.4)) {
      return;
    }
    this.count("old name declared again");
    this.wants.set(one, {
      ...old,
      ...(old.clientToken !== undefined ? { clientToken: this.newToken() } : {}),
      ...(this.random.chance(0.3) ? { provider: "third" } : {}),
    });
    const isTargeted = this.random.chance(0.5);
    this.note(`declare ${one} again${isTargeted ? `, with --target ${one}` : ""}`);
    const isDone = await this.attempt(() => this.stage.up(this.wants, [], isTargeted ? [one] : undefined));
    const id = model.entry(one)?.id;
    const other = this.stage.kept().find((kept) => kept.id === id && kept.resource !== one)?.resource;
    if (other !== undefined) {
      await this.partEntries(model, one, other);
    } else if (isDone) {
      this.findDuplicates("the up");
    }
    await this.step(`up with ${one} and ${renamed}`);
  }

  /** Rule 2. The next run has to report it, and the way out that it names has to work. */
  private async partEntries(model: EngineModel, one: string, other: string): Promise<void> {
    const [first, second] = [this.wants.get(one)!, this.wants.get(other)!];
    const areEqual =
      first.name === second.name &&
      first.regionId === second.regionId &&
      first.description === second.description;
    // A cluster that cannot be read cannot be compared.
    if (!areEqual && !this.lastFailure.includes("could not be read afterwards")) {
      this.complain(this.report.duplicates, `${one} and ${other} have one cluster, but different values`);
    }
    this.count("one cluster for two, reported");
    this.note(`  ${one} and ${other} have one cluster`);
    if (await this.attempt(() => this.stage.up(this.wants))) {
      this.complain(this.report.problems, `up does not report that ${one} and ${other} have one cluster`);
    }
    model.forget(one);
    this.wants.set(one, { ...this.wants.get(one)!, clientToken: this.newToken() });
  }

  private async renameWithoutAlias(one: string): Promise<void> {
    this.count("rename without alias");
    const old = this.wants.get(one)!;
    const renamed = `cluster-${(this.declared += 1)}`;
    const id = this.stage.kept().find(({ resource }) => resource === one)?.id;
    this.wants.delete(one);
    this.wants.set(renamed, { ...old, ...(this.random.chance(0.4) ? { provider: "third" } : {}) });
    const sharesToken = old.clientToken !== undefined;
    if (this.random.chance(0.4)) {
      this.note(`rename ${one} to ${renamed}, with --target ${renamed}`);
      await this.attempt(() => this.stage.up(this.wants, [], [renamed]));
    }
    await this.step(`rename ${one} to ${renamed}`);
    const now = this.stage.kept().find(({ resource }) => resource === renamed)?.id;
    if (!sharesToken && now === id) {
      this.complain(this.report.problems, `${renamed} has the cluster of ${one}`);
    }
  }

  private async retain(one: string): Promise<void> {
    this.count("retained");
    const wanted = this.wants.get(one)!;
    this.wants.set(one, { ...wanted, retainOnDelete: true });
    await this.step(`retain ${one}`);
    const id = this.stage.kept().find(({ resource }) => resource === one)!.id;
    this.outside.set(id, "retained");
    this.wants.delete(one);
    await this.step(`remove the retained ${one}`);
    if (this.random.chance(0.5)) {
      this.count("retained, declared again");
      this.wants.set(one, wanted);
      this.renewToken(one);
      const printed = this.stage.printed.length;
      await this.step(`declare the retained ${one} again`);
      // A replay must not take it silently.
      this.requireWarnings([id], printed);
    }
  }

  private async adopt(): Promise<void> {
    this.count("adopted");
    this.want();
    const resource = `cluster-${this.declared}`;
    const { clientToken: _, ...wanted } = this.wants.get(resource)!;
    const { accountId } = this.ecs;
    const { hpcClusterId } = this.ecs.store.add({
      accountId,
      name: wanted.name,
      regionId: wanted.regionId!,
      ...(wanted.description === undefined ? {} : { description: wanted.description }),
    });
    this.outside.set(hpcClusterId, "to be adopted");
    const isProtected = this.random.chance(0.3);
    this.wants.set(resource, {
      ...wanted,
      adopt: hpcClusterId,
      ...(isProtected ? {} : { protect: false }),
    });
    await this.step(`adopt ${resource}`);
    if (this.stage.kept().find((kept) => kept.resource === resource)?.id !== hpcClusterId) {
      this.complain(this.report.problems, `${resource} has not adopted ${hpcClusterId}`);
    }
    if (isProtected) {
      const { adopt: __, ...others } = this.wants.get(resource)!;
      this.note(`rename the protected ${resource}`);
      this.wants.delete(resource);
      this.wants.set(`${resource}-renamed`, others);
      if (await this.attempt(() => this.stage.up(this.wants))) {
        this.complain(this.report.problems, `${resource} is protected, but the rename succeeded`);
      }
      this.wants.delete(`${resource}-renamed`);
      this.wants.set(resource, others);
    } else if (this.random.chance(0.4)) {
      // A rename without an alias: both entries have the cluster for a while, and it stays.
      this.note(`rename ${resource} and adopt again`);
      const adopting = this.wants.get(resource)!;
      this.wants.delete(resource);
      const renamed = `cluster-${(this.declared += 1)}`;
      this.wants.set(renamed, { ...adopting, ...(this.random.chance(0.5) ? { provider: "third" } : {}) });
      await this.step(`rename the adopted ${resource} to ${renamed}`);
      if (this.stage.kept().find((kept) => kept.resource === renamed)?.id !== hpcClusterId) {
        this.complain(this.report.problems, `${renamed} has not adopted ${hpcClusterId}`);
      }
    }
    // Adopted once, it is an ordinary cluster, and an id that is replaced cannot be adopted again.
    for (const [name, { adopt, protect: __, ...others }] of this.wants) {
      if (adopt === hpcClusterId) {
        this.wants.set(name, others);
      }
    }
    await this.step("remove adopt from the program");
  }

  private async adoptFromAnother(one: string): Promise<void> {
    this.count("adoption of a held cluster");
    const { clientToken: _, ...wanted } = this.wants.get(one)!;
    const { id } = this.stage.kept().find(({ resource }) => resource === one)!;
    const thief = `cluster-${(this.declared += 1)}`;
    const before = [...this.wants];
    const entry: [string, Wanted] = [
      thief,
      { ...wanted, adopt: id, protect: false, ...(this.random.chance(0.5) ? { provider: "third" } : {}) },
    ];
    const isFirst = this.random.chance(0.5);
    const wants = new Map(isFirst ? [entry, ...before] : [...before, entry]);
    const targets = this.random.chance(0.4) ? [thief] : undefined;
    this.note(`${thief} adopts the cluster of ${one}${targets ? " with --target" : ""}`);
    if (await this.attempt(() => this.stage.up(wants, [], targets))) {
      this.complain(this.report.problems, `${thief} could adopt the cluster of ${one}`);
    }
    await this.step(`remove ${thief}`);
    if (this.stage.kept().find(({ resource }) => resource === one)?.id !== id) {
      this.complain(this.report.problems, `${one} has not kept ${id}`);
    }
  }

  private async otherAccount(): Promise<void> {
    const kept = this.stage.kept();
    if (kept.some(({ resource }) => this.model?.entry(resource)?.outputs["__accountId"] === undefined)) {
      this.note("  an account is not known");
      return;
    }
    const isRefresh = this.random.chance(0.5);
    this.count("other account");
    this.note(`${isRefresh ? "refresh" : "destroy"} with another account's credentials`);
    const { accounts } = this.ecs;
    const accountId = "1999999999999999";
    const { accessKeyId, accessKeySecret } = this.otherKey ?? accounts.add({ accountId });
    this.otherKey ??= { accessKeyId, accessKeySecret };
    this.ecs.faults.clear();
    const settings = { ...this.configuration };
    this.configure({ ...patient, "alicloud:accessKey": accessKeyId, "alicloud:secretKey": accessKeySecret });
    const failed = this.report.failedOperations;
    const isDone = await this.attempt(() => (isRefresh ? this.stage.refresh() : this.stage.destroy()));
    this.report.failedOperations = failed;
    this.configure(settings);
    for (const rule of this.rules) {
      this.ecs.faults.add(rule);
    }
    const after = this.stage.kept();
    if (isDone && kept.length > 0) {
      this.complain(this.report.problems, "credentials of another account are accepted");
    }
    if (kept.some(({ id }) => !after.some((other) => other.id === id))) {
      this.complain(this.report.lost, "credentials of another account have emptied the state");
    }
    await this.step("up with the right credentials");
  }

  private async replaceByCreatingFirst(one: string): Promise<void> {
    this.count("create before delete");
    const wanted = this.wants.get(one)!;
    if (this.random.chance(0.5)) {
      this.renewToken(one);
    }
    this.wants.set(one, { ...this.wants.get(one)!, deleteBeforeReplace: false });
    const isKilled = this.random.chance(0.4);
    const action = this.random.of(["CreateHpcCluster", "DeleteHpcCluster"] as const);
    const when = this.random.of(["beforeCommit", "afterCommit"] as const);
    this.note(`replace ${one}, create first${isKilled ? `, killed at ${action} ${when}` : ""}`);
    if (isKilled) {
      await this.killed({ action, when }, "provider", [one]);
    } else {
      await this.attempt(() => this.stage.up(this.wants, [one]));
    }
    this.owedWarnings = [];
    // A plain `up` does not repeat it, so nothing finds a cluster that it created without an answer.
    this.unrecorded("an interrupted replacement that creates first, not repeated");
    const { deleteBeforeReplace: _, ...others } = this.wants.get(one)!;
    this.wants.set(one, wanted.deleteBeforeReplace === undefined ? others : wanted);
    await this.settle();
    await this.check("the replacement that creates first");
  }

  /** An operation. After a failure, a refresh and an `up` follow until both succeed. */
  private async step(
    name: string,
    run: (replaced: readonly string[]) => Promise<void> = () => this.stage.up(this.wants),
    replaced: readonly string[] = [],
  ): Promise<void> {
    this.note(name);
    const isDone = await this.attempt(() => run(replaced));
    if (!isDone || name === "destroy") {
      await this.settle();
    }
    await this.check(name);
  }

  private async attempt(run: () => Promise<void>): Promise<boolean> {
    await this.changesEnd();
    this.report.operations += 1;
    this.lastFailure = "";
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof Error)) {
        throw error;
      }
      this.report.failedOperations += 1;
      this.lastFailure = error.message;
      this.oweWarnings();
      this.note(`  failed: ${reasonOf(error)}`);
      return false;
    }
  }

  /**
   * The service may carry out a ModifyHpcClusterAttribute long after its client has given up on the answer. It would then undo the
   * next operation's change, and no client can prevent that: modifications have neither a token nor an order.
   */
  private async changesEnd(): Promise<void> {
    await this.ecs.until(() =>
      ["ModifyHpcClusterAttribute", "DeleteHpcCluster"].every((action) =>
        this.ecs.calls(action).every(({ committed, finishedAt }) => committed || finishedAt !== undefined),
      ),
    );
  }

  /** Refresh and `up`, until both succeed. The faults stop after a few attempts. */
  private async settle(): Promise<void> {
    for (let attempts = 1; attempts <= 10; attempts += 1) {
      if (attempts === 7) {
        this.note("  the faults stop");
        this.stopFaults();
      }
      const isFresh = await this.attempt(() => this.stage.refresh());
      if (isFresh && (await this.attempt(() => this.stage.up(this.wants)))) {
        return;
      }
    }
    throw new Error("refresh and up still fail although there are no faults any more");
  }

  private async outOfBand(resource: string): Promise<void> {
    const kept = this.stage.kept().find((one) => one.resource === resource);
    if (kept === undefined) {
      return;
    }
    if (this.rules.some(({ kind }) => kind === "lateValues")) {
      // While the service still shows earlier values, a refresh cannot see the change.
      await sleep(350);
    }
    if (this.random.chance(0.5)) {
      this.note(`somebody deletes ${resource}`);
      this.removeFromStore(kept.id);
      this.renewToken(resource);
    } else {
      this.note(`somebody renames ${resource}`);
      this.ecs.store.modify(kept.id, { name: "renamed-by-hand", description: "" });
    }
    await this.settle();
    await this.check("the change outside Pulumi");
  }

  private async kill(one: string): Promise<void> {
    const action = this.random.of([
      "CreateHpcCluster",
      "CreateHpcCluster",
      "ModifyHpcClusterAttribute",
      "DeleteHpcCluster",
    ] as const);
    const when = this.random.of(["beforeCommit", "afterCommit"] as const);
    const victim: Victim = this.random.of(["provider", "engine"] as const);
    let replaced: string[] = [];
    if (action === "ModifyHpcClusterAttribute") {
      this.wants.set(one, { ...this.wants.get(one)!, name: `${one}-killed` });
      this.renewToken(one);
    } else if (this.random.chance(0.5)) {
      replaced = [one];
      this.renewToken(one);
    } else if (action === "CreateHpcCluster") {
      this.want();
    } else {
      this.wants.delete(one);
    }
    this.note(`kill the ${victim} at ${action} ${when}${replaced.length > 0 ? `, replacing ${one}` : ""}`);
    const creates = action === "CreateHpcCluster";
    const created = !creates ? undefined : (replaced[0] ?? `cluster-${this.declared}`);
    const printed = this.stage.printed.length;
    await this.killed({ action, when }, victim, replaced);
    const left =
      created !== undefined && this.model !== undefined && this.random.chance(0.7) ? this.drift(created) : [];
    await this.settle();
    this.requireWarnings(left, printed);
    await this.check("the kill");
  }

  /** @returns whether the operation succeeded before it could be killed */
  private async killed(
    { action, when }: { action: HoldRequest["action"]; when: "beforeCommit" | "afterCommit" },
    victim: Victim,
    replaced: readonly string[],
    targets?: readonly string[],
  ): Promise<boolean> {
    const hold = this.ecs.hold({ action, when });
    const outcome = { isKilled: false };
    const isDone = await this.attempt(async () => {
      outcome.isKilled = await this.stage.killedUp(this.wants, replaced, victim, hold.reached, targets);
    });
    if (outcome.isKilled) {
      this.report.kills += 1;
      this.oweWarnings();
      if (victim === "engine") {
        await this.stage.unlock();
      }
      hold.drop();
    } else {
      // It must not hold a later call.
      hold.release();
    }
    return isDone && !outcome.isKilled;
  }

  /**
   * Between an interrupted creation and the next run, something changes that no ClientToken survives (rule 4).
   *
   * @returns the clusters that the next run has to name
   */
  private drift(resource: string): string[] {
    const kind = this.random.of(["description", "rename", "remove", "forget"] as const);
    this.count(`interrupted, then ${kind}`);
    this.note(`  then: ${kind}`);
    const left = this.unrecorded(`interrupted, then ${kind}`);
    const wanted = this.wants.get(resource)!;
    this.wants.delete(resource);
    switch (kind) {
      case "description":
        this.wants.set(resource, { ...wanted, description: "After the interruption" });
        this.renewToken(resource);
        return left;
      case "rename":
        this.wants.set(`cluster-${(this.declared += 1)}`, wanted);
        this.renewToken(`cluster-${this.declared}`);
        return left;
      case "remove":
        this.owedWarnings = [];
        return [];
      case "forget":
        this.wants.set(resource, wanted);
        this.ecs.forgetTokens();
        this.hasForgotten = true;
        return left;
    }
  }

  /** The clusters that no state holds now. From now on they are within the limits. */
  private unrecorded(reason: string): string[] {
    const kept = new Set(this.stage.kept().map(({ id }) => id));
    const ids = this.ecs.store
      .clusters()
      .map(({ hpcClusterId }) => hpcClusterId)
      .filter((id) => !kept.has(id) && !this.outside.has(id));
    for (const id of ids) {
      this.outside.set(id, reason);
    }
    return ids;
  }

  private oweWarnings(): void {
    if (this.hasForgotten) {
      const ids = this.unrecorded("interrupted after the service had forgotten tokens");
      this.owedWarnings.push({ ids, since: this.stage.printed.length });
    }
  }

  /** Rule 4: what was printed since then names these clusters. */
  private requireWarnings(ids: readonly string[], since: number): void {
    // The cluster, or its name, may not show yet.
    const isHidden = this.rules.some(({ kind }) => ["lateVisible", "lateValues", "badList"].includes(kind));
    if (this.configuration["alicloud:skipRegionValidation"] === "true" || isHidden) {
      return;
    }
    const printed = this.stage.printed.slice(since).join("\n");
    for (const id of ids) {
      if (
        !printed.includes(id) &&
        !printed.includes("could not be c") &&
        !printed.includes("could not check")
      ) {
        this.complain(this.report.orphans, `no warning names ${id} (${this.ecs.store.find(id)?.name})`);
      }
    }
  }

  private complain(list: string[], what: string): void {
    list.push(what);
    this.note(`  WRONG: ${what}`);
    if (this.report.printed.length === 0) {
      this.report.printed = this.stage.printed.slice(-20);
    }
  }

  private findDuplicates(after: string): void {
    const ids = this.stage.kept().map(({ id }) => id);
    for (const id of new Set(ids.filter((candidate, at) => ids.indexOf(candidate) !== at))) {
      this.complain(this.report.duplicates, `after ${after}: ${id} is in the state more than once`);
    }
  }

  private findOrphans(after: string): void {
    const ids = new Set(this.stage.kept().map(({ id }) => id));
    for (const { hpcClusterId, name } of this.ecs.store.clusters()) {
      if (ids.has(hpcClusterId)) {
        // Adopted, or found after all.
        this.outside.delete(hpcClusterId);
      } else if (!this.outside.has(hpcClusterId)) {
        this.complain(this.report.orphans, `after ${after}: ${hpcClusterId} (${name})`);
      }
    }
  }

  private async check(after: string): Promise<void> {
    const isDead = ({ id }: Kept) => this.ecs.store.find(id) === undefined;
    if (this.rules.some(({ kind }) => kind === "lateRemoved") && this.stage.kept().some(isDead)) {
      // The service still showed a deleted cluster, and nothing can tell it from a living one.
      this.note("  a deleted cluster still shows");
      this.count("a deleted cluster still shows");
      await sleep(350);
      this.renewTokens();
      await this.settle();
    }
    for (const { ids, since } of this.owedWarnings.splice(0)) {
      this.requireWarnings(ids, since);
    }
    this.findDuplicates(after);
    this.findOrphans(after);
    const kept = this.stage.kept();
    for (const { id, resource } of kept) {
      const cluster = this.ecs.store.find(id);
      if (cluster === undefined) {
        this.complain(this.report.lost, `after ${after}: ${id} (${resource})`);
        continue;
      }
      const wanted = this.wants.get(resource);
      const { name, regionId, description } = cluster;
      if (
        wanted === undefined ||
        wanted.name !== name ||
        wanted.regionId !== regionId ||
        // The service may drop white space at the ends.
        (wanted.description ?? "").trim() !== description.trim()
      ) {
        this.complain(
          this.report.problems,
          `after ${after}: ${resource} is ${JSON.stringify(cluster)}, but should be ${JSON.stringify(wanted)}`,
        );
      }
    }
    if (kept.length !== this.wants.size) {
      this.complain(
        this.report.problems,
        `after ${after}: ${kept.length} clusters in the state, ${this.wants.size} in the program`,
      );
    }
  }
}

/** The last line that says what happened: the engine prints many others. */
function reasonOf(error: Error): string {
  const lines = error.message.split("\n").map((line) => line.trim());
  return lines.findLast((line) => /^error: |: .*\(.*attempt/.test(line)) ?? lines[0] ?? "";
}

/** The numbers, as a table in text. */
export function summaryOf(report: SoakReport, seed: number, seconds: number): string {
  const injected = Object.entries(report.injected).sort(([, a], [, b]) => b - a);
  const sum = injected.reduce((all, [, count]) => all + count, 0);
  const line = (name: string, value: string | number) => `  ${name.padEnd(22)}${value}`;
  return [
    `soak, seed ${seed}: ${report.runs} runs (${report.engineRuns} on the real engine) in ${seconds.toFixed(0)} s`,
    line("operations", report.operations),
    line("  of these failed", `${report.failedOperations} (and were followed by refresh and up)`),
    line("processes killed", report.kills),
    line("requests", report.requests),
    line("faults injected", sum),
    ...injected.map(([kind, count]) => line(`  ${kind}`, count)),
    line("duplicates", report.duplicates),
    line("orphans", report.orphans),
    line("lost ids", report.lost),
    line("wrongly deleted", report.wronglyDeleted),
    line("left within the limits", report.left),
    ...Object.entries(report.kinds)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `  ${String(count).padStart(6)} ${kind}`),
    line("other problems", report.problems),
  ].join("\n");
}

/** The steps of a failed run, and the command that repeats it. */
export function storyOf(report: RunReport): string {
  const { seed, onEngine, steps, duplicates, orphans, lost, wronglyDeleted, problems, printed } = report;
  return [
    `run with seed ${seed}${onEngine ? " on the real engine" : ""} (again: npm run soak -- --runs 1 --seed ${seed}${onEngine ? " --engine-every 1" : ""})`,
    ...steps.map((step) => `  ${step}`),
    ...Object.entries({ duplicates, orphans, lost, wronglyDeleted, problems }).flatMap(([what, list]) =>
      list.map((one) => `  ${what}: ${one}`),
    ),
    ...printed.flatMap((text) => text.trim().split("\n")).map((text) => `    | ${text}`),
  ].join("\n");
}
