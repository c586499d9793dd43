/** Promise: the example of a unit test runs in a user's folder, for both classes, and fails for a program that breaks a rule. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examplesFolder } from "../e2e/exampleProgram.ts";
import { CommandFailure, Toolbox } from "./toolbox.ts";

const node = process.execPath;
const toolbox = new Toolbox((line) => process.stderr.write(`[unit tests] ${line}\n`));
const folder = path.join(toolbox.folder, "program");
afterAll(() => toolbox[Symbol.dispose]());

beforeAll(
  async () => {
    const examples = JSON.parse(readFileSync(path.join(examplesFolder, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    cpSync(path.join(examplesFolder, "unit-tests"), folder, { recursive: true });
    const manifest = {
      private: true,
      dependencies: {
        "@pulumi/pulumi": examples.dependencies["@pulumi/pulumi"],
        "pulumi-alicloud-hpc": `file:${await toolbox.tarball()}`,
      },
      devDependencies: { vitest: examples.devDependencies["vitest"] },
    };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    await toolbox.npm(["install"], { cwd: folder, node });
  },
  // From a registry.
  5 * 60_000,
);

/** What `vitest run` prints; rejects with it if a test fails. */
function runTests(): Promise<string> {
  return toolbox.run(node, ["node_modules/vitest/vitest.mjs", "run"], {
    cwd: folder,
    node,
    env: { NO_COLOR: "1" },
  });
}

/** Changes the example's files, as a user would. */
function edit(names: readonly string[], from: string, to: string): void {
  for (const name of names) {
    const file = path.join(folder, name);
    const text = readFileSync(file, "utf8");
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  }
}

describe.each(["pulumi-alicloud-hpc", "pulumi-alicloud-hpc/plugin"])("with %s", (imported) => {
  beforeAll(() => edit(["index.ts", "index.test.ts"], '"pulumi-alicloud-hpc"', JSON.stringify(imported)));

  test("passes", async () => {
    expect(await runTests()).toContain("2 passed");
  });

  test("names the rule, the property and the cluster when the program breaks one", async () => {
    edit(["index.ts"], "Render farm of", "https://wiki.example/");
    const { output } = await runTests().then(
      () => Promise.reject(new Error("the tests did not fail")),
      (error: unknown) => error as CommandFailure,
    );
    edit(["index.ts"], "https://wiki.example/", "Render farm of");
    expect(output).toContain("1 failed | 1 passed");
    expect(output).toMatch(/film: expected \[ \{ property: 'description'/);
    expect(output).toContain("description must not start with http:// or https://");
  });
});
