import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { ask, type Service } from "./rawRequest.ts";

// A test that starts a process takes seconds when every core is busy.
vi.setConfig({ testTimeout: 60_000 });

const cli = join(import.meta.dirname, "../../emulator/cli.ts");
let folder: string;
const running = new Set<ChildProcess>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-"));
});
afterAll(() => {
  for (const child of running) {
    child.kill("SIGKILL");
  } // a failed test leaves its process running
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [cli, "emulator", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("close", () => running.delete(child));
  const out: string[] = [];
  let err = "";
  const lines = createInterface(child.stdout);
  const first = new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      out.push(line);
      resolve(line);
    });
    child.once("close", () => reject(new Error(`The process ended without a line: ${err}`)));
  });
  first.catch(() => {}); // a process that fails prints no line: its test awaits `ended`
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  return { child, first, ended, out, err: () => err };
}

describe("a running emulator", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "prints one line, serves, and exits with 0 on %s",
    async (signal) => {
      const service = start("--port", "0");
      const ecs = JSON.parse(await service.first) as Service;
      expect(Object.keys(ecs)).toEqual(["endpoint", "accessKeyId", "accessKeySecret"]);
      expect(ecs.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
      for (const _ of [1, 2]) {
        expect((await ask(ecs, "RebootInstance")).json["Code"]).toBe("InvalidAction.NotFound");
      }
      service.child.kill(signal);
      expect(await service.ended).toEqual({ code: 0, signal: null });
      expect(service.out).toHaveLength(1);
      expect(service.err()).toMatch(
        /^RebootInstance is not an action of this emulator; it has CreateHpcCluster, .*\.\n$/,
      );
    },
  );

  test("uses the keys, the faults and the seed, and logs no secrets", async () => {
    const faults = join(folder, "faults.json");
    const log = join(folder, "requests.log");
    writeFileSync(
      faults,
      JSON.stringify({
        rules: [
          { kind: "delay", ms: 3_600_000, calls: 3 },
          { kind: "throttling", calls: 2 },
        ],
      }),
    );
    const service = start(
      ...["--access-key-id", "LTAIgiven", "--access-key-secret", "given-secret"],
      ...["--faults", faults, "--log", log, "--seed", "7"],
    );
    const ecs = JSON.parse(await service.first) as Service;
    expect([ecs.accessKeyId, ecs.accessKeySecret]).toEqual(["LTAIgiven", "given-secret"]);
    const parameters = { RegionId: "cn-hangzhou", Name: "secret-farm" };
    const created = await ask(ecs, "CreateHpcCluster", parameters);
    expect((await ask(ecs, "CreateHpcCluster", parameters)).json["Code"]).toBe("Throttling.User");
    const leaving = new AbortController();
    const lost = ask(ecs, "DescribeRegions", {}, { signal: leaving.signal }).catch((error: unknown) => error);
    expect((await ask(ecs, "DescribeRegions", {}, { tampered: { Version: "1" } })).status).toBe(400);
    service.child.kill("SIGTERM"); // also during a call that takes an hour
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(await lost).toBeInstanceOf(Error);
    const text = readFileSync(log, "utf8");
    const [first, second] = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toEqual({
      time: expect.any(String) as string,
      action: "CreateHpcCluster",
      regionId: "cn-hangzhou",
      status: 200,
      requestId: created.json["RequestId"],
      ms: expect.any(Number) as number,
      committed: true,
    });
    expect(second).toMatchObject({ status: 400, code: "Throttling.User", fault: "throttling" });
    for (const secret of ["LTAIgiven", "given-secret", "secret-farm", "Signature"]) {
      expect(text).not.toContain(secret);
    }
  });
});

describe("an invalid command line", () => {
  test.concurrent.each([
    [["--bogus"], "Unknown option '--bogus'"],
    [["extra"], 'The emulator takes no argument "extra".'],
    [["--port"], "--port"],
    [["--port", "99999"], '--port must be a whole number from 0 to 65535, not "99999".'],
    [["--port", "x"], '--port must be a whole number from 0 to 65535, not "x".'],
    [["--seed", "-1"], "--seed"],
    [["--access-key-id", "a"], "--access-key-id and --access-key-secret must be set together."],
    [["--access-key-secret", "a"], "--access-key-id and --access-key-secret must be set together."],
    [["--faults", "/nonexistent.json"], "/nonexistent.json is not a valid fault plan:"],
  ])("%j exits with 2 and the reason", async (args, message) => {
    const service = start(...args);
    expect(await service.ended).toEqual({ code: 2, signal: null });
    expect(service.out).toEqual([]);
    expect(service.err()).toContain(message);
    expect(service.err()).toContain("Usage: pulumi-alicloud-hpc emulator");
  });

  test("exits with 1 and one line when the port is in use", async () => {
    const first = start();
    const { port } = new URL((JSON.parse(await first.first) as Service).endpoint);
    const second = start("--port", port);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.err()).toBe(
      `Port ${port} on 127.0.0.1 is in use. Stop the process that uses it, or choose another port (0: a free one).\n`,
    );
    first.child.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
  });

  test("lists every problem of a fault file", async () => {
    const faults = join(folder, "bad.json");
    writeFileSync(faults, JSON.stringify({ rules: [{ kind: "reset", when: "x" }, { kind: "y" }] }));
    const service = start("--faults", faults);
    expect((await service.ended).code).toBe(2);
    expect(service.err()).toContain("rules[0].when");
    expect(service.err()).toContain("rules[1].kind");
  });

  test("prints the usage for --help", async () => {
    const service = start("--help");
    expect((await service.ended).code).toBe(0);
    expect(service.out[0]).toBe("Usage: pulumi-alicloud-hpc emulator [options]");
  });
});
