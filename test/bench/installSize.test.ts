import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installedBytes } from "./installSize.ts";

let root: string;
beforeAll(() => void (root = mkdtempSync(path.join(tmpdir(), "install-size-"))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A package of a manifest and a file of so many bytes; returns how many bytes these are. */
function addPackage(folder: string, dependencies: readonly string[], bytes: number): number {
  const manifest = JSON.stringify({
    dependencies: Object.fromEntries(dependencies.map((name) => [name, "1.0.0"])),
  });
  mkdirSync(path.join(root, folder, "lib"), { recursive: true });
  writeFileSync(path.join(root, folder, "package.json"), manifest);
  writeFileSync(path.join(root, folder, "lib/index.js"), "x".repeat(bytes));
  return bytes + manifest.length;
}

test("a package counts with its dependencies, each once, nested ones too, and without the SDK", () => {
  const modules = "node_modules";
  const counted = [
    addPackage(`${modules}/main`, ["one", "two", "@pulumi/pulumi"], 100),
    addPackage(`${modules}/one`, ["shared"], 20),
    addPackage(`${modules}/one/${modules}/shared`, [], 3),
    addPackage(`${modules}/two`, ["shared", "one"], 400),
    addPackage(`${modules}/shared`, [], 5000),
  ];
  addPackage(`${modules}/@pulumi/pulumi`, [], 60000);
  addPackage(`${modules}/unrelated`, [], 700000);
  expect(installedBytes(path.join(root, modules, "main"))).toBe(counted.reduce((one, other) => one + other));
});

test("a dependency that is not installed is an error", () => {
  addPackage("incomplete", ["missing-package"], 1);
  expect(() => installedBytes(path.join(root, "incomplete"))).toThrow("missing-package is not installed");
});
