/**
 * Promise: the package works in a project of its own, as a symlink with the oldest SDK; template.test.ts has the tarball with the newest.
 * `npm run test:consumers` tries them all, up to a destroyed stack.
 */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type Cell, cells, everydayCell, newestSdk, oldestSdk } from "./cells.ts";
import { cellName, tryCell } from "./consumer.ts";
import { Toolbox } from "./toolbox.ts";

const toolbox = new Toolbox((line) => process.stderr.write(`[consumers] ${line}\n`));
afterAll(() => toolbox[Symbol.dispose]());

test(
  `a package installed by a user, from an empty folder to two clusters: ${cellName(everydayCell)}`,
  // Two installs from a registry and two compilations on a machine where every core has an engine of its own.
  { timeout: 10 * 60_000 },
  async () => {
    const { verdict, output } = await tryCell(everydayCell, toolbox, "up");
    expect(verdict, output).toBe("works");
  },
);

test("the SDKs of the table are the oldest that the package allows, and the one that it is developed with", () => {
  const manifest = new URL("../../package.json", import.meta.url);
  const { peerDependencies, devDependencies } = JSON.parse(readFileSync(manifest, "utf8")) as Record<
    "peerDependencies" | "devDependencies",
    Record<string, string>
  >;
  expect([`^${oldestSdk}`, newestSdk]).toEqual(
    [peerDependencies, devDependencies].map((all) => all["@pulumi/pulumi"]),
  );
});

test("the table tries every value of a column beside every value of the other columns", () => {
  const columns = {
    manager: ["npm", "pnpm"],
    module: ["cjs", "esm"],
    language: ["js", "ts5.9", "ts6"],
    sdk: [oldestSdk, newestSdk],
    node: ["22", "24", "26"],
  } as const satisfies Partial<Record<keyof Cell, readonly string[]>>;
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const missing = names.flatMap((one, at) =>
    names
      .slice(at + 1)
      .flatMap((other) =>
        columns[one].flatMap((value) =>
          columns[other]
            .filter(
              (beside) =>
                !cells.some((cell) => cell[one].startsWith(value) && cell[other].startsWith(beside)),
            )
            .map((beside) => `${one} ${value}, ${other} ${beside}`),
        ),
      ),
  );
  expect(missing).toEqual([]);
});
