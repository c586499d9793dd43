/**
 * Promise: the examples of tests run in a user's folder, with the packed package. A unit test fails for a program that breaks a rule
 * (for both classes: test/rpc/violations.test.ts); the test with the emulator needs an engine and no account.
 */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examplesFolder } from "../e2e/exampleProgram.ts";
import { enginePath, ensureEngine, repositoryRoot } from "../engine/engine.ts";
import { CommandFailure, Toolbox } from "./toolbox.ts";

const node = process.execPath;
const toolbox = new Toolbox((line) => process.stderr.write(`[unit tests] ${line}\n`));
const folder = path.join(toolbox.folder, "programs");
afterAll(() => toolbox[Symbol.dispose]());

beforeAll(() => {
  for (const name of ["unit-tests", "testing"]) {
    cpSync(path.join(examplesFolder, name), path.join(folder, name), { recursive: true });
  }
  // The packed package, the SDK and Vitest. template.test.ts installs the package with npm.
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(folder, "node_modules"), "junction");
});

/** What `vitest run` prints; rejects with it if a test fails. */
function runTests(example: string, env: Record<string, string> = {}): Promise<string> {
  return toolbox.run(node, ["../node_modules/vitest/vitest.mjs", "run"], {
    cwd: path.join(folder, example),
    node,
    env: { NO_COLOR: "1", ...env },
  });
}

/** Changes the example's files, as a user would. */
function edit(names: readonly string[], from: string, to: string): void {
  for (const name of names) {
    const file = path.join(folder, "unit-tests", name);
    const text = readFileSync(file, "utf8");
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  }
}

test("a unit test passes", async () => {
  expect(await runTests("unit-tests")).toContain("3 passed");
});

test("with the plugin's class, it names the rule, the property and the cluster when the program breaks one", async () => {
  edit(["index.ts", "index.test.ts"], '"pulumi-alicloud-hpc"', '"pulumi-alicloud-hpc/plugin"');
  edit(["index.ts"], "Render farm of", "https://wiki.example/");
  const { output } = await runTests("unit-tests").then(
    () => Promise.reject(new Error("the tests did not fail")),
    (error: unknown) => error as CommandFailure,
  );
  expect(output).toContain("1 failed | 2 passed");
  expect(output).toMatch(/film: expected \[ \{ property: 'description'/);
  expect(output).toContain("description must not start with http:// or https://");
});

test("the test with the emulator passes", { timeout: 5 * 60_000 }, async () => {
  const { root } = await ensureEngine();
  const PATH = enginePath(
    [...(root === "" ? [] : [path.join(root, "bin")]), process.env["PATH"]].join(path.delimiter),
  );
  expect(await runTests("testing", { PATH })).toContain("3 passed");
});
