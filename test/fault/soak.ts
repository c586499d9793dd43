/**
 * Random lives of a few clusters under random faults. After every step each life is checked against the service: every cluster
 * there is in the state once, and every id in the state exists. At the end nothing is left.
 */
import { type Emulator, type FaultKind, type FaultRule, startEmulator } from "../../emulator/emulator.ts";
import { randomStream } from "../../emulator/random.ts";
import { EngineModel, configurationFor } from "./core/engineModel.ts";
import { fastClock } from "./core/testClocks.ts";
import type { Stage, Victim, Wanted } from "./stage.ts";

/** Creates a stack whose account is this service. */
export type CreateStage = (
  ecs: Emulator,
  configuration: Readonly<Record<string, string>>,
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
  /** Everything else that went wrong. */
  problems: string[];
  /** What was printed last before something went wrong. */
  printed: readonly string[];
}

/** The sum of all runs. */
export interface SoakReport extends Omit<
  RunReport,
  "seed" | "onEngine" | "steps" | "duplicates" | "orphans" | "lost" | "problems" | "printed"
> {
  runs: number;
  engineRuns: number;
  duplicates: number;
  orphans: number;
  lost: number;
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
  const wrong = ["duplicates", "orphans", "lost", "problems"] as const;
  for (const key of wrong) {
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
  const ecs = await startEmulator({ seed });
  const random = new Dice(seed);
  const onEngine = createEngineStage !== undefined;
  const createStage = createEngineStage ?? createModelStage;
  const configuration: Record<string, string> = {
    ...configurationFor(ecs),
    ...(onEngine ? impatientOnEngine : impatient),
    ...(random.chance(0.7) ? { "alicloud:skipRegionValidation": "true" } : {}),
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
    problems: [],
    printed: [],
  };
  try {
    await using stage = await createStage(ecs, configuration);
    await new Run(ecs, stage, random, report, (more) => Object.assign(configuration, more)).live();
  } catch (error) {
    report.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    report.injected = ecs.faults.injected;
    report.requests = ecs.requests.length;
    await ecs.close();
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
  private readonly ecs: Emulator;
  private readonly stage: Stage;
  private readonly random: Dice;
  private readonly report: RunReport;
  private readonly configure: (settings: Readonly<Record<string, string>>) => void;
  private readonly wants = new Map<string, Wanted>();
  private declared = 0;

  constructor(
    ecs: Emulator,
    stage: Stage,
    random: Dice,
    report: RunReport,
    configure: (settings: Readonly<Record<string, string>>) => void,
  ) {
    this.ecs = ecs;
    this.stage = stage;
    this.random = random;
    this.report = report;
    this.configure = configure;
  }

  async live(): Promise<void> {
    const rules = randomFaults(this.random);
    for (const rule of rules) {
      this.ecs.faults.add(rule);
      this.note(`fault ${JSON.stringify(rule)}`);
    }
    if (!rules.some(({ kind }) => withholding.has(kind))) {
      this.configure(patient);
    }
    for (let clusters = 1 + this.random.below(4); clusters > 0; clusters -= 1) {
      this.want();
    }
    await this.step("create", (replaced) => this.stage.up(this.wants, replaced));
    for (let steps = 3 + this.random.below(5); steps > 0; steps -= 1) {
      await this.randomStep();
    }

    this.note("no more faults; destroy");
    this.stopFaults();
    await this.settle();
    this.check("before the end");
    this.report.operations += 1;
    await this.stage.destroy();
    for (const { hpcClusterId } of this.ecs.store.clusters()) {
      this.report.orphans.push(hpcClusterId);
    }
    for (const { id } of this.stage.kept()) {
      this.report.problems.push(`${id} is in the state at the end`);
    }
  }

  private note(step: string): void {
    this.report.steps.push(step);
  }

  private stopFaults(): void {
    this.ecs.faults.clear();
    this.configure(patient);
  }

  private want(resource = `cluster-${(this.declared += 1)}`): void {
    this.wants.set(resource, {
      name: `${resource}-a`,
      regionId: this.random.of(regions),
      ...(this.random.chance(0.5) ? { description: "Nightly frames" } : {}),
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
    const change = (more: Partial<Wanted>) => this.wants.set(one, { ...wanted, ...more });
    const another = () => this.random.of(regions.filter((region) => region !== wanted.regionId));
    const suffix = () => this.random.of(["a", "b", "c"]);
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
        return await this.step(`describe ${one} as ${this.wants.get(one)?.description ?? "nothing"}`);
      }
      case 4:
        change({ regionId: another() });
        return await this.step(`move ${one} to ${this.wants.get(one)?.regionId}`);
      case 5:
        return await this.step(`replace ${one}`, (replaced) => this.stage.up(this.wants, replaced), [one]);
      case 6:
        this.wants.delete(one);
        return await this.step(`remove ${one}`);
      case 7:
        return await this.outOfBand(one);
      case 8:
        return await this.step("refresh", () => this.stage.refresh());
      case 9:
        return await this.step("destroy", () => this.stage.destroy());
      default:
        return await this.kill(one);
    }
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
    this.check(name);
  }

  private async attempt(run: () => Promise<void>): Promise<boolean> {
    await this.modificationsEnd();
    this.report.operations += 1;
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof Error)) {
        throw error;
      }
      this.report.failedOperations += 1;
      this.note(`  failed: ${reasonOf(error)}`);
      return false;
    }
  }

  /**
   * The service may carry out a ModifyHpcClusterAttribute long after its client has given up on the answer. It would then undo the
   * next operation's change, and no client can prevent that: modifications have neither a token nor an order.
   */
  private async modificationsEnd(): Promise<void> {
    await this.ecs.until(() =>
      this.ecs.calls("ModifyHpcClusterAttribute").every(({ finishedAt }) => finishedAt !== undefined),
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
    if (this.random.chance(0.5)) {
      this.note(`somebody deletes ${resource}`);
      this.ecs.store.remove(kept.id);
    } else {
      this.note(`somebody renames ${resource}`);
      this.ecs.store.modify(kept.id, { name: "renamed-by-hand", description: "" });
    }
    await this.settle();
    this.check("the change outside Pulumi");
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
    } else if (this.random.chance(0.5)) {
      replaced = [one];
    } else if (action === "CreateHpcCluster") {
      this.want();
    } else {
      this.wants.delete(one);
    }
    this.note(`kill the ${victim} at ${action} ${when}${replaced.length > 0 ? `, replacing ${one}` : ""}`);
    const hold = this.ecs.hold({ action, when });
    const outcome = { isKilled: false };
    await this.attempt(async () => {
      outcome.isKilled = await this.stage.killedUp(this.wants, replaced, victim, hold.reached);
    });
    if (outcome.isKilled) {
      this.report.kills += 1;
      if (victim === "engine") {
        await this.stage.unlock();
      }
      hold.drop();
    } else {
      // It must not hold a later call.
      hold.release();
    }
    await this.settle();
    this.check("the kill");
  }

  private check(after: string): void {
    const kept = this.stage.kept();
    const ids = kept.map(({ id }) => id);
    const stored = this.ecs.store.clusters();
    const complain = (list: string[], what: string) => {
      list.push(`after ${after}: ${what}`);
      this.note(`  WRONG: ${what}`);
      if (this.report.printed.length === 0) {
        this.report.printed = [...this.stage.printed];
      }
    };
    for (const id of new Set(ids.filter((candidate, at) => ids.indexOf(candidate) !== at))) {
      complain(this.report.duplicates, `${id} is in the state more than once`);
    }
    const names = stored.map(({ name }) => name);
    for (const name of new Set(names.filter((candidate, at) => names.indexOf(candidate) !== at))) {
      complain(this.report.duplicates, `there are several clusters named ${name}`);
    }
    for (const { hpcClusterId, name } of stored) {
      if (!ids.includes(hpcClusterId)) {
        complain(this.report.orphans, `${hpcClusterId} (${name})`);
      }
    }
    for (const { id, resource } of kept) {
      const cluster = stored.find(({ hpcClusterId }) => hpcClusterId === id);
      if (cluster === undefined) {
        complain(this.report.lost, `${id} (${resource})`);
        continue;
      }
      const wanted = this.wants.get(resource);
      const { name, regionId, description } = cluster;
      if (
        wanted === undefined ||
        wanted.name !== name ||
        wanted.regionId !== regionId ||
        (wanted.description ?? "") !== description
      ) {
        complain(
          this.report.problems,
          `${resource} is ${JSON.stringify(cluster)}, but should be ${JSON.stringify(wanted)}`,
        );
      }
    }
    if (kept.length !== this.wants.size) {
      complain(
        this.report.problems,
        `${kept.length} clusters in the state, ${this.wants.size} in the program`,
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
    line("other problems", report.problems),
  ].join("\n");
}

/** The steps of a failed run, and the command that repeats it. */
export function storyOf(report: RunReport): string {
  const { seed, onEngine, steps, duplicates, orphans, lost, problems, printed } = report;
  return [
    `run with seed ${seed}${onEngine ? " on the real engine" : ""} (again: npm run soak -- --runs 1 --seed ${seed}${onEngine ? " --engine-every 1" : ""})`,
    ...steps.map((step) => `  ${step}`),
    ...Object.entries({ duplicates, orphans, lost, problems }).flatMap(([what, list]) =>
      list.map((one) => `  ${what}: ${one}`),
    ),
    ...printed.flatMap((text) => text.trim().split("\n")).map((text) => `    | ${text}`),
  ].join("\n");
}
