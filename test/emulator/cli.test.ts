import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
      ids: [created.json["HpcClusterId"]],
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

describe("a state file", () => {
  test("keeps clusters, instances, ClientTokens and the key, also of a process that was killed", async () => {
    const file = join(folder, "state.json");
    const first = start("--state", file);
    const ecs = JSON.parse(await first.first) as Service;
    const farm = { RegionId: "cn-hangzhou", Name: "farm", ClientToken: "once" };
    const { HpcClusterId } = (await ask(ecs, "CreateHpcCluster", farm)).json;
    const node = {
      ...{ RegionId: "cn-hangzhou", ImageId: "aliyun_3", InstanceType: "ecs.sccg7.32xlarge" },
      ...{ HpcClusterId: String(HpcClusterId), VSwitchId: "vsw-1", Password: "A-secret-1" },
    };
    await ask(ecs, "RunInstances", { ...node, ClientToken: "node" });
    const stored = async (service: Service) =>
      await Promise.all(
        ["clusters", "instances"].map(async (path) =>
          (await fetch(`${service.endpoint}/_emulator/${path}`)).json(),
        ),
      );
    const before = await stored(ecs);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(readFileSync(file, "utf8")).not.toContain(node.Password);
    expect(readdirSync(folder).filter((name) => name.startsWith("state.json"))).toEqual(["state.json"]);

    const second = start("--state", file);
    const again = JSON.parse(await second.first) as Service;
    expect(again).toEqual({ ...ecs, endpoint: again.endpoint });
    expect(await stored(again)).toEqual(before);
    expect((await ask(again, "CreateHpcCluster", farm)).json["HpcClusterId"]).toBe(HpcClusterId);
    await ask(again, "RunInstances", node);
    const ips = (await stored(again))[1] as { rdmaIpAddresses: string[] }[];
    expect(ips.map((each) => each.rdmaIpAddresses)).toEqual([["192.168.0.1"], ["192.168.0.2"]]);
    second.child.kill("SIGTERM");
    await second.ended;
  });

  const key = { accountId: "1", accessKeyId: "a", accessKeySecret: "b" };
  const cluster = {
    accountId: "1",
    regionId: "cn-hangzhou",
    hpcClusterId: "hpc-1",
    name: "a",
    description: "",
  };
  const state = (clusters: unknown[]) =>
    JSON.stringify({ version: 1, key, store: { clusters, instances: [], started: 0 }, tokens: [] });
  test.concurrent.each([
    ["cut", state([cluster]).slice(0, 50), "JSON"],
    ["other", "[]", "the content: must be an object"],
    ["newer", state([]).replace("1", "2"), "version: must be 1, not 2"],
    ["wrong", state([{ ...cluster, name: 1 }]), "store.clusters[0].name: must be a string, not 1"],
    ["twice", state([cluster, cluster]), "hpc-1 exists twice"],
  ])("that is damaged (%s) is an error of one line, and stays as it is", async (name, content, reason) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, content);
    const service = start("--state", file);
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.err()).toMatch(/^.* is not a state file of this emulator: .* It was not changed: .*\n$/);
    expect(service.err()).toContain(reason);
    expect(readFileSync(file, "utf8")).toBe(content);
  });

  test("that cannot be written is an error of one line", async () => {
    const service = start("--state", join(folder, "nowhere", "state.json"));
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.err()).toMatch(/^ENOENT: .*nowhere.*\n$/);
  });
});

describe("an invalid command line", () => {
  test.concurrent.each([
    [["--bogus"], "Unknown option '--bogus'."],
    [["extra"], 'The emulator takes no argument "extra".'],
    [["--port"], "Option '--port <value>' argument missing."],
    [["--port", "99999"], '--port must be a whole number from 0 to 65535, not "99999".'],
    [["--port", "x"], '--port must be a whole number from 0 to 65535, not "x".'],
    [["--seed", "-1"], "--seed"],
    [["--access-key-id", "a"], "--access-key-id and --access-key-secret must be set together."],
    [["--access-key-secret", "a"], "--access-key-id and --access-key-secret must be set together."],
  ])("%j exits with 2 and the reason", async (args, message) => {
    const service = start(...args);
    expect(await service.ended).toEqual({ code: 2, signal: null });
    expect(service.out).toEqual([]);
    expect(service.err()).toContain(message);
    expect(service.err()).toMatch(/^.* "pulumi-alicloud-hpc emulator --help" lists the options\.\n$/);
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
    expect(service.err()).toContain(`${faults} is not a valid fault plan:`);
    expect(service.err()).toContain("rules[0].when");
    expect(service.err()).toContain("rules[1].kind");
  });

  test("prints the usage for --help", async () => {
    const service = start("--help");
    expect((await service.ended).code).toBe(0);
    expect(service.out[0]).toBe("Usage: pulumi-alicloud-hpc emulator [options]");
  });

  test("prints the version of the package for --version", async () => {
    const manifest = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
    const service = start("--version");
    expect((await service.ended).code).toBe(0);
    expect(service.out).toEqual([(JSON.parse(manifest) as { version: string }).version]);
  });
});
