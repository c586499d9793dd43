/**
 * Promise: an audit finds every difference between states and the service, names the command that repairs it, and never says
 * that all is well when it could not look everywhere. The truth is the store of the local ECS.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startEmulator, type Emulator, type NewCluster } from "../../emulator/emulator.ts";
import { audit, type AuditOptions, type AuditReport } from "../../provider/audit/audit.ts";
import { runAudit } from "../../provider/audit/cli.ts";
import { hideDeveloperSettings } from "./developerSettings.ts";

const [hangzhou, beijing, shanghai] = ["cn-hangzhou", "cn-beijing", "cn-shanghai"] as const;
const types = {
  dynamic: "pulumi-nodejs:dynamic/alicloud:HpcCluster",
  plugin: "alicloud-hpc:index:HpcCluster",
  official: "alicloud:ecs/hpcCluster:HpcCluster",
};
const secretKey = "4dabf18193072939515e22adb298388d";
const encrypted = { [secretKey]: "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:bm9uY2U=:c2VjcmV0" };

let ecs: Emulator;
beforeEach(async () => {
  hideDeveloperSettings();
  ecs = await startEmulator({ regions: [hangzhou, beijing, shanghai] });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await ecs.stop();
});

const stored = (cluster: NewCluster) => ecs.store.add(cluster).hpcClusterId;

type Json = Record<string, unknown>;

const urnOf = (name: string, stack = "prod", type = types.plugin) =>
  `urn:pulumi:${stack}::farm::${type}::${name}`;

/** An entry of a state, as the engine writes it. */
function entry(name: string, id: string, more: Json = {}, stack = "prod", type = types.plugin): Json {
  const { inputs, outputs, ...fields } = more;
  return {
    ...{ urn: urnOf(name, stack, type), custom: true, type, id },
    inputs: { name, regionId: hangzhou, ...(inputs as Json) },
    outputs: { name, regionId: hangzhou, hpcClusterId: id, __accountId: ecs.accountId, ...(outputs as Json) },
    ...fields,
  };
}

function exported(resources: Json[], pending: Json[] = [], stack = "prod"): string {
  const root = {
    urn: `urn:pulumi:${stack}::farm::pulumi:pulumi:Stack::farm-${stack}`,
    type: "pulumi:pulumi:Stack",
  };
  const deployment = { resources: [root, ...resources], pending_operations: pending };
  return JSON.stringify({ version: 3, deployment });
}

async function auditOf(
  states: Record<string, string>,
  options: Partial<AuditOptions> = {},
): Promise<AuditReport> {
  return await audit({
    states: Object.entries(states).map(([source, text]) => ({ source, text })),
    config: {
      region: hangzhou,
      accessKey: ecs.accessKeyId,
      secretKey: ecs.accessKeySecret,
      endpoints: JSON.stringify([{ ecs: ecs.endpoint, sts: ecs.endpoint }]),
    },
    ...options,
  });
}

/** What was found, and the commands. */
const found = ({ findings }: AuditReport) =>
  findings.map(({ kind, hpcClusterId, repairs }) => [
    kind,
    hpcClusterId,
    ...repairs.map(({ command }) => command),
  ]);
const kinds = ({ findings }: AuditReport) => findings.map(({ kind }) => kind);

