/** Promise: `npm run build:plugin` with a wrong argument says what is wrong, and builds nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(realpathSync(tmpdir()), "build-plugin-"));
afterAll(() => rmSync(folder, { recursive: true }));

const script = path.resolve(import.meta.dirname, "../../scripts/buildPlugin.ts");
const other = process.platform === "win32" ? "linux-amd64" : "windows-amd64";

test.each([
  [["plan9-amd64"], /plan9-amd64 is not a platform of the plugin: name one of linux-amd64, .*windows-arm64/],
  [["linux-mips"], /linux-mips is not a platform/],
  [[other], new RegExp(`the plugin for ${other} can only be built on ${other}, but this machine is`)],
  [["--gzip-level", "10"], /--gzip-level 10: give a digit from 0 to 9/],
  [["--package", folder], /has no server\.js: run npm run build first/],
  [["--outt", folder], /--outt/],
])("%j", (args, message) => {
  const out = path.join(folder, "out");
  const { status, stderr } = spawnSync(process.execPath, [script, "--out", out, ...args], {
    encoding: "utf8",
  });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("    at ");
  expect(status).toBe(1);
  expect(existsSync(out)).toBe(false);
});
