/** Promise: the tests can run the CLI in a program's folder. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, createBackend } from "./backend.ts";
import { languageHost, runCli } from "./cli.ts";
import { repositoryRoot } from "./engine.ts";

let cwd: string;
let backend: Backend;
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "cli-program-"));
  backend = createBackend();
  writeFileSync(path.join(cwd, "Pulumi.yaml"), "name: on-disk\nruntime: nodejs\n");
});
afterEach(() => {
  backend.dispose();
  rmSync(cwd, { recursive: true });
});

test("a command runs in the program's folder against the given backend", async () => {
  expect(await runCli(["stack", "init", "dev"], { cwd, backend })).toMatchObject({ exitCode: 0 });
  const { stdout } = await runCli(["stack", "ls", "--json"], { cwd, backend });
  expect(JSON.parse(stdout)).toMatchObject([{ name: "dev" }]);
});

test("a command that fails is a result, not an exception", async () => {
  const result = await runCli(["preview", "--stack", "nowhere"], { cwd, backend });
  expect(result.exitCode).toBeGreaterThan(0);
  expect(result.stderr).toContain("no stack named 'nowhere' found");
});

test.skipIf((await languageHost()) === undefined)(
  "a TypeScript program, where there is a language host",
  async () => {
    const modules = path.join(cwd, "node_modules");
    mkdirSync(path.join(modules, "@pulumi"), { recursive: true });
    // TypeScript from the program's folder; ts-node comes with the SDK.
    for (const name of ["@pulumi/pulumi", "typescript", "@types"]) {
      symlinkSync(path.join(repositoryRoot, "node_modules", name), path.join(modules, name), "junction");
    }
    writeFileSync(path.join(cwd, "package.json"), JSON.stringify({ private: true, main: "index.ts" }));
    writeFileSync(
      path.join(cwd, "index.ts"),
      'import * as pulumi from "@pulumi/pulumi";\nexport const greeting: pulumi.Output<string> = pulumi.output("hello");\n',
    );
    await runCli(["stack", "init", "dev"], { cwd, backend });
    expect(await runCli(["up", "--yes", "--skip-preview"], { cwd, backend })).toMatchObject({ exitCode: 0 });
    const { stdout } = await runCli(["stack", "output", "greeting"], { cwd, backend });
    expect(stdout.trim()).toBe("hello");
  },
);