describe("findings", () => {
  test("of each kind, with the commands that repair them, and no call that changes anything", async () => {
    const held = stored({ name: "held" });
    const lost = stored({ name: "lost", regionId: beijing, instances: 2 });
    const twice = stored({ name: "twice" });
    const moved = stored({ name: "moved", regionId: beijing });
    const adopted = stored({ name: "adopted" });
    const prod = exported([
      entry("held", held),
      entry("gone", "hpc-gone"),
      entry("twice", twice),
      entry("abroad", "hpc-abroad", { outputs: { __accountId: "42" } }),
      entry("moved", moved, { protect: true }),
      entry("adopted", adopted, { inputs: { adopt: adopted } }),
    ]);
    const test = exported([entry("same", twice, {}, "test")], [], "test");
    const report = await auditOf({ "prod.json": prod, "test.json": test });

    expect(found(report)).toEqual([
      [
        "unheld",
        lost,
        `ALICLOUD_REGION=${beijing} pulumi import alicloud-hpc:index:HpcCluster lost ${lost} --stack <stack>`,
        `aliyun ecs DeleteHpcCluster --RegionId ${beijing} --HpcClusterId ${lost}`,
      ],
      ["gone", "hpc-gone", `pulumi refresh --stack prod --target ${urnOf("gone")}`],
      [
        "shared",
        twice,
        `pulumi state delete ${urnOf("twice")} --stack prod`,
        `pulumi state delete ${urnOf("same", "test")} --stack test`,
      ],
      ["otherAccount", "hpc-abroad", "npx pulumi-alicloud-hpc audit --profile <profile> prod.json"],
      [
        "otherRegion",
        moved,
        `pulumi state delete ${urnOf("moved")} --force --stack prod`,
        `ALICLOUD_REGION=${beijing} pulumi import alicloud-hpc:index:HpcCluster moved ${moved} --stack prod`,
      ],
      ["unprotected", adopted, `pulumi state protect ${urnOf("adopted")} --stack prod`],
    ]);
    expect(report).toMatchObject({ exitCode: 1, accountId: ecs.accountId, unseen: [], notes: [] });
    expect(report.regions.map(({ regionId }) => regionId).toSorted()).toEqual([beijing, hangzhou, shanghai]);
    expect(report.findings[0]).toMatchObject({ name: "lost", regionId: beijing, instances: 2 });
    expect(
      ecs.requests.map(({ action }) => action).filter((action) => !/^(Describe|Get)/.test(action)),
    ).toEqual([]);
  });

  test("none if all agree, on every host; a region of @pulumi/alicloud is its provider's", async () => {
    const provider = { urn: "urn:pulumi:prod::farm::pulumi:providers:alicloud::default", id: "p-1" };
    const official = (name: string, id: string, reference: string) => ({
      ...entry(name, id, { provider: reference }, "prod", types.official),
      outputs: { id, name },
    });
    const state = exported([
      { ...provider, type: "pulumi:providers:alicloud", inputs: { region: beijing } },
      entry("plugin", stored({ name: "plugin" }), { inputs: { adopt: "hpc-any" }, protect: true }),
      entry("dynamic", stored({ name: "dynamic" }), {}, "prod", types.dynamic),
      official(
        "official",
        stored({ name: "official", regionId: beijing }),
        `${provider.urn}::${provider.id}`,
      ),
      // Its region is only in the environment of its provider.
      official("elsewhere", stored({ name: "elsewhere", regionId: shanghai }), "unknown"),
    ]);
    expect(await auditOf({ state })).toMatchObject({ exitCode: 0, findings: [], unseen: [], notes: [] });

    const { hpcClusterId } = ecs.store.clusters({ name: "official" })[0]!;
    ecs.store.remove(hpcClusterId);
    ecs.store.add({ name: "official", hpcClusterId, regionId: shanghai });
    expect(kinds(await auditOf({ state }))).toEqual(["otherRegion"]);

    ecs.store.remove(hpcClusterId);
    ecs.store.remove(ecs.store.clusters({ name: "elsewhere" })[0]!.hpcClusterId);
    expect(kinds(await auditOf({ state }))).toEqual(["gone", "gone"]);
  });

  test("a cluster that no state holds comes into a program of the dynamic provider by adopt", async () => {
    const id = stored({ name: "lost", description: 'the "old" one' });
    const state = exported([entry("held", stored({ name: "held" }), {}, "prod", types.dynamic)]);
    expect(found(await auditOf({ state }))[0]![2]).toBe(
      `new HpcCluster("lost", { name: "lost", regionId: "${hangzhou}", description: "the \\"old\\" one", adopt: "${id}" });`,
    );
  });

  test("entries that wait for a deletion or a replacement, that were only read, and an interrupted creation", async () => {
    const [kept, replaced, read, begun] = ["kept", "replaced", "read", "begun"].map((name) =>
      stored({ name }),
    );
    const state = exported(
      [
        entry("kept", kept!),
        // The old entry of a replacement that has kept the cluster; another, whose cluster is gone.
        entry("kept", kept!, { delete: true }),
        entry("old", "hpc-old", { delete: true }),
        entry("replaced", replaced!, { pendingReplacement: true }),
        entry("read", read!, { external: true }),
      ],
      [
        {
          type: "creating",
          resource: {
            urn: urnOf("begun"),
            type: types.plugin,
            inputs: { name: "begun", regionId: hangzhou },
          },
        },
      ],
    );
    const report = await auditOf({ state });
    expect(found(report).map(([kind, id, command]) => [kind, id, command?.split(" ", 2).join(" ")])).toEqual([
      ["unheld", replaced, "pulumi import"],
      ["unheld", read, "pulumi import"],
      ["unheld", begun, "pulumi up"],
    ]);
    // The next `pulumi up` of the one stack would delete the cluster of the other.
    const other = exported([entry("kept", kept!, {}, "test")], [], "test");
    const old = exported([entry("kept", kept!, { delete: true })]);
    expect(kinds(await auditOf({ old, other }, { nameRegex: "^kept$" }))).toEqual(["shared"]);
  });

  test("two entries of one state with one cluster, whose name is a secret in one of them", async () => {
    const id = stored({ name: "twice" });
    const second = entry("second", id, { outputs: { name: encrypted } });
    const { findings } = await auditOf({ state: exported([entry("first", id), second]) });
    expect(findings).toMatchObject([{ kind: "shared", hpcClusterId: id, name: undefined }]);
  });

  test("a cluster that the list does not show yet is read by its id", async () => {
    const id = ecs.store.add({ name: "late" }, { describes: 1 }).hpcClusterId;
    expect(await auditOf({ state: exported([entry("late", id)]) })).toMatchObject({
      exitCode: 0,
      findings: [],
    });
  });

  test("the name chooses what is reported, not what holds a cluster; the regions choose where to look", async () => {
    const other = stored({ name: "other" });
    const web = stored({ name: "web-1" });
    stored({ name: "web-2", regionId: beijing });
    const state = exported([
      entry("other", other),
      entry("gone", "hpc-gone"),
      entry("away", "hpc-away", { outputs: { regionId: beijing } }),
    ]);
    expect((await auditOf({ state }, { nameRegex: "^web-" })).findings.map(({ name }) => name)).toEqual([
      "web-1",
      "web-2",
    ]);
    const report = await auditOf({ state }, { regions: [hangzhou] });
    expect(report.findings.map(({ hpcClusterId }) => hpcClusterId)).toEqual([web, "hpc-gone"]);
    expect(report).toMatchObject({
      exitCode: 1,
      notes: [expect.stringContaining(`${urnOf("away")} (${beijing})`)],
    });
    // The list, and the entry by its id.
    expect(ecs.calls("DescribeHpcClusters", beijing)).toHaveLength(2);
    expect(ecs.calls("DescribeRegions")).toHaveLength(1);
  });

  test("a word of a command is one word of the shell", async () => {
    const parent = "urn:pulumi:prod::farm::my:Component$alicloud-hpc:index:HpcCluster::it's";
    const report = await auditOf({ state: exported([{ ...entry("x", "hpc-gone"), urn: parent }]) });
    expect(found(report)[0]![2]).toBe(
      `pulumi refresh --stack prod --target '${parent.replace("'", "'\\''")}'`,
    );
  });
});

