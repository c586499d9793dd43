/** How long the package takes to load in a program that has already loaded @pulumi/pulumi. */
import { execFileSync } from "node:child_process";
import { median } from "./medians.ts";

export interface LoadTime {
  ownMs: number;
  /** Files that it loads, its dependencies included. */
  files: number;
}

const program = `
  require("@pulumi/pulumi");
  const before = Object.keys(require.cache).length;
  const started = performance.now();
  require("pulumi-alicloud-hpc");
  const ownMs = performance.now() - started;
  console.log(JSON.stringify({ ownMs, files: Object.keys(require.cache).length - before }));`;

/** The median of fresh processes, started in the folder of a program. */
export function measureLoadTime(cwd: string, rounds: number): LoadTime {
  const measured = Array.from(
    { length: rounds },
    () => JSON.parse(execFileSync(process.execPath, ["-e", program], { cwd, encoding: "utf8" })) as LoadTime,
  );
  return { ownMs: median(measured.map(({ ownMs }) => ownMs)), files: measured[0]?.files ?? 0 };
}
