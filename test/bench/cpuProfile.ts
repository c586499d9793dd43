/**
 * Prints the self time in CPU profiles, by package and by function.
 *
 *     node test/bench/bench.ts --profile /tmp/profiles
 *     node test/bench/cpuProfile.ts /tmp/profiles/package-200-refresh/provider
 */
import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** The largest profile of a folder: the plugin's shell script starts a second, short-lived Node process. */
function load(file: string): Profile {
  const files = statSync(file).isDirectory()
    ? readdirSync(file).map((name) => path.join(file, name))
    : [file];
  const profiles = files.map((name) => JSON.parse(readFileSync(name, "utf8")) as Profile);
  return profiles.reduce((one, other) => (one.samples.length >= other.samples.length ? one : other));
}

function packageOf(url: string): string {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return name ?? (url.startsWith("node:") ? "node" : url === "" ? "V8" : path.basename(path.dirname(url)));
}

function print(title: string, microseconds: ReadonlyMap<string, number>, most: number): void {
  const total = [...microseconds.values()].reduce((sum, value) => sum + value, 0);
  console.log(`\n${title} (${(total / 1e6).toFixed(2)} s)`);
  for (const [name, value] of [...microseconds].sort(([, one], [, other]) => other - one).slice(0, most)) {
    const share = ((100 * value) / total).toFixed(1);
    console.log(`${(value / 1e3).toFixed(0).padStart(8)} ms ${share.padStart(5)} %  ${name}`);
  }
}

for (const file of process.argv.slice(2)) {
  const { nodes, samples, timeDeltas } = load(file);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, value: number) =>
    map.set(key, (map.get(key) ?? 0) + value);
  for (const [at, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === "(idle)") {
      continue;
    }
    add(byPackage, url === "" ? functionName : packageOf(url), timeDeltas[at] ?? 0);
    const place = url === "" ? "" : ` ${packageOf(url)}/${path.basename(url)}:${lineNumber + 1}`;
    add(byFunction, `${functionName || "(anonymous)"}${place}`, timeDeltas[at] ?? 0);
  }
  console.log(`\n${file}`);
  print("by package, without idle time", byPackage, 15);
  print("by function", byFunction, 25);
}
