/** Short lives of a stack. Each is stopped everywhere, once, and then goes on. */
import type { Emulator } from "../../../emulator/emulator.ts";
import type { RunOptions } from "./engine.ts";
import type { HostName, Wanted } from "./wanted.ts";

/** One command, and what the program declares then. */
export interface Command extends RunOptions {
  wants: Readonly<Record<string, Wanted>>;
  /** Default: `up`. */
  command?: "up" | "refresh" | "destroy";
  /** The program imports the other host's classes. */
  isOnOtherHost?: boolean;
}

/** A sentence of docs/guarantees.md that allows an end which is not that of the run without a stop. */
export interface Limit {
  sentence: string;
  /**
   * What is allowed. `left`: a cluster remains that no state holds, and the next run names it. `unnoticed`: the same, and it is not
   * named. `stale`: the state shows what was there before the stop, until a refresh.
   */
  end: "left" | "unnoticed" | "stale";
}

const changed =
  "if you change the region, name or description of the cluster, rename the resource or the stack, or remove the resource";

/** The limits of docs/guarantees.md that a life may end in. */
export const limits = {
  changed: { sentence: changed, end: "left" },
  /** Nothing with the same name is created there again. */
  removed: { sentence: changed, end: "unnoticed" },
  named: { sentence: "A cluster with another name", end: "unnoticed" },
  notRepeated: {
    sentence:
      "if you do not repeat an interrupted `--replace` of a resource with `deleteBeforeReplace: false`",
    end: "unnoticed",
  },
  otherProvider: {
    sentence: "With the plugin also if the cluster gets another provider resource: an explicit `Provider`",
    end: "left",
  },
  otherHost: { sentence: "or move to the other host", end: "left" },
  firstTarget: {
    sentence: "if the first run of a stack is interrupted and was limited to the cluster with `--target`",
    end: "left",
  },
  undone: {
    sentence: "If you undo the change instead, or do not repeat the `--replace`, run `pulumi refresh` first",
    end: "stale",
  },
} as const satisfies Record<string, Limit>;

/** What a life begins with that no command makes. */
interface Outside {
  /** Clusters that exist before, by id. */
  clusters?: Readonly<Record<string, { name: string; description?: string }>>;
  /** The resource that `@pulumi/alicloud` has in the state, and its cluster. */
  foreign?: { resource: string; id: string };
}

/** A life. */
export interface Life {
  name: string;
  /** Default: both. */
  hosts?: readonly HostName[];
  outside?: Outside;
  /** What has happened before. */
  before?: readonly Command[];
  stopped: Command;
  /** Default: the same command again. */
  then?: readonly Command[];
  /** The limits that it may end in, by host. Default: none. */
  limits?: Partial<Record<HostName, readonly Limit[]>>;
}

const farm: Wanted = { name: "render-farm", description: "Nightly frames" };
const other: Wanted = { name: "test-farm", regionId: "cn-beijing" };
const one = { wants: { rendering: farm } };
const both = (...allowed: Limit[]) => ({ dynamic: allowed, plugin: allowed });
const id = "hpc-madebyhand000001";
const byHand: Outside = { clusters: { [id]: farm } };
const moved = { ...farm, regionId: "cn-beijing" };
const createsFirst = { ...farm, deleteBeforeReplace: false };

