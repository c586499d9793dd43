/** `npm run test:cloud`, with the emulator as a stand-in for the real service. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { defaultRegions } from "../../emulator/regions.ts";
import { serviceIn } from "../contract/target.ts";
import { main, mostAtATime, mostClusters } from "./cloud.ts";
import { isAlive } from "../engine/engine.ts";
import { descendantsOf } from "../engine/engineProcesses.ts";

const prefix = "hpctest-abc123-";
let ecs: Emulator;
let child: ChildProcess | undefined;

beforeEach(async () => {
  // One region more than the reference lists: a difference where the reference is uncertain.
  ecs = await startEmulator({ regions: [...defaultRegions, "cn-moon-1"] });
});
afterEach(async () => {
  child?.kill("SIGKILL"); // after a test that failed half-way
  await ecs.stop();
});

/** An environment with an account of the stand-in, and without this test run's own variables. */
function environment(account: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const foreign =
    /^(ALICLOUD|ALIBABA|CONTRACT|VITEST|NODE_OPTIONS|NODE_ENV|TEST$|FORCE_COLOR|https?_proxy$)/i;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
    ALICLOUD_ACCESS_KEY: ecs.accessKeyId,
    ALICLOUD_SECRET_KEY: ecs.accessKeySecret,
    ALICLOUD_REGION: "cn-hangzhou",
    ALIBABA_CLOUD_ENDPOINT_ECS: ecs.endpoint,
    ...account,
  };
}

async function run(
  args: readonly string[],
  account: Record<string, string | undefined> = {},
): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const code = await main(args, environment(account), (line) => lines.push(line));
  return { code, out: lines.join("\n") };
}

/** The most clusters that existed at the same time, other people's not counted. */
function mostThatExisted(): number {
  let now = 0;
  return ecs.requests.reduce((most, { action, committed }) => {
    now += !committed ? 0 : action === "CreateHpcCluster" ? 1 : action === "DeleteHpcCluster" ? -1 : 0;
    return Math.max(most, now);
  }, 0);
}

