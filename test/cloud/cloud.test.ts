/** The comparison, compared: with the local ECS itself, and with one that is deliberately different. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../provider/config.ts";
import { credentialSource } from "../../provider/ecs/credentials.ts";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { accountIn, endpointOf, environmentNames, redactor, shownKeyId } from "./account.ts";
import type { Finding } from "./comparison.ts";
import { contract, facts, titleOf } from "./contract.ts";

const prefix = "hpctest-abc123-";
let ecs: Emulator;
let folder: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  ecs = await startEmulator();
  folder = mkdtempSync(path.join(tmpdir(), "cloud-test-"));
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL"); // a test that failed half-way leaves its run behind
  await ecs.close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command with this account in its environment. */
function start(args: readonly string[], account: Record<string, string> = keys()) {
  const foreign = /^(ALICLOUD|ALIBABA|ECS_ENDPOINT|https?_proxy$|NODE_OPTIONS|NODE_V8_COVERAGE)/i;
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "cloud.ts"), ...args], {
    env: { ...Object.fromEntries(inherited), ...account },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, ...said });
    });
  });
  /** Sends it the signal, and settles once it has heard it: the answer to a call could come first otherwise. */
  const interrupt = (signal: NodeJS.Signals): Promise<void> =>
    new Promise((resolve, reject) => {
      child.stderr.on("data", () => {
        if (said.err.includes("Interrupted; what has been made is removed first.")) resolve();
      });
      child.once("close", () => reject(new Error(`It ended without a word of ${signal}: ${said.err}`)));
      child.kill(signal);
    });
  return { child, ended, interrupt };
}

const keys = (): Record<string, string> => ({
  ALICLOUD_ACCESS_KEY: ecs.accessKeyId,
  ALICLOUD_SECRET_KEY: ecs.accessKeySecret,
  ALICLOUD_REGION: "cn-hangzhou",
  ALIBABA_CLOUD_ENDPOINT_ECS: ecs.endpoint,
});

const run = (...args: readonly string[]): Promise<Ended> => start(args).ended;
const runContract = (...args: readonly string[]): Promise<Ended> => run("--yes", "--contract-only", ...args);
const madeBy = (): number => ecs.calls("CreateHpcCluster").filter(({ committed }) => committed).length;

/** The lines of the differences: what the local ECS does, and what the service did. */
function differencesIn(out: string): { name: string; emulator: string; service: string }[] {
  const table = out.slice(0, out.indexOf("\nDifferences\n") + 1);
  return [...table.matchAll(/^ {2}differs {2}(.*)\n {13}local ECS {2}(.*)\n {13}service {4}(.*)$/gm)].map(
    ([, name = "", emulator = "", service = ""]) => ({ name, emulator, service }),
  );
}

describe("against the local ECS itself", () => {
  test("nothing differs, every fact has an answer, nothing is left, no secret is written", async () => {
    const others = ecs.store.add({ name: "somebody-s", description: "not for the test" });
    const json = path.join(folder, "findings.json");
    const { code, out, err } = await run("--yes", "--json", json);
    expect({ code, differences: differencesIn(out) }).toEqual({ code: 0, differences: [] });
    expect(out).toMatch(/^\d+ checks: \d+ the same, 0 different\.$/m);
    expect(out).toMatch(/^ {2}same {5}destroy +delete; nothing there$/m);
    expect(out).toMatch(/^ {2}Must names be unique\?\n {4}no, two clusters can have one name$/m);
    expect(ecs.store.clusters()).toEqual([others]);
    // The plan is kept.
    expect(out).toContain(`creates      ${madeBy()} HPC clusters`);
    const [, mark = ""] = /a name that starts with (hpctest-\w+-)/.exec(out) ?? [];
    const unmarked = ecs
      .calls("CreateHpcCluster")
      .filter(
        ({ params }) => ![params["Name"], params["Description"]].some((text) => text?.startsWith(mark)),
      );
    expect(unmarked).toEqual([]);
    expect(new Set(ecs.store.clusters().map(({ regionId }) => regionId))).toEqual(new Set(["cn-hangzhou"]));

    const written = readFileSync(json, "utf8");
    const { findings, removal } = JSON.parse(written) as { findings: Finding[]; removal: object };
    expect(findings.length).toBeGreaterThan(contract.length);
    expect(findings.every(({ same }) => same)).toBe(true);
    expect(removal).toMatchObject({ left: [] });
    for (const text of [out, err, written]) {
      expect(text).not.toContain(ecs.accessKeyId);
      expect(text).not.toContain(ecs.accessKeySecret);
      expect(text).not.toMatch(/Signature=(?!\[redacted\])/);
    }
  });

  test("a temporary key: nothing differs either", async () => {
    const key = ecs.accounts.issueToken(ecs.accountId);
    const { code, out, err } = await start(["--yes", "--contract-only"], {
      ...keys(),
      ALICLOUD_ACCESS_KEY: key.accessKeyId,
      ALICLOUD_SECRET_KEY: key.accessKeySecret,
      ALICLOUD_SECURITY_TOKEN: key.securityToken,
    }).ended;
    expect({ code, differences: differencesIn(out) }).toEqual({ code: 0, differences: [] });
    for (const text of [out, err]) expect(text).not.toContain(key.securityToken);
  });

  test("throttling is waited for, and an answer that got lost is asked for again", async () => {
    ecs.faults.add({ kind: "throttling", action: "ModifyHpcClusterAttribute", calls: 3 });
    ecs.faults.add({ kind: "reset", action: "CreateHpcCluster", calls: 2, when: "afterCommit" });
    const { code, out } = await runContract();
    expect({ code, differences: differencesIn(out) }).toEqual({ code: 0, differences: [] });
    expect(ecs.faults.injected).toEqual({ throttling: 1, reset: 1 });
    expect(ecs.store.clusters()).toEqual([]);
  });
});

