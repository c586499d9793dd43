/** The programs that the benchmark compares. All declare the same clusters. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { floorCluster } from "./floor.ts";
import { type Service, naiveCluster } from "./naive.ts";
import { type Prepared, preparePeer } from "./peer.ts";
import type { Place } from "./place.ts";

/** The arguments of a cluster. */
export interface Cluster {
  name: string;
  description: string;
}

/** What a program has. */
interface Program {
  /** `require` in the program's folder. */
  load: NodeJS.Require;
  service: Service;
}

/** One program, and what the benchmark has to know to measure it. */
interface Definition {
  /** In the picture; of medium lightness, for light and dark pages. */
  colour: string;
  /** The program, for one cluster. It loads its modules itself, as a user's program does. */
  declare(program: Program, cluster: Cluster): void;
  /** Whether a process with this command line is its provider. */
  isProvider: (command: readonly string[]) => boolean;
  callsService: boolean;
  /** Whether it waits when the service throttles: only then the benchmark measures it there. */
  isMeasuredThrottled: boolean;
  /** Whether it is slow, and measured less often. */
  isSlow: boolean;
  /** Gets what it needs besides the packages. Absent: nothing. */
  prepare?(place: Place, progress: (line: string) => void): Promise<Prepared>;
}

const regionId = "cn-hangzhou";

const pluginMain = "dist/plugin/main.js";

/** The first argument of a script's process is the script, except for a `node -e` and the shell script that starts it. */
const isDynamicProvider = ([, script = ""]: readonly string[]): boolean =>
  script.startsWith("/") && script.includes("cmd/dynamic-provider");

const definitions = {
  floor: {
    colour: "#7d8590",
    declare: ({ load }, cluster) => floorCluster(load, cluster.name, { ...cluster, regionId }),
    isProvider: isDynamicProvider,
    callsService: false,
    isMeasuredThrottled: false,
    isSlow: false,
  },
  package: {
    colour: "#2f81f7",
    declare: ({ load }, cluster) => {
      const { HpcCluster } = load("pulumi-alicloud-hpc") as typeof import("pulumi-alicloud-hpc");
      new HpcCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: isDynamicProvider,
    callsService: true,
    isMeasuredThrottled: true,
    isSlow: false,
  },
  plugin: {
    colour: "#a371f7",
    declare: ({ load }, cluster) => {
      const { HpcCluster } = load(
        "pulumi-alicloud-hpc/plugin",
      ) as typeof import("pulumi-alicloud-hpc/plugin");
      new HpcCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: ([, script = ""]) => script.endsWith(pluginMain),
    callsService: true,
    isMeasuredThrottled: true,
    isSlow: false,
    // It is part of the package. stack.ts names its folder to the engine.
    prepare: async ({ folder }): Promise<Prepared> =>
      existsSync(path.join(folder, "node_modules/pulumi-alicloud-hpc", pluginMain))
        ? {}
        : { missing: "this build of the package has no plugin" },
  },
  alicloud: {
    colour: "#3fb950",
    declare: ({ load }, cluster) => {
      const { ecs } = load("@pulumi/alicloud") as typeof import("@pulumi/alicloud");
      new ecs.HpcCluster(cluster.name, { ...cluster });
    },
    isProvider: ([file = ""]) => path.basename(file).startsWith("pulumi-resource-alicloud"),
    callsService: true,
    isMeasuredThrottled: false,
    isSlow: false,
    prepare: preparePeer,
  },
  naive: {
    colour: "#e0700d",
    declare: ({ service }, cluster) => naiveCluster(cluster.name, { ...cluster, regionId }, service),
    isProvider: isDynamicProvider,
    callsService: true,
    isMeasuredThrottled: false,
    isSlow: true,
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type Contestant = keyof typeof definitions;

/** In the order of the tables. */
export const contestants: Readonly<Record<Contestant, Definition>> = definitions;

export const contestantNames = Object.keys(definitions) as Contestant[];

/** Runs the program of a contestant. */
export function declareClusters(
  contestant: Contestant,
  count: number,
  workDir: string,
  service: Service,
): void {
  const load = createRequire(path.join(workDir, "index.js"));
  for (let number = 0; number < count; number += 1) {
    const name = `render-farm-${number}`;
    contestants[contestant].declare({ load, service }, { name, description: `Nightly frames of ${name}` });
  }
}