describe("what cannot be seen", () => {
  const lost = { name: "lost" };

  test.each([
    ["", "it is empty"],
    ["-----BEGIN PGP MESSAGE-----", "it is not JSON (a file that is encrypted"],
    ['{"name":"web"}', "it is not an exported state"],
    ['{"version":3,"deployment":{"ciphertext":"c2VjcmV0"}}', "it is encrypted as a whole"],
    ['{"version":3,"deployment":{"resources":"c2VjcmV0"}}', "its resources are not a list of objects"],
    ['{"version":9,"deployment":{}}', "its format has version 9"],
    [
      `{"version":3,"deployment":{"resources":[{"type":"${types.plugin}"}]}}`,
      "it has an HPC cluster without",
    ],
  ])("the state %j: the others are compared, and what it means is said", async (text, reason) => {
    const id = stored(lost);
    const good = exported([entry("gone", "hpc-gone")]);
    const report = await auditOf({ bad: text, good });
    expect(report.unseen).toMatchObject([
      { subject: "the state bad", reason: expect.stringContaining(reason) },
    ]);
    expect(report.unseen[0]!.meaning).toContain("import, adopt or delete none of these");
    expect(report.exitCode).toBe(2);
    expect(report.findings).toMatchObject([
      {
        hpcClusterId: id,
        message: expect.stringContaining("in none of the states that were read"),
        repairs: [],
      },
      { hpcClusterId: "hpc-gone" },
    ]);
    expect(JSON.stringify(report)).not.toContain("c2VjcmV0");

    const calls = ecs.requests.length;
    expect(await auditOf({ bad: text })).toMatchObject({ exitCode: 2, findings: [], regions: [] });
    expect(ecs.requests).toHaveLength(calls);
  });

  test("a state without HPC clusters is no error, and is named", async () => {
    const bucket = { urn: "urn:pulumi:prod::web::aws:s3:Bucket::b", type: "aws:s3:Bucket", id: "b" };
    const state = JSON.stringify({ version: 4, features: ["taint"], deployment: { resources: [bucket] } });
    const report = await auditOf({ "web.json": state, empty: '{"version":3,"deployment":{"manifest":{}}}' });
    expect(report).toMatchObject({ exitCode: 0, unseen: [] });
    expect(report.notes).toEqual([
      "web.json (stack prod of the project web) holds no HPC cluster.",
      "empty (no resources) holds no HPC cluster.",
    ]);
  });

  test("two exports of one stack", async () => {
    const id = stored(lost);
    const state = exported([entry("lost", id)]);
    expect(await auditOf({ a: state, b: state })).toMatchObject({
      exitCode: 0,
      notes: [expect.stringContaining("compared once")],
    });
    const newer = exported([entry("lost", id), entry("gone", "hpc-gone")]);
    expect((await auditOf({ a: state, b: newer })).notes).toEqual([
      expect.stringContaining("give only the newer one"),
    ]);
  });

  test.each([
    ["without permission", { kind: "error", status: 403, code: "Forbidden.RAM", message: "No permission." }],
    ["that does not answer", { kind: "noAnswer" }],
  ] as const)("one of three regions, %s", async (_, fault) => {
    const id = stored(lost);
    const away = entry("away", "hpc-away", { outputs: { regionId: beijing } });
    ecs.faults.add({ ...fault, action: "DescribeHpcClusters", regionId: beijing });
    const progress: string[] = [];
    const report = await auditOf(
      { state: exported([away, entry("gone", "hpc-gone")]) },
      { timeoutMs: 3_000, onProgress: (text) => progress.push(text) },
    );
    expect(report.exitCode).toBe(2);
    expect(report.unseen).toMatchObject([
      { subject: `the region ${beijing}`, meaning: expect.stringContaining(urnOf("away")) },
    ]);
    expect(report.findings).toMatchObject([
      { kind: "unheld", hpcClusterId: id, instances: 0 },
      { kind: "gone", hpcClusterId: "hpc-gone" },
    ]);
    expect(progress).toContainEqual(expect.stringMatching(`of 3 regions: ${beijing}, could not be read`));
  });

  test("the list of regions, the account, the instances", async () => {
    const id = stored({ name: "lost", instances: 1 });
    ecs.accounts.deny(ecs.accountId, "DescribeRegions", "GetCallerIdentity", "DescribeInstances");
    const report = await auditOf({
      state: exported([entry("gone", "hpc-gone", { outputs: { regionId: beijing } })]),
    });
    expect(report.unseen.map(({ subject }) => subject)).toEqual([
      "the account of the credentials",
      "the list of regions",
    ]);
    expect(report.unseen[1]!.meaning).toContain(`Only ${beijing}, ${hangzhou} was read`);
    expect(report).toMatchObject({ exitCode: 2, accountId: undefined });
    expect(report.findings).toMatchObject([
      { kind: "unheld", hpcClusterId: id, instances: "not known" },
      { kind: "gone", message: expect.stringContaining("or is in another account") },
    ]);
  });

  test("secret values: the entry is found by its id, and nothing of them is printed", async () => {
    const id = stored({ name: "secret-name" });
    const secrets = { name: encrypted, regionId: { ...encrypted, plaintext: '"secret-region"' } };
    const state = exported([
      entry("held", id, { inputs: { ...secrets, adopt: encrypted }, outputs: secrets }),
      entry("gone", "hpc-gone", { outputs: secrets }),
    ]);
    const report = await auditOf({ state }, { nameRegex: "nothing" });
    expect(report.findings).toMatchObject([
      { kind: "gone", hpcClusterId: "hpc-gone", name: undefined, regionId: undefined },
      { kind: "unprotected", hpcClusterId: id, name: undefined },
    ]);
    expect(JSON.stringify(report)).not.toMatch(/secret-|c2VjcmV0/);
    // Where the cluster may be in a region that was not read, nobody knows whether it exists.
    const partly = await auditOf({ state }, { regions: [hangzhou] });
    expect(partly).toMatchObject({ exitCode: 2, unseen: [{ subject: `the region of ${urnOf("gone")}` }] });
  });

  test("a region in a state that is no id is not called", async () => {
    const state = exported([entry("odd", "hpc-1", { outputs: { regionId: "evil.example/" } })]);
    expect(await auditOf({ state })).toMatchObject({
      exitCode: 2,
      unseen: [{ subject: "the region evil.example/" }],
    });
    expect(ecs.calls("DescribeHpcClusters", "evil.example/")).toEqual([]);
  });

  const misspelt: object = { regoin: "x" };
  test.each([
    [{ states: [] }, "Give at least one state."],
    [{ nameRegex: "(" }, "The name to look for is not a valid regular expression"],
    [{ regions: ["Beijing"] }, "regionId must be the id of a region"],
    [{ timeoutMs: 0 }, "The time-out must be"],
    [{ config: { protocol: "FTP" } }, "alicloud:protocol"],
    [{ config: misspelt }, '"regoin" is not a configuration key: did you mean "region"?'],
  ])("the options %j are an error", async (options, message) => {
    await expect(auditOf({ state: exported([]) }, options)).rejects.toThrow(message);
    expect(ecs.requests).toEqual([]);
  });
});