describe("against another service", () => {
  test("another error code is a difference, in the table, in the summary and in the exit code", async () => {
    const ids = new Set<unknown>();
    await runContract();
    for (const { params } of ecs.calls("DescribeHpcClusters")) ids.add(params["HpcClusterIds"]);
    const isUnknown = (id: string | undefined) =>
      id?.startsWith("hpc-") === true && !ids.has(JSON.stringify([id]));
    const before = ecs.calls("ModifyHpcClusterAttribute");
    const at = before.findIndex(
      ({ params, code }) => isUnknown(params["HpcClusterId"]) && code !== undefined,
    );
    expect(at).toBeGreaterThan(0);

    const message = "Modify failed, possibly this hpc cluster does not exist";
    ecs.faults.add({
      ...{ kind: "error", action: "ModifyHpcClusterAttribute", calls: at + 1 },
      ...{ status: 400, code: "HPC_CLUSTER_MODIFY_FAILED", message },
    });
    const { code, out } = await runContract();
    expect(code).toBe(1);
    expect(differencesIn(out)).toEqual([
      {
        name: "an unknown id",
        emulator: "400 HpcClusterNotExists",
        service: "400 HPC_CLUSTER_MODIFY_FAILED",
      },
    ]);
    expect(out).toContain(`it says    ${message}`);
    expect(out).toContain(", 1 different.");
    expect(ecs.store.clusters()).toEqual([]);
  });

  test("a new cluster that shows late is a difference and the answer to a fact, and is removed", async () => {
    ecs.faults.add({ kind: "lateVisible", describes: 2 });
    const { code, out } = await runContract();
    expect(code).toBe(1);
    expect(differencesIn(out)).toEqual([
      {
        name: "a new cluster is shown",
        emulator: "in the first look",
        service: expect.stringMatching(/^later \(in look 3, \d+ ms after the answer\)$/) as string,
      },
    ]);
    expect(out).toMatch(/How soon does a new cluster show.*\n {4}not at once \(in look 3/);
    expect(ecs.store.clusters()).toEqual([]);
  });

  test("without the action nothing is asked twice, and everything is told", async () => {
    ecs.accounts.deny(ecs.accountId, "ModifyHpcClusterAttribute");
    const { code, out } = await runContract();
    expect(code).toBe(1);
    expect(out).toMatch(/differs {2}its fields\n.*\n {13}service {4}403 Forbidden\.RAM/);
    expect(ecs.store.clusters()).toEqual([]);
  });
});

describe("whatever happens, nothing is left", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s while a creation is under way", async (signal, exitCode) => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const { child, ended, interrupt } = start(["--yes", "--contract-only", "--prefix", prefix]);
    await hold.reached;
    expect(ecs.store.clusters()).toHaveLength(1);
    const heard = interrupt(signal);
    child.kill(signal); // as npm passes on what the terminal has sent already
    await heard;
    hold.release();
    const { code, out, err } = await ended;
    expect({ code, left: ecs.store.clusters() }).toEqual({ code: exitCode, left: [] });
    expect(err).toContain(`Interrupted by ${signal}.`);
    expect(out).toContain(`Nothing with the mark ${prefix} is left`);
    expect(out).toMatch(/^1 checks: .* not asked\.$|^0 checks: .* not asked\.$/m);
  });

  test("SIGINT while the creation's answer is lost", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const { ended, interrupt } = start(["--yes", "--contract-only"]);
    await hold.reached;
    await interrupt("SIGINT");
    hold.drop();
    expect({ code: (await ended).code, left: ecs.store.clusters() }).toEqual({ code: 130, left: [] });
  });

  test("SIGTERM while the provider is creating", async () => {
    const { child, ended } = start(["--yes", "--prefix", prefix]);
    await ecs.until(() => ecs.store.clusters({ name: `${prefix}life` }).length > 0);
    child.kill("SIGTERM");
    const { code, out } = await ended;
    expect({ code, left: ecs.store.clusters() }).toEqual({ code: 143, left: [] });
    expect(out).toContain(`Nothing with the mark ${prefix} is left`);
  });

  test("what cannot be removed is listed, exit code 3; --cleanup removes it later, and nothing else", async () => {
    const others = [
      ecs.store.add({ name: "hpctest-mine" }),
      ecs.store.add({ name: "farm", description: `about ${prefix}` }),
      ecs.store.add({ name: "hpctest-def456-of-another-run" }),
      ecs.store.add({ name: `${prefix}elsewhere`, regionId: "cn-beijing" }),
    ];
    const notEmpty = ecs.faults.add({
      ...{ kind: "error", action: "DeleteHpcCluster", calls: { from: 2 }, status: 400 },
      ...{ code: "NotEmpty.HpcCluster", message: "The specified hpc cluster is not empty." },
    });
    const { code, out } = await runContract("--prefix", prefix);
    const left = ecs.store
      .clusters()
      .filter(({ hpcClusterId: id }) => !others.some((o) => o.hpcClusterId === id));
    expect(code).toBe(3);
    expect(left.length).toBeGreaterThan(10);
    for (const { hpcClusterId } of left) {
      expect(out).toContain(`  ${hpcClusterId}  `);
    }
    expect(out).toContain("NotEmpty.HpcCluster");
    expect(out).toContain(`npm run test:cloud -- --cleanup --yes --prefix ${prefix}`);

    const again = await runContract("--prefix", prefix);
    expect(again.code).toBe(3);
    expect(again.err).toContain("There are clusters with this prefix already");
    expect((await run("--cleanup", "--yes", "--prefix", prefix)).code).toBe(3);

    notEmpty.remove();
    const cleaned = await run("--cleanup", "--yes", "--prefix", prefix);
    expect(cleaned.code).toBe(0);
    expect(cleaned.out.match(/^removed hpc-/gm)).toHaveLength(left.length);
    expect(ecs.store.clusters()).toEqual(others);

    expect((await run("--cleanup", "--yes")).code).toBe(0);
    expect(ecs.store.clusters()).toEqual(
      others.filter(({ name }) => name !== "hpctest-def456-of-another-run"),
    );
  });
});

