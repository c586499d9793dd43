/** Promise: the tests use the package as npm would install it. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repositoryRoot } from "./engine.ts";
import { installPackedPackage } from "./packedPackage.ts";

describe("a small package of its own", () => {
  let root: string;
  const installed = () => readFileSync(path.join(root, "node_modules/small/dist/index.js"), "utf8");
  const writeSource = (text: string) => writeFileSync(path.join(root, "provider/index.ts"), text);

  beforeEach(() => {
    root = mkdtempSync(path.join(realpathSync(tmpdir()), "small-package-"));
    for (const folder of ["provider", "dist", "node_modules"]) {
      mkdirSync(path.join(root, folder));
    }
    const build =
      'const fs = require("fs"); const text = fs.readFileSync("provider/index.ts", "utf8");' +
      'if (text === "wrong") { console.log("TS1005: that is wrong"); process.exit(1); }' +
      'fs.writeFileSync("dist/index.js", text);';
    writeFileSync(path.join(root, "build.cjs"), build);
    writeFileSync(path.join(root, "tsconfig.json"), "{}");
    const manifest = {
      name: "small",
      version: "1.0.0",
      files: ["dist"],
      scripts: { build: "node build.cjs" },
    };
    writeFileSync(path.join(root, "package.json"), JSON.stringify(manifest));
    writeSource("one");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test("is installed once, and again when its source has changed", async () => {
    const folder = path.join(root, "node_modules/small");
    expect(await installPackedPackage({ root })).toEqual({ folder, installed: true });
    expect(installed()).toBe("one");
    // What is published, and nothing else.
    expect(readdirSync(folder).sort()).toEqual(["dist", "package.json"]);
    expect(await installPackedPackage({ root })).toEqual({ folder, installed: false });

    writeSource("two");
    expect(await installPackedPackage({ root })).toEqual({ folder, installed: true });
    expect(installed()).toBe("two");
    expect(readdirSync(path.join(root, "node_modules")).sort()).toEqual([".small.packed", "small"]);
  });

  test("that does not compile leaves the old copy and says what the compiler said", async () => {
    await installPackedPackage({ root });
    writeSource("wrong");
    await expect(installPackedPackage({ root })).rejects.toThrow("TS1005: that is wrong");
    expect(installed()).toBe("one");
    // The old copy is not taken for the new one.
    await expect(installPackedPackage({ root })).rejects.toThrow("TS1005");
  });
});

test("pulumi-alicloud-hpc is a real copy, not the sources", () => {
  const folder = path.join(repositoryRoot, "node_modules/pulumi-alicloud-hpc");
  expect(lstatSync(folder).isDirectory()).toBe(true);
  expect(createRequire(import.meta.url).resolve("pulumi-alicloud-hpc/lifecycle")).toBe(
    path.join(folder, "dist/dynamic/lifecycle.js"),
  );
});