describe("a run", () => {
  test("creates no more than announced, repeats throttled and lost calls, records differences, and deletes everything", async () => {
    const others = [ecs.store.add({ name: "farm" }), ecs.store.add({ name: "hpctest-mine" })];
    ecs.faults.add({ kind: "throttling", action: "ModifyHpcClusterAttribute", calls: 3 });
    ecs.faults.add({ kind: "reset", action: "CreateHpcCluster", calls: 2, when: "afterCommit" });
    const key = ecs.accounts.issueToken(ecs.accountId);
    const { code, out } = await run(["--yes", "test/contract/"], {
      ALICLOUD_ACCESS_KEY: key.accessKeyId,
      ALICLOUD_SECRET_KEY: key.accessKeySecret,
      ALICLOUD_SECURITY_TOKEN: key.securityToken,
    });
    expect(out.replace(/.*\n.*Test Files/s, "")).toMatch(/^ .*8 passed/m);
    expect({ code, left: ecs.store.clusters() }).toEqual({ code: 0, left: others });
    expect(ecs.faults.injected).toEqual({ throttling: 1, reset: 1 });

    const [, recorded = ""] = /not failures:\n(.*?)\n\n/s.exec(out) ?? [];
    expect(recorded.split("\n")).toEqual([
      "returns the regions of the reference (uncertain)",
      expect.stringMatching(/^ {2}expected: (?!.*cn-moon-1)/),
      expect.stringMatching(/^ {2}service: {2}.*cn-moon-1/),
    ]);

    const creations = ecs.calls("CreateHpcCluster").filter(({ committed }) => committed);
    const [, mark = ""] = /starts with (hpctest-\w+-)/.exec(out) ?? [];
    expect(creations.length).toBeGreaterThan(50);
    expect(ecs.calls("CreateHpcCluster").length).toBeLessThanOrEqual(mostClusters);
    expect(mostThatExisted()).toBeLessThanOrEqual(mostAtATime);
    for (const { params, regionId } of creations) {
      expect([params["Name"], params["Description"]].some((text) => text?.startsWith(mark))).toBe(true);
      expect(regionId).toBe("cn-hangzhou");
    }
    for (const secret of [key.accessKeyId, key.accessKeySecret, key.securityToken]) {
      expect(out).not.toContain(secret);
    }
  });

  test("waits for clusters that are shown late, and records that as a difference", async () => {
    ecs.faults.add({ kind: "lateVisible", describes: 2 });
    const { code, out } = await run(["--yes", "test/contract/create"]);
    expect({ code, left: ecs.store.clusters() }).toEqual({ code: 0, left: [] });
    expect(out).toMatch(/not failures:\nshows a new cluster at once \(uncertain\)\n {2}expected: hpc-/);
  });

  test("exits with 1 when a test fails, and deletes everything", async () => {
    ecs.accounts.deny(ecs.accountId, "ModifyHpcClusterAttribute");
    const { code, out } = await run(["--yes", "test/contract/modify"]);
    expect({ code, left: ecs.store.clusters() }).toEqual({ code: 1, left: [] });
    expect(out).toContain("Forbidden.RAM");
  });

  test("lists what could not be deleted and exits with 3; --cleanup deletes it later, and nothing else", async () => {
    const others = [
      ecs.store.add({ name: "hpctest-mine" }),
      ecs.store.add({ name: "farm", description: `about ${prefix}` }),
      ecs.store.add({ name: `${prefix}elsewhere`, regionId: "cn-beijing" }),
    ];
    const otherRun = ecs.store.add({ name: "hpctest-def456-of-another-run" });
    const notEmpty = ecs.faults.add({
      ...{ kind: "error", action: "DeleteHpcCluster", calls: { from: 2 }, status: 400 },
      ...{ code: "NotEmpty.HpcCluster", message: "The specified hpc cluster is not empty." },
    });
    const { code, out } = await run(["--yes", "test/contract/modify"]);
    const all = [...others, otherRun].map(({ hpcClusterId }) => hpcClusterId);
    const left = ecs.store.clusters().filter(({ hpcClusterId }) => !all.includes(hpcClusterId));
    expect({ code, left: left.length > 2 }).toEqual({ code: 3, left: true });
    for (const { hpcClusterId, name } of left) {
      expect(out).toContain(`  ${hpcClusterId} ${name}: 400 NotEmpty.HpcCluster`);
    }
    const [, mark = ""] = /--cleanup --yes --prefix (hpctest-\w+-)$/m.exec(out) ?? [];
    expect((await run(["--cleanup", "--yes", "--prefix", mark])).code).toBe(3);

    notEmpty.remove();
    const cleaned = await run(["--cleanup", "--yes", "--prefix", mark]);
    expect(cleaned.code).toBe(0);
    expect(cleaned.out.match(/^Deleted hpc-/gm)).toHaveLength(left.length);
    expect(ecs.store.clusters()).toHaveLength(all.length);
    expect((await run(["--cleanup", "--yes"])).code).toBe(0);
    expect(ecs.store.clusters()).toEqual(others);
  });

  test.each([
    ["SIGINT", 130, "test/contract/create"],
    ["SIGTERM", 143, "test/cloud/realLife"],
  ] as const)(
    "deletes everything after %s during a creation, and exits with %i (%s)",
    async (signal, exitCode, file) => {
      const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
      const started = spawn(process.execPath, [path.join(import.meta.dirname, "cloud.ts"), "--yes", file], {
        env: environment(),
        stdio: ["ignore", "pipe", "inherit"],
      });
      child = started;
      let out = "";
      started.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      const closed = new Promise<number | null>((resolve) => started.once("close", resolve));
      await hold.reached;
      expect(ecs.store.clusters()).toHaveLength(1);
      const processes = descendantsOf(started.pid!);
      started.kill(signal);
      started.kill(signal); // npm passes on a signal that the terminal has sent already
      expect({ code: await closed, left: ecs.store.clusters() }).toEqual({ code: exitCode, left: [] });
      expect(out).toContain(`Interrupted by ${signal}.`);
      expect(out).toMatch(/^No cluster with the prefix hpctest-\w+- is left\.$/m);
      // A provider that is still running could create the cluster again.
      await vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]), 10_000);
    },
  );
});

