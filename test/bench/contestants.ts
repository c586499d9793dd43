/** The programs that the benchmark compares. All declare the same clusters. */
import { createRequire } from "node:module";
import path from "node:path";
import { DynamicFloorCluster, PluginFloorCluster, floorPluginMain } from "./floors.ts";

/** One program, and what the benchmark has to know to measure it. */
interface Definition {
  /** In the picture; of medium lightness, for light and dark pages. */
  colour: string;
  /** The program, for one cluster. It loads its modules itself, with `require` in its folder, as a user's program does. */
  declare(load: NodeJS.Require, cluster: { name: string; description: string }): void;
  /** Whether a process with this command line is its provider. */
  isProvider: (command: readonly string[]) => boolean;
  /** The contestant that does nothing in the same host. Absent: this one does nothing itself, or has a host of its own. */
  floor?: "floor" | "plugin-floor";
  callsService: boolean;
  /** The name space of its configuration. */
  configuration?: "alicloud" | "alicloud-hpc";
  /** Configuration that the others do not have. */
  ownConfiguration?: Readonly<Record<string, string>>;
}

const regionId = "cn-hangzhou";

/** The first argument of a script's process is the script, except for a `node -e` and the shell script that starts it. */
const isDynamicProvider = ([, script = ""]: readonly string[]): boolean =>
  script.startsWith("/") && script.includes("cmd/dynamic-provider");

const definitions = {
  floor: {
    colour: "#7d8590",
    declare: (_, cluster) => {
      new DynamicFloorCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: isDynamicProvider,
    callsService: false,
  },
  package: {
    colour: "#2f81f7",
    declare: (load, cluster) => {
      const { HpcCluster } = load("pulumi-alicloud-hpc") as typeof import("pulumi-alicloud-hpc");
      new HpcCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: isDynamicProvider,
    floor: "floor",
    callsService: true,
    configuration: "alicloud",
  },
  "plugin-floor": {
    colour: "#b08c5a",
    declare: (_, cluster) => {
      new PluginFloorCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: ([, script = ""]) => script.endsWith(floorPluginMain),
    callsService: false,
  },
  plugin: {
    colour: "#a371f7",
    declare: (load, cluster) => {
      const { HpcCluster } = load(
        "pulumi-alicloud-hpc/plugin",
      ) as typeof import("pulumi-alicloud-hpc/plugin");
      new HpcCluster(cluster.name, { ...cluster, regionId });
    },
    isProvider: ([, script = ""]) => script.endsWith("dist/plugin/main.js"),
    floor: "plugin-floor",
    callsService: true,
    configuration: "alicloud-hpc",
  },
  alicloud: {
    colour: "#3fb950",
    declare: (load, cluster) => {
      const { ecs } = load("@pulumi/alicloud") as typeof import("@pulumi/alicloud");
      new ecs.HpcCluster(cluster.name, { ...cluster });
    },
    isProvider: ([file = ""]) => path.basename(file).startsWith("pulumi-resource-alicloud"),
    callsService: true,
    configuration: "alicloud",
    // Without it, it asks another service (BssOpenApi's QueryAvailableInstances) at its start.
    ownConfiguration: { accountType: "Domestic" },
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type Contestant = keyof typeof definitions;

/** In the order of the tables. */
export const contestants: Readonly<Record<Contestant, Definition>> = definitions;

export const contestantNames = Object.keys(definitions) as Contestant[];

/** Runs the program of a contestant. */
export function declareClusters(contestant: Contestant, count: number, workDir: string): void {
  const load = createRequire(path.join(workDir, "index.js"));
  for (let number = 0; number < count; number += 1) {
    const name = `render-farm-${number}`;
    contestants[contestant].declare(load, { name, description: `Nightly frames of ${name}` });
  }
}