describe("the command", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "audit-"));
    for (const [name, value] of Object.entries(ecs.environment)) {
      vi.stubEnv(name, value);
    }
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function run(args: string[], stdin = "") {
    const written = { stdout: "", stderr: "" };
    const writer = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
    const streams = { stdin: Readable.from([stdin]), stdout: writer("stdout"), stderr: writer("stderr") };
    return { exitCode: await runAudit(args, streams), ...written };
  }
  const fileOf = (name: string, text: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  test("reads files and standard input, prints a table and JSON, and says by its exit code what it found", async () => {
    const id = stored({ name: "lost" });
    const held = stored({ name: "held" });
    const file = fileOf("prod.json", exported([entry("held", held)]));
    const table = await run([file]);
    expect(table).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("3 of 3 regions") });
    expect(table.stdout).toMatch(new RegExp(`^in no state  ${id}  ${hangzhou}  lost  0 +-$`, "m"));
    expect(table.stdout).toContain(`pulumi import alicloud-hpc:index:HpcCluster lost ${id} --stack prod`);

    const other = exported([entry("lost", id, {}, "test")], [], "test");
    const both = await run([file, "-", "--json"], other);
    expect(both.exitCode).toBe(0);
    expect(JSON.parse(both.stdout)).toMatchObject({
      findings: [],
      states: [{ source: file }, { source: "standard input" }],
    });

    const missing = await run([file, path.join(folder, "none.json")]);
    expect(missing.exitCode).toBe(2);
    expect(missing.stdout).not.toContain("pulumi import");
    expect(missing.stdout).toContain("1 finding, but 1 thing could not be read");
    for (const text of [table, both, missing]) {
      expect(JSON.stringify(text)).not.toContain(ecs.accessKeySecret);
    }
  });

  test("standard input that never ends has a deadline", async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const clock = { now: () => performance.now(), sleep: () => Promise.resolve() };
    const endless = new Readable({ read: () => undefined });
    expect(await runAudit(["-"], { stdin: endless, stdout: stream, stderr: stream }, clock)).toBe(2);
    expect(written.join("")).toContain("Not read: the state standard input: there was no answer within 60 s");
  });

  test("a character that would control the terminal is not printed", async () => {
    stored({ name: "lost\u001B[2J\u202Efarm" });
    const { stdout } = await run(["-"], exported([]));
    expect(stdout).toContain("lost\uFFFD[2J\uFFFDfarm");
    expect(stdout).not.toMatch(/[\u001B\u202E]/u);
  });

  test("takes its configuration from the environment, --config and --profile, and no secret", async () => {
    vi.stubEnv("ALIBABA_CLOUD_ENDPOINT_ECS", "http://127.0.0.1:1");
    const endpoints = `endpoints=${JSON.stringify([{ ecs: ecs.endpoint, sts: ecs.endpoint }])}`;
    expect(await run(["-", "--config", endpoints], exported([]))).toMatchObject({ exitCode: 0 });
    const unknown = await run(["-", "--profile", "none"], exported([]));
    expect(unknown).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("profile") });
    const secret = await run(["-", "--config", "secretKey=abc"], exported([]));
    expect(secret.stderr).toContain("--config: secretKey is a secret");
    expect(secret.stderr).not.toContain("abc");
  });

  test.each([
    [[], "Give a state: a FILE, - for standard input, or --stack NAME."],
    [["--bogus"], "--bogus"],
    [["-", "--timeout", "x"], "--timeout must be a number of seconds"],
    [["-", "--config", "regoin=x"], 'did you mean "region"?'],
    [["-", "--config", "region"], "give region a value"],
  ])("%j is an error of usage", async (args, message) => {
    const ended = await run(args);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain("Usage: pulumi-alicloud-hpc audit");
    expect(await run(["--help"])).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