/** The catalogue. */
export const lives: readonly Life[] = [
  { name: "create", stopped: one },
  {
    name: "create with an own clientToken",
    stopped: { wants: { rendering: { ...farm, clientToken: "own" } } },
  },
  { name: "update", before: [one], stopped: { wants: { rendering: { name: "farm-2" } } } },
  { name: "replace, delete first", before: [one], stopped: { wants: { rendering: moved } } },
  { name: "replace by --replace", before: [one], stopped: { ...one, replaced: ["rendering"] } },
  {
    name: "replace by --replace, not repeated",
    before: [one],
    stopped: { ...one, replaced: ["rendering"] },
    then: [one],
    limits: both(limits.undone),
  },
  {
    name: "replace, create first",
    before: [{ wants: { rendering: createsFirst } }],
    stopped: { wants: { rendering: { ...createsFirst, regionId: "cn-beijing" } } },
  },
  {
    name: "replace by --replace, create first",
    before: [{ wants: { rendering: createsFirst } }],
    stopped: { wants: { rendering: createsFirst }, replaced: ["rendering"] },
  },
  {
    name: "replace by --replace, create first, changed, not repeated",
    before: [{ wants: { rendering: createsFirst } }],
    stopped: { wants: { rendering: { ...createsFirst, name: "farm-2" } }, replaced: ["rendering"] },
    then: [{ wants: { rendering: { ...createsFirst, name: "farm-2" } } }],
    limits: both(limits.notRepeated),
  },
  { name: "delete", before: [one], stopped: { wants: {} } },
  {
    name: "destroy",
    before: [one],
    stopped: { ...one, command: "destroy" },
    then: [{ ...one, command: "destroy" }],
  },
  {
    name: "delete, declared again",
    before: [one],
    stopped: { wants: {} },
    then: [one],
    limits: both(limits.undone),
  },
  { name: "create after a deletion", before: [one, { wants: {} }], stopped: one },
  { name: "refresh", before: [one], stopped: { ...one, command: "refresh" }, then: [one] },
  {
    name: "adopt",
    outside: byHand,
    stopped: { wants: { rendering: { ...farm, adopt: id, protect: false } } },
  },
  {
    name: "delete an adopted one",
    outside: byHand,
    before: [{ wants: { rendering: { ...farm, adopt: id, protect: false } } }],
    stopped: { wants: {} },
  },
  {
    name: "import",
    hosts: ["plugin"],
    outside: byHand,
    stopped: { wants: { rendering: { ...farm, import: id, protect: false } } },
  },
  {
    name: "rename with alias",
    before: [one],
    stopped: { wants: { renamed: { ...farm, alias: "rendering" } } },
  },
  {
    name: "rename with alias, changed",
    before: [one],
    stopped: { wants: { renamed: { name: "farm-2", alias: "rendering" } } },
  },
  { name: "rename without alias", before: [one], stopped: { wants: { renamed: farm } } },
  {
    name: "retain, then declare again",
    before: [{ wants: { rendering: { ...farm, retainOnDelete: true }, test: other } }],
    stopped: { wants: { test: other } },
    then: [{ wants: { rendering: farm, test: other } }],
  },
  { name: "move to the other host", before: [one], stopped: { ...one, isOnOtherHost: true } },
  {
    name: "move to the other host, changed",
    before: [one],
    stopped: { wants: { rendering: { name: "farm-2" } }, isOnOtherHost: true },
  },
  {
    name: "move to the other host, and back",
    before: [one],
    stopped: { ...one, isOnOtherHost: true },
    then: [one],
  },
  {
    name: "move from @pulumi/alicloud",
    outside: { ...byHand, foreign: { resource: "rendering", id } },
    stopped: one,
  },
  {
    name: "move from @pulumi/alicloud, changed",
    outside: { ...byHand, foreign: { resource: "rendering", id } },
    stopped: { wants: { rendering: { name: "farm-2" } } },
  },
  { name: "create two", stopped: { wants: { rendering: farm, test: other } } },
  { name: "create two alike", stopped: { wants: { rendering: farm, test: farm } } },
  {
    name: "update one, create one, delete one",
    before: [{ wants: { rendering: farm, test: other } }],
    stopped: { wants: { rendering: { name: "farm-2" }, third: { name: "third-farm" } } },
  },
  {
    name: "create with an explicit provider",
    stopped: { wants: { rendering: { ...farm, provider: "second" } } },
  },
  {
    name: "another provider, renamed without alias",
    before: [one],
    stopped: { wants: { renamed: { ...farm, provider: "second" } } },
  },
  {
    name: "another provider",
    before: [one],
    stopped: { wants: { rendering: { ...farm, provider: "second" } } },
  },
  {
    name: "create with --target",
    before: [{ wants: { test: other } }],
    stopped: { wants: { rendering: farm, test: other }, targets: ["rendering"] },
  },
  {
    name: "delete with --target",
    before: [{ wants: { rendering: farm, test: other } }],
    stopped: { wants: { test: other }, targets: ["rendering"] },
  },
  {
    name: "create with --target in the first run",
    stopped: { ...one, targets: ["rendering"] },
    then: [one],
    // The plugin's salt is the provider resource, which is always a target.
    limits: { dynamic: [limits.firstTarget] },
  },
  {
    name: "create, then described otherwise",
    stopped: one,
    then: [{ wants: { rendering: { ...farm, description: "Daily frames" } } }],
    limits: both(limits.changed),
  },
  {
    name: "create, then in another region",
    stopped: one,
    then: [{ wants: { rendering: moved } }],
    limits: both(limits.removed),
  },
  {
    name: "create, then renamed",
    stopped: one,
    then: [{ wants: { renamed: farm } }],
    limits: both(limits.changed),
  },
  { name: "create, then removed", stopped: one, then: [{ wants: {} }], limits: both(limits.removed) },
  {
    name: "create, then another provider",
    stopped: one,
    then: [{ wants: { rendering: { ...farm, provider: "second" } } }],
    limits: { plugin: [limits.otherProvider] },
  },
  {
    name: "create, then named otherwise",
    stopped: one,
    then: [{ wants: { rendering: { ...farm, name: "farm-2" } } }],
    limits: both(limits.named),
  },
  {
    name: "create, then removed, then declared again",
    stopped: { wants: { rendering: farm, test: other } },
    then: [{ wants: { test: other } }, { wants: { rendering: farm, test: other } }],
  },
  {
    name: "update, then changed back",
    before: [one],
    stopped: { wants: { rendering: { name: "farm-2" } } },
    then: [one],
    limits: both(limits.undone),
  },
  {
    name: "replace, then changed back",
    before: [one],
    stopped: { wants: { rendering: moved } },
    then: [one],
    limits: both(limits.undone, limits.removed),
  },
  {
    name: "create, then on the other host",
    stopped: one,
    then: [{ ...one, isOnOtherHost: true }],
    limits: both(limits.otherHost),
  },
];

/** What the service has at the beginning. */
export function begin(ecs: Emulator, { clusters = {} }: Outside): void {
  for (const [hpcClusterId, cluster] of Object.entries(clusters)) {
    ecs.store.add({ hpcClusterId, ...cluster });
  }
}
