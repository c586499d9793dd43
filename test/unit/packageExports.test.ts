/** Promise: the package exports every module that a state refers to, and no other path in dist/; nothing runs when it is installed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { clusterProvider, tokenSaltProvider } from "../../provider/resourceTypes.ts";

const root = path.resolve(import.meta.dirname, "../..");
const { name, exports, scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  name: string;
  exports: Record<string, string>;
  scripts: Record<string, string>;
};

const recordings = readdirSync(path.join(root, "test/testdata"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => readFileSync(path.join(root, "test/testdata", file), "utf8"));

/** What a text requires of this package, as a key of `exports`. In a state file the quotes are escaped. */
const subpathsIn = (text: string): string[] =>
  [...text.matchAll(/require\(\\?"([^"\\]+)\\?"\)/g)].map(([, module]) => module!.replace(name, "."));

const inStates = new Set([clusterProvider.text, tokenSaltProvider.text, ...recordings].flatMap(subpathsIn));

test("each recorded state and today's providers refer to modules", () => {
  for (const text of [clusterProvider.text, tokenSaltProvider.text, ...recordings]) {
    expect(subpathsIn(text)).not.toEqual([]);
  }
});

test.each([...inStates])("%s, which a state refers to, is exported", (subpath) => {
  const target = exports[subpath];
  expect(target).toMatch(/^\.\/dist\/.*\.js$/);
  const source = target!.replace("./dist/", "provider/").replace(/js$/, "ts");
  expect(existsSync(path.join(root, source)), source).toBe(true);
});

test("no path in dist/ is exported that no state refers to", () => {
  const paths = Object.keys(exports).filter((subpath) => subpath.startsWith("./dist"));
  expect(paths.filter((subpath) => !inStates.has(subpath))).toEqual([]);
});

test("no script runs when it is installed, and npm has nothing to warn about", () => {
  expect(Object.keys(scripts).filter((script) => /^(pre|post)?(install|prepare)$/.test(script))).toEqual([]);
});
