/**
 * Promise: wherever a run is stopped, the next one goes on, and then the state and the service have the same clusters, none twice, none
 * lost and none wrongly deleted. The exceptions are sentences of docs/guarantees.md. All points are tried: the first run counts them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { configurationFor, Engine, isCluster, nameOf } from "./engine.ts";
import { SIMULATED_EPOCH } from "./hostProcess.ts";
import { begin, type Command, type Life, type Limit, limits, lives } from "./lives.ts";
import { Simulation, Stopped } from "./simulation.ts";
import { type HostName, hostNames, programOf } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 300_000 });

const pulumiHome = mkdtempSync(path.join(tmpdir(), "hpc-crash-"));
let simulation = new Simulation(0);
let ecs: Emulator;
beforeAll(async () => {
  ecs = await startEmulator({ seed: 1, clock: () => SIMULATED_EPOCH + simulation.now });
});
afterAll(async () => {
  await ecs.stop();
  rmSync(pulumiHome, { recursive: true });
});

/** How one stopped life ended. */
type End = "as without the stop" | Limit;

async function execute(engine: Engine, host: HostName, command: Command): Promise<void> {
  const other = hostNames.find((name) => name !== host)!;
  const onHost = command.isOnOtherHost === true ? other : host;
  if (command.command === "refresh" || command.command === "destroy") {
    await engine[command.command]();
  } else {
    await engine.up(
      programOf(onHost, new Map(Object.entries(command.wants)), configurationFor(ecs)),
      command,
    );
  }
}

/** Begins the life, up to the command that is stopped. */
async function prepare(life: Life, host: HostName): Promise<Engine> {
  simulation = new Simulation(1);
  ecs.reset();
  begin(ecs, life.outside ?? {});
  const engine = new Engine({ simulation, ecs, pulumiHome });
  const { foreign } = life.outside ?? {};
  if (foreign !== undefined) {
    engine.addOfficial(foreign.resource, foreign.id);
  }
  for (const command of life.before ?? []) {
    await execute(engine, host, command);
  }
  const remove = ecs.store.remove.bind(ecs.store);
  ecs.store.remove = (id, shownUntil) => {
    const holders = engine.state.filter((entry) => isCluster(entry) && entry.id === id);
    const keepers = holders.filter((entry) => !engine.deleting.has(entry));
    expect(keepers.map(nameOfEntry), `holds ${id}, which the service deletes`).toEqual([]);
    expect(holders.length, `entries that hold ${id}, which the service deletes`).toBeGreaterThan(0);
    remove(id, shownUntil);
  };
  simulation.points.length = 0;
  return engine;
}

const nameOfEntry = ({ urn }: { urn: string }) => nameOf(urn);

async function endOf(life: Life, host: HostName, stopAfter: number): Promise<End> {
  const engine = await prepare(life, host);
  simulation.stopAfter = stopAfter;
  await expect(execute(engine, host, life.stopped)).rejects.toThrow(Stopped);
  const printed = engine.printed.length;
  const then = life.then ?? [life.stopped];
  for (const command of then) {
    await execute(engine, host, command);
  }
  const allowed = life.limits?.[host] ?? [];
  const stale = allowed.find(({ end }) => end === "stale");
  const isStale = stale !== undefined && !isDeepStrictEqual(heldIn(engine), wantedOf(then));
  if (isStale) {
    await engine.refresh();
    await execute(engine, host, then.at(-1)!);
  }
  expect(heldIn(engine)).toEqual(wantedOf(then));
  const ids = engine.clusters().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const left = ecs.store.clusters().filter(({ hpcClusterId }) => !ids.includes(hpcClusterId));
  if (left.length === 0) {
    return isStale ? stale : "as without the stop";
  }
  const limit = allowed.find(({ end }) => end !== "stale");
  expect(limit === undefined ? left : [], "left, and no limit allows it").toEqual([]);
  expect(left).toHaveLength(1);
  expect(engine.printed.slice(printed).join("\n").includes(left[0]!.hpcClusterId)).toBe(
    limit!.end === "left",
  );
  return limit!;
}

interface Held {
  resource: string;
  name: string;
  regionId: string;
  description: string;
}

const sorted = (all: Held[]) => all.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));

/** The clusters in the state, as the service has them. */
function heldIn(engine: Engine): Held[] {
  return sorted(
    engine.clusters().map(({ urn, id }) => {
      const { name = "none", regionId = "none", description = "none" } = ecs.store.find(id) ?? {};
      return { resource: nameOf(urn), name, regionId, description };
    }),
  );
}

function wantedOf(commands: readonly Command[]): Held[] {
  const { command, wants } = commands.at(-1)!;
  return sorted(
    Object.entries(command === "destroy" ? {} : wants).map(
      ([resource, { name, regionId = "cn-hangzhou", description = "" }]) => ({
        resource,
        name,
        regionId,
        description,
      }),
    ),
  );
}

const table: string[] = [];
const total = { lives: 0, points: 0, unchanged: 0 };
afterAll(() => {
  console.log(table.join("\n"));
});

describe.each(hostNames)("on the %s host, stopped at every point", (host) => {
  const possible = lives.filter(({ hosts }) => hosts === undefined || hosts.includes(host));
  test.each(possible)("$name", async (life) => {
    const whole = await prepare(life, host);
    await execute(whole, host, life.stopped);
    const points = [...simulation.points];
    expect(points.length).toBeGreaterThan(0);
    const ends = new Map<End, number>();
    for (const [at, point] of points.entries()) {
      const end = await endOf(life, host, at + 1).catch((error: unknown) => {
        throw new Error(`stopped at point ${at + 1}, ${point}: ${String(error)}`, { cause: error });
      });
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    total.lives += 1;
    total.points += points.length;
    total.unchanged += ends.get("as without the stop") ?? 0;
    const named = [...ends].map(
      ([end, count]) => `${count} ${typeof end === "string" ? end : `"${end.sentence}"`}`,
    );
    table.push(
      `${host.padEnd(8)} ${life.name.padEnd(60)} ${String(points.length).padStart(3)} points: ${named.join(", ")}`,
    );
  });
});

test("docs/guarantees.md has every limit, and the number of points", () => {
  const text = readFileSync("docs/guarantees.md", "utf8").replaceAll(/\s+/g, " ");
  const shown = (count: number) => count.toLocaleString("en");
  console.log(total);
  expect(text).toContain(`${shown(total.points)} points. After ${shown(total.unchanged)} of them`);
  for (const { sentence } of Object.values(limits)) {
    expect(text).toContain(sentence);
  }
});