describe("nothing is created", () => {
  test("without --yes: it prints what it would do, and calls nothing", async () => {
    const { code, out } = await run([]);
    expect({ code, calls: ecs.requests.length }).toEqual({ code: 2, calls: 0 });
    for (const part of ["cn-hangzhou", `ends in ${ecs.accessKeyId.slice(-4)}.`, "hpctest-", "at most"]) {
      expect(out).toContain(part);
    }
    expect(out).not.toContain(ecs.accessKeyId);
    const cleanup = await run(["--cleanup"]);
    expect({ code: cleanup.code, calls: ecs.requests.length }).toEqual({ code: 2, calls: 0 });
    expect(cleanup.out).toContain("This deletes every HPC cluster in cn-hangzhou");
  });

  test.each<[string, Record<string, string | undefined>]>([
    ["Set ALICLOUD_ACCESS_KEY in", { ALICLOUD_ACCESS_KEY: undefined }],
    ["Set ALICLOUD_SECRET_KEY in", { ALICLOUD_SECRET_KEY: "" }],
    ["Set ALICLOUD_REGION in", { ALICLOUD_REGION: undefined }],
    ["ALICLOUD_REGION must be an id", { ALICLOUD_REGION: "cn-hangzhou.example.com/" }],
    ["ALIBABA_CLOUD_ENDPOINT_ECS must be", { ALIBABA_CLOUD_ENDPOINT_ECS: "http://[" }],
  ])("%s the environment", async (message, account) => {
    const { code, out } = await run(["--yes"], account);
    expect({ code, calls: ecs.requests.length }).toEqual({ code: 2, calls: 0 });
    expect(out).toContain(message);
  });

  test.each([
    [["--cleanup", "--prefix", "a"]],
    [["--cleanup", "--prefix", "hpctest-"]],
    [["--prefix", prefix]],
    [["--bogus"]],
  ])("with %j", async (args) => {
    const { code, out } = await run(["--yes", ...args]);
    expect({ code, calls: ecs.requests.length }).toEqual({ code: 2, calls: 0 });
    expect(out).toContain("Usage: npm run test:cloud");
  });

  test("with a key that the service does not accept, or that may not delete", async () => {
    const refused = await run(["--yes"], { ALICLOUD_SECRET_KEY: "0123456789abcdef" });
    expect(refused.code).toBe(1);
    expect(refused.out).toContain("does not accept this key: ");
    expect(refused.out).toContain("400 SignatureDoesNotMatch");
    ecs.accounts.deny(ecs.accountId, "DeleteHpcCluster");
    const creator = await run(["--yes"]);
    expect(creator.code).toBe(1);
    expect(creator.out).toContain("may not delete HPC clusters (403 Forbidden.RAM");
    expect(ecs.calls("CreateHpcCluster")).toEqual([]);
  });

  test("prints no secret that the service repeats in a message", async () => {
    const { accessKeyId, accessKeySecret } = ecs;
    ecs.faults.add({
      ...{ kind: "error", status: 400, code: "SignatureDoesNotMatch" },
      message: `Signed with ${accessKeySecret}. server string to sign is:POST&AccessKeyId%3D${accessKeyId}`,
    });
    const { out } = await run(["--yes"]);
    expect(out).toContain("400 SignatureDoesNotMatch: Signed with [redacted].");
    for (const secret of [accessKeyId, accessKeySecret, "string to sign"]) {
      expect(out).not.toContain(secret);
    }
  });
});

test("the endpoint is the region's own, unless another is set", () => {
  const endpointIn = (ALICLOUD_REGION: string, ALIBABA_CLOUD_ENDPOINT_ECS?: string) =>
    serviceIn(environment({ ALICLOUD_REGION, ALIBABA_CLOUD_ENDPOINT_ECS }), prefix).endpoint;
  expect(endpointIn("cn-hangzhou")).toBe("https://ecs-cn-hangzhou.aliyuncs.com");
  expect(endpointIn("eu-central-1")).toBe("https://ecs.eu-central-1.aliyuncs.com");
  expect(endpointIn("cn-hangzhou", "ecs-vpc.cn-hangzhou.aliyuncs.com")).toMatch(/^https:\/\/ecs-vpc\./);
  expect(endpointIn("cn-hangzhou", "http://127.0.0.1:1/")).toBe("http://127.0.0.1:1");
});
