/** How long the package takes to load in a program that has loaded @pulumi/pulumi, as every program has. */
import { execFileSync } from "node:child_process";
import { median } from "./statistics.ts";

export interface LoadTime {
  /** The package after the SDK, in the same process. The goal is about this one. */
  ownMs: number;
  /** Medians of whole processes: the SDK alone, then with the package. */
  sdkProcessMs: number;
  bothProcessMs: number;
  /** What the package loads besides files of its own, Node's and the SDK's. */
  files: number;
  rounds: number;
}

const sdk = 'require("@pulumi/pulumi");';
const withPackage = `${sdk}
  const before = Object.keys(require.cache).length;
  const started = performance.now();
  require("pulumi-alicloud-hpc");
  const ms = performance.now() - started;
  console.log(JSON.stringify({ ms, files: Object.keys(require.cache).length - before }));`;

/** Fresh processes in turn, started in the folder of a program. */
export function measureLoadTime(folder: string, rounds: number): LoadTime {
  const own: number[] = [];
  const alone: number[] = [];
  const both: number[] = [];
  let files = 0;
  for (let round = 0; round < rounds; round += 1) {
    alone.push(run(folder, sdk).ms);
    const { ms, output } = run(folder, withPackage);
    both.push(ms);
    const inside = JSON.parse(output) as { ms: number; files: number };
    own.push(inside.ms);
    files = inside.files;
  }
  return {
    ownMs: median(own),
    sdkProcessMs: median(alone),
    bothProcessMs: median(both),
    files,
    rounds,
  };
}

function run(cwd: string, program: string): { ms: number; output: string } {
  const started = performance.now();
  const output = execFileSync(process.execPath, ["-e", program], { cwd, encoding: "utf8" });
  return { ms: performance.now() - started, output };
}