describe("nothing is made", () => {
  test("without --yes: it says what it would do, and asks nothing", async () => {
    const { code, out, err } = await run("--prefix", prefix);
    expect({ code, err, asked: ecs.requests.length }).toEqual({ code: 2, err: "", asked: 0 });
    for (const part of [
      `with ${prefix}`,
      "cn-hangzhou",
      `…${ecs.accessKeyId.slice(-4)}:`,
      "DeleteHpcCluster",
    ]) {
      expect(out).toContain(part);
    }
    expect(out).toContain(`npm run test:cloud -- --yes --prefix ${prefix}`);
    expect(out).not.toContain(ecs.accessKeyId);
    const cleanup = await run("--cleanup");
    expect({ code: cleanup.code, asked: ecs.requests.length }).toEqual({ code: 2, asked: 0 });
    expect(cleanup.out).toContain("This would delete every HPC cluster in cn-hangzhou");
  });

  test.each([
    ["ALICLOUD_ACCESS_KEY", "an access key (ALICLOUD_ACCESS_KEY or"],
    ["ALICLOUD_SECRET_KEY", "its secret (ALICLOUD_SECRET_KEY or"],
    ["ALICLOUD_REGION", "a region (--region, or ALICLOUD_REGION or"],
  ])("without %s: one message", async (name, wanted) => {
    const { [name]: _, ...rest } = keys();
    const { code, out, err } = await start(["--yes"], rest).ended;
    expect({ code, out, asked: ecs.requests.length }).toEqual({ code: 2, out: "", asked: 0 });
    expect(err).toContain(wanted);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test.each([
    [["--region", "cn-hangzhou.example.com/"], "The region must be an id"],
    [["--prefix", "a"], "--prefix must be hpctest-"],
    [["--prefix", "hpctest-"], "--prefix must be hpctest-"],
    [["--json", "/nonexistent/findings.json"], "--json: "],
    [["--endpoint", "http://["], "--endpoint must be"],
    [["--bogus"], "Usage: npm run test:cloud"],
  ])("%j cannot be", async (args, message) => {
    const { code, err } = await runContract(...args);
    expect({ code, asked: ecs.requests.length }).toEqual({ code: 2, asked: 0 });
    expect(err).toContain(message);
  });

  test("with a key that the service does not know, or that may not delete", async () => {
    const stranger = { ...keys(), ALICLOUD_SECRET_KEY: "0123456789abcdef" };
    const refused = await start(["--yes", "--contract-only"], stranger).ended;
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("does not answer this key: 400 SignatureDoesNotMatch");
    ecs.accounts.deny(ecs.accountId, "DeleteHpcCluster");
    const maker = await runContract();
    expect(maker.code).toBe(1);
    expect(maker.err).toContain("may not delete HPC clusters (403 Forbidden.RAM), so none are made");
    expect(ecs.calls("CreateHpcCluster")).toEqual([]);
  });
});

describe("the parts", () => {
  test("every check has a title of its own, and every fact is told by checks that exist", () => {
    const titles = contract.map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
    for (const { from } of facts) for (const { check } of from) expect(titles).toContain(check);
  });

  test("the environment names are the provider's", () => {
    for (const name of environmentNames.region) {
      expect(readSettings(() => undefined, { [name]: "cn-x" }).region).toBe("cn-x");
    }
    for (const name of environmentNames.endpoint) {
      expect(readSettings(() => undefined, { [name]: "ecs.x" }).endpoint.override).toBe("ecs.x");
      expect(accountIn({ [name]: "ecs.x" }).endpoint).toBe("ecs.x");
    }
    environmentNames.accessKey.forEach((key, at) => {
      const environment = {
        [key]: "LTAIkey",
        [environmentNames.secretKey[at]!]: "secret",
        [environmentNames.securityToken[at]!]: "token",
      };
      const expected = { accessKeyId: "LTAIkey", accessKeySecret: "secret", securityToken: "token" };
      expect(accountIn(environment).credentials).toEqual(expected);
      const { credentials } = readSettings(() => undefined, environment);
      expect(credentials.base).toMatchObject({ kind: "static", credentials: expected });
      expect(credentialSource(credentials).source).toContain(key);
    });
  });

  test("endpoints", () => {
    expect(endpointOf("cn-hangzhou", undefined)).toBe("https://ecs-cn-hangzhou.aliyuncs.com");
    expect(endpointOf("eu-central-1", undefined)).toBe("https://ecs.eu-central-1.aliyuncs.com");
    expect(endpointOf("cn-hangzhou", "http://127.0.0.1:1/")).toBe("http://127.0.0.1:1");
  });

  test("secrets are kept out, also where the service or a URL repeats them", () => {
    const token = "CAIS/a+b==";
    const clean = redactor({ accessKeyId: "LTAIkey0key1", accessKeySecret: "sec+ret", securityToken: token });
    for (const text of [
      "key LTAIkey0key1 sec+ret CAIS/a+b==",
      `SecurityToken=${encodeURIComponent(token)}&Signature=OLeaidS1JvxuMvnyHOwuJ%2BuX5qY%3D`,
      `not matched. server string to sign is:POST&%2F&AccessKeyId%3DLTAIkey0key1%26SecurityToken%3D${encodeURIComponent(encodeURIComponent(token))}`,
      "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
    ]) {
      expect(clean(text)).not.toMatch(/LTAIkey|sec\+ret|CAIS|OLeaidS1/);
    }
    expect(clean("hpctest-abc123-life")).toBe("hpctest-abc123-life");
    expect([shownKeyId("LTAI5t0123456789abcd"), shownKeyId("short")]).toEqual(["…abcd", "…"]);
  });
});
