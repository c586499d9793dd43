import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
  type Fault,
  type FaultRule,
} from "../../emulator/emulator.ts";
import { Faults } from "../../emulator/faults.ts";
import { documentedError, type DocumentedCode } from "../errorCodes.ts";
import { popClient } from "./popClient.ts";
import { ask, timestamp, type Asking } from "./rawRequest.ts";

const regionId = "cn-hangzhou";
const farm = { RegionId: regionId, Name: "farm", ClientToken: "t" };
const caught = (error: unknown): unknown => error;
let ecs: Emulator;
let now: number;

beforeEach(async () => {
  now = Date.now();
  ecs = await startEmulator({ seed: 7, clock: () => now });
});
afterEach(() => ecs.stop());

const create = (asking: Asking = {}) => ask(ecs, "CreateHpcCluster", farm, asking);
const regions = (asking: Asking = {}) => ask(ecs, "DescribeRegions", {}, asking);

async function codes(calls: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let call = 0; call < calls; call += 1) {
    const { status, json } = await regions();
    seen.push(status === 200 ? 200 : json["Code"]);
  }
  return seen;
}

describe("a fault that answers", () => {
  const message = (code: DocumentedCode) => documentedError("every action", code).message;

  test.each<[FaultRule, number, string, string, string | null]>([
    [{ kind: "throttling" }, 400, "Throttling.User", message("Throttling.User"), null],
    [
      { kind: "throttling", code: "Throttling", status: 403, retryAfterMs: 3_600_000 },
      ...([403, "Throttling", message("Throttling"), "3600000"] as const),
    ],
    [
      { kind: "throttling", code: "Throttling.Api", status: 429, retryAfterMs: 0 },
      ...([429, "Throttling.Api", message("Throttling.Api"), "0"] as const),
    ],
    [{ kind: "internalError" }, 500, "InternalError", message("InternalError"), null],
    [{ kind: "serviceUnavailable" }, 503, "ServiceUnavailable", message("ServiceUnavailable"), null],
    [
      { kind: "error", status: 404, code: "InternalError", message: "a lone \ud800", retryAfterMs: 9 },
      ...([404, "InternalError", "a lone \ud800", "9"] as const),
    ],
  ])("%j", async (rule, status, code, text, retryAfter) => {
    ecs.faults.add(rule);
    const answer = await create();
    expect([answer.status, answer.json["Code"], answer.json["Message"]]).toEqual([status, code, text]);
    expect(answer.headers.get("x-acs-retry-after")).toBe(retryAfter);
    expect(ecs.store.clusters()).toEqual([]);
    expect(ecs.requests[0]).toMatchObject({ status, code, fault: rule.kind, committed: false });
    expect(ecs.faults.injected).toEqual({ [rule.kind]: 1 });
  });

  test("500 without a code is a success for pop-core", async () => {
    ecs.faults.add({ kind: "codeless500" });
    const body = await popClient(ecs).request("CreateHpcCluster", farm, { method: "POST" });
    expect({ ...body }).toEqual({
      RequestId: expect.any(String) as string,
      Message: "Internal Server Error",
    });
    expect(ecs.requests[0]).toMatchObject({ status: 500, code: undefined, committed: false });
  });

  test.each<[FaultRule, number, string | null, RegExp]>([
    [{ kind: "badGateway" }, 502, "text/html", /^<html>[^]*502 Bad Gateway/],
    [{ kind: "empty503" }, 503, null, /^$/],
    [{ kind: "xmlError" }, 503, "text/xml;charset=utf-8", /<Code>ServiceUnavailable<.Code>/],
    [
      { kind: "xmlError", status: 400, code: "Throttling", message: "slow" },
      ...([400, "text/xml;charset=utf-8", /<Code>Throttling<.Code><Message>slow<.Message>/] as const),
    ],
  ])("%j is not JSON", async (rule, status, type, body) => {
    ecs.faults.add(rule);
    const answer = await create();
    expect([answer.status, answer.headers.get("content-type")]).toEqual([status, type]);
    expect(answer.text).toMatch(body);
  });

  test.each<Fault>([
    { kind: "internalError" },
    { kind: "codeless500" },
    { kind: "badGateway" },
    { kind: "empty503" },
    { kind: "serviceUnavailable" },
    { kind: "xmlError" },
    { kind: "error", status: 500, code: "X", message: "x" },
  ])("%j after the commit: the cluster exists, and the token returns it", async (fault) => {
    const rule = { ...fault, when: "afterCommit", times: 1 } as FaultRule;
    ecs.faults.add(rule);
    expect((await create()).status).toBeGreaterThanOrEqual(500);
    const [cluster] = ecs.store.clusters();
    expect(ecs.requests[0]).toMatchObject({ committed: true, fault: rule.kind });
    expect((await create()).json["HpcClusterId"]).toBe(cluster?.hpcClusterId);
    expect(ecs.store.clusters()).toHaveLength(1);
  });
});

describe("connections", () => {
  test.each([
    ["beforeCommit", 0],
    ["afterCommit", 1],
  ] as const)("a reset %s", async (when, clusters) => {
    ecs.faults.add({ kind: "reset", when, times: 1 });
    expect(await create().catch(caught)).toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(ecs.store.clusters()).toHaveLength(clusters);
    expect(ecs.requests[0]).toMatchObject({
      fault: "reset",
      status: undefined,
      committed: clusters === 1,
      finishedAt: now,
    });
    expect((await create()).status).toBe(200);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test.each([
    ["beforeCommit", 0],
    ["afterCommit", 1],
  ] as const)("no answer, %s", async (when, clusters) => {
    ecs.faults.add({ kind: "noAnswer", when, times: 1 });
    const leaving = new AbortController();
    const lost = create({ signal: leaving.signal }).catch(caught);
    await ecs.until(
      () => ecs.requests[0]?.fault === "noAnswer" && ecs.requests[0].committed === (clusters === 1),
    );
    expect(ecs.store.clusters()).toHaveLength(clusters);
    // Meanwhile another connection is answered, and the token is not in progress.
    expect((await create()).status).toBe(200);
    expect(ecs.requests[0]).toMatchObject({ finishedAt: undefined, status: undefined });
    leaving.abort();
    expect(await lost).toMatchObject({ name: "AbortError" });
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("close ends a call without an answer", async () => {
    ecs.faults.add({ kind: "noAnswer" });
    const lost = create().catch(caught);
    await ecs.until(() => ecs.requests[0]?.fault === "noAnswer");
    await ecs.stop();
    expect(await lost).toBeInstanceOf(Error);
    ecs = await startEmulator();
  });
});

describe("a slow answer", () => {
  test("a delay before the commit: the change is made although the client has disconnected", async () => {
    ecs.faults.add({ kind: "delay", ms: 150, times: 1 });
    const leaving = new AbortController();
    const lost = create({ signal: leaving.signal }).catch(caught);
    await ecs.until(() => ecs.requests[0]?.fault === "delay");
    leaving.abort();
    await lost;
    expect((await create()).json["Code"]).toBe("IdempotentProcessing");
    await ecs.until(() => ecs.requests[0]?.committed === true);
    expect((await create()).json["HpcClusterId"]).toBe(ecs.store.clusters()[0]?.hpcClusterId);
  });

  test("a delay after the commit", async () => {
    ecs.faults.add({ kind: "delay", ms: 100, when: "afterCommit", times: 1 });
    const answer = create();
    await ecs.until(() => ecs.requests[0]?.committed === true);
    expect(ecs.requests[0]?.finishedAt).toBeUndefined();
    expect((await answer).status).toBe(200);
  });

  test.each<[string, FaultRule[], Asking]>([
    ["an error", [{ kind: "delay", ms: 3_600_000, calls: 1 }, { kind: "throttling" }], {}],
    [
      "a refusal",
      [{ kind: "latency", ms: 3_600_000, calls: 1 }],
      { tampered: { Signature: `${"A".repeat(27)}=` } },
    ],
  ])("%s is late too", async (_, rules, asking) => {
    for (const rule of rules) {
      ecs.faults.add(rule);
    }
    const lost = create(asking).catch(caught);
    await ecs.until(() => ecs.requests[0]?.fault === rules.at(-1)?.kind);
    await regions(); // answered at once
    expect(ecs.requests[0]).toMatchObject({ code: undefined, finishedAt: undefined });
    await ecs.stop();
    expect(await lost).toBeInstanceOf(Error);
    ecs = await startEmulator();
  });

  test("close ends a delay", async () => {
    ecs.faults.add({ kind: "delay", ms: 3_600_000 });
    const lost = create().catch(caught);
    await ecs.until(() => ecs.requests[0]?.fault === "delay");
    await ecs.stop();
    expect(await lost).toBeInstanceOf(Error);
    expect(ecs.store.clusters()).toEqual([]);
    ecs = await startEmulator();
  });

  test("a dripping body: the headers first, then one piece at a time", async () => {
    ecs.faults.add({ kind: "drip", intervalMs: 10, bytes: 20 });
    const received: number[] = [];
    const onHeaders = (): void => {
      expect(ecs.requests[0]).toMatchObject({ committed: true, finishedAt: undefined });
    };
    const { status, json, text } = await create({ onHeaders, onBytes: (bytes) => received.push(bytes) });
    expect([status, json["HpcClusterId"]]).toEqual([200, ecs.store.clusters()[0]?.hpcClusterId]);
    expect(received[0]).toBeLessThan(text.length);
  });

  test("a client disconnects from a dripping body", async () => {
    ecs.faults.add({ kind: "drip", intervalMs: 3_600_000 });
    const leaving = new AbortController();
    const onHeaders = (): void => leaving.abort(); // before any byte of the body
    expect(await create({ signal: leaving.signal, onHeaders }).catch(caught)).toMatchObject({
      name: "AbortError",
    });
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
  });
});

describe("a new cluster that is not shown yet", () => {
  const shown = async (parameters = {}): Promise<unknown> =>
    (await ask(ecs, "DescribeHpcClusters", { RegionId: regionId, ...parameters })).json["TotalCount"];

  test("for this many calls", async () => {
    ecs.faults.add({ kind: "lateVisible", describes: 2 });
    const id = (await create()).json["HpcClusterId"] as string;
    const byId = { HpcClusterIds: JSON.stringify([id]) };
    expect(await shown({ HpcClusterIds: '["hpc-other"]' })).toBe(0);
    expect([await shown(byId), await shown(), await shown(byId)]).toEqual([0, 0, 1]);
    expect(ecs.requests[0]).toMatchObject({ fault: "lateVisible", committed: true });
  });

  test("for this long", async () => {
    ecs.faults.add({ kind: "lateVisible", ms: 5000 });
    await create();
    expect(await shown()).toBe(0);
    now += 4999;
    expect(await shown()).toBe(0);
    now += 1;
    expect(await shown()).toBe(1);
  });

  test("counts only creates", async () => {
    ecs.faults.add({ kind: "lateVisible", describes: 1 });
    await shown();
    expect(ecs.faults.injected).toEqual({});
  });
});

describe("a deleted cluster that is still shown", () => {
  test("for this long, and only by DescribeHpcClusters", async () => {
    ecs.faults.add({ kind: "lateRemoved", ms: 5000 });
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    const list = async () =>
      (await ask(ecs, "DescribeHpcClusters", { RegionId: regionId })).json["TotalCount"];
    const remove = async () =>
      (await ask(ecs, "DeleteHpcCluster", { RegionId: regionId, HpcClusterId: id })).json["Code"];
    expect(await remove()).toBeUndefined();
    now += 4999;
    expect([await list(), await remove()]).toEqual([1, "NotExists.HpcCluster"]);
    now += 1;
    expect(await list()).toBe(0);
  });
});

describe("a wrong answer", () => {
  interface List {
    readonly TotalCount: number;
    readonly HpcClusters: { readonly HpcCluster: readonly unknown[] };
  }
  const first = { HpcClusterId: "hpc-1", Name: "farm", Description: "" };
  const nameless = { HpcClusterId: "hpc-1", Description: "" };
  const second = { HpcClusterId: "hpc-2", Name: "barn", Description: "" };

  test.each<[FaultRule, readonly unknown[], readonly unknown[]]>([
    [{ kind: "badList", list: "itemMissing" }, [], []],
    [{ kind: "badList", list: "itemMissing", times: 1 }, [], [second]],
    [{ kind: "badList", list: "samePage" }, [first], [first]],
    [{ kind: "badList", list: "itemWithoutName", times: 1 }, [nameless], [second]],
    [{ kind: "badList", list: "nullItem" }, [null], [null]],
  ])("%j", async (rule, ...pages) => {
    for (const { HpcClusterId: hpcClusterId, Name: name } of [first, second]) {
      ecs.store.add({ hpcClusterId, name });
    }
    ecs.faults.add(rule);
    await regions(); // not affected
    for (const [at, items] of pages.entries()) {
      const parameters = { RegionId: regionId, PageSize: "1", PageNumber: String(at + 1) };
      const { json } = await ask(ecs, "DescribeHpcClusters", parameters);
      expect(json).toMatchObject({ PageNumber: at + 1, TotalCount: 2 });
      expect((json as unknown as List).HpcClusters.HpcCluster).toEqual(items);
    }
    expect(ecs.faults.injected).toEqual({ badList: rule.times ?? 2 });
  });

  test("a null item in XML is an empty element", async () => {
    ecs.store.add({ name: "farm" });
    ecs.faults.add({ kind: "badList", list: "nullItem" });
    const { text } = await ask(
      ecs,
      "DescribeHpcClusters",
      { RegionId: regionId },
      { common: { Format: "XML" } },
    );
    expect(text).toContain("<HpcClusters><HpcCluster></HpcCluster></HpcClusters>");
  });

  test("no RequestId", async () => {
    ecs.faults.add({ kind: "noRequestId", action: "CreateHpcCluster" });
    expect(Object.keys((await create()).json)).toEqual(["HpcClusterId"]);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("a body that never ends", async () => {
    ecs.faults.add({ kind: "endlessBody" });
    const leaving = new AbortController();
    const reading = create({
      signal: leaving.signal,
      onBytes: (received) => {
        if (received > 10_000) {
          leaving.abort();
        }
      },
    });
    expect(await reading.catch(caught)).toMatchObject({ name: "AbortError" });
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.requests[0]).toMatchObject({ status: 200, committed: true, fault: "endlessBody" });
  });

  test("a gzip body that cannot be decoded", async () => {
    ecs.faults.add({ kind: "brokenGzip" });
    expect(await create().catch(caught)).toMatchObject({ message: "terminated" });
    expect(ecs.requests[0]).toMatchObject({ status: 200, committed: true, fault: "brokenGzip" });
  });

  test("a refused modify", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    const modify = async () =>
      (await ask(ecs, "ModifyHpcClusterAttribute", { RegionId: regionId, HpcClusterId: id, Name: "barn" }))
        .json["Code"];
    const code = "HPC_CLUSTER_MODIFY_FAILED";
    const failed = ecs.faults.add({
      kind: "error",
      action: "ModifyHpcClusterAttribute",
      status: 400,
      code,
      message: "no",
    });
    expect(await modify()).toBe(code);
    failed.remove();
    ecs.accounts.deny(ecs.accountId, "ModifyHpcClusterAttribute");
    expect(await modify()).toBe("Forbidden.RAM");
    expect(ecs.store.find(id)?.name).toBe("farm");
  });
});

describe("a service whose answers differ from what it was sent", () => {
  type Late = NonNullable<Extract<Fault, { kind: "lateValues" }>["field"]>;
  const create = async (values: Readonly<Record<string, string>>) => {
    const { json } = await ask(ecs, "CreateHpcCluster", { RegionId: regionId, ...values });
    return json["HpcClusterId"] as string;
  };
  const modify = (id: string, values: Readonly<Record<string, string>>) =>
    ask(ecs, "ModifyHpcClusterAttribute", { RegionId: regionId, HpcClusterId: id, ...values });
  const list = async (parameters: Readonly<Record<string, string>> = {}) => {
    const { json } = await ask(ecs, "DescribeHpcClusters", { RegionId: regionId, ...parameters });
    const { HpcCluster: items } = json["HpcClusters"] as { readonly HpcCluster: readonly unknown[] };
    return { json, items };
  };
  const item = (HpcClusterId: string, Name: string, Description: string) => ({
    HpcClusterId,
    Name,
    Description,
  });

  test.each([
    ["trim", "farm", "a long description"],
    ["upperCase", "FARM", " A LONG DESCRIPTION "],
    ["cut", "farm", " a long descript"],
  ] as const)("stores other values (%s)", async (change, name, description) => {
    ecs.faults.add({ kind: "storedValues", change });
    const sent = { Name: "farm", Description: " a long description " };
    const created = await create(sent);
    expect((await list()).items).toEqual([item(created, name, description)]);
    const { hpcClusterId: changed } = ecs.store.add({ name: "barn" });
    await modify(changed, sent);
    expect((await list()).items).toEqual([
      item(created, name, description),
      item(changed, name, description),
    ]);
    await modify(changed, { Description: "" });
    expect(ecs.store.find(changed)).toMatchObject({ name, description: "" });
  });

  test.each<[Late | undefined, [string, string], [string, string]]>([
    [undefined, ["farm", ""], ["farm", "first"]],
    ["name", ["creating", "first"], ["farm", "second"]],
    ["description", ["farm", ""], ["barn", "first"]],
    ["both", ["creating", ""], ["farm", "first"]],
  ])("shows new values late (field: %s)", async (field, afterCreate, afterModify) => {
    ecs.faults.add({ kind: "lateValues", ms: 5000, ...(field === undefined ? {} : { field }) });
    const id = await create({ Name: "farm", Description: "first" });
    now += 4999;
    expect((await list()).items).toEqual([item(id, ...afterCreate)]);
    expect(ecs.store.find(id)).toMatchObject({ name: "farm", description: "first" });
    now += 1;
    expect((await list()).items).toEqual([item(id, "farm", "first")]);
    await modify(id, { Name: "barn", Description: "second" });
    now += 4999;
    expect((await list()).items).toEqual([item(id, ...afterModify)]);
    expect(ecs.store.find(id)).toMatchObject({ name: "barn", description: "second" });
    now += 1;
    expect((await list()).items).toEqual([item(id, "barn", "second")]);
  });

  test("swaps the values of two clusters", async () => {
    for (const name of ["one", "two", "three"]) {
      ecs.store.add({ hpcClusterId: `hpc-${name}`, name, description: `the ${name}` });
    }
    ecs.faults.add({ kind: "swappedValues" });
    expect((await list()).items).toEqual([
      item("hpc-one", "two", "the two"),
      item("hpc-two", "one", "the one"),
      item("hpc-three", "three", "the three"),
    ]);
    expect((await list({ HpcClusterIds: '["hpc-two"]' })).items).toEqual([item("hpc-two", "two", "the two")]);
  });

  test("lists the clusters of another region", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    ecs.faults.add({ kind: "otherRegion" });
    expect(await list()).toMatchObject({ items: [], json: { TotalCount: 0 } });
    ecs.store.add({ hpcClusterId: "hpc-other", name: "barn", regionId: "cn-beijing" });
    for (const HpcClusterIds of ["", JSON.stringify([id])]) {
      expect(await list({ HpcClusterIds })).toMatchObject({
        items: [item("hpc-other", "barn", "")],
        json: { TotalCount: 1 },
      });
    }
  });

  test("cannot modify a new cluster yet", async () => {
    ecs.faults.add({ kind: "lateModify", ms: 5000 });
    const id = await create({ Name: "farm" });
    now += 4999;
    const { status, json } = await modify(id, { Name: "barn" });
    expect([status, json["Code"]]).toEqual([400, "HpcClusterNotExists"]);
    expect((await list()).items).toEqual([item(id, "farm", "")]);
    now += 1;
    expect((await modify(id, { Name: "barn" })).status).toBe(200);
    expect(ecs.store.find(id)?.name).toBe("barn");
  });

  test.each([
    ["empty", ""],
    ["text", "many"],
    ["negative", -1],
    ["missing", undefined],
  ] as const)("counts wrongly (%s)", async (total, expected) => {
    ecs.store.add({ name: "farm" });
    ecs.faults.add({ kind: "wrongTotal", total });
    const { json, items } = await list();
    expect([json["TotalCount"], "TotalCount" in json, items.length]).toEqual([
      expected,
      total !== "missing",
      1,
    ]);
  });

  test("answers with an id in upper case", async () => {
    ecs.faults.add({ kind: "upperCaseIds" });
    const id = await create({ Name: "farm" });
    const [cluster] = ecs.store.clusters();
    expect(id).toMatch(/^HPC-/);
    expect(cluster?.hpcClusterId).toBe(id.toLowerCase());
    expect((await list({ HpcClusterIds: JSON.stringify([id]) })).items).toEqual([]);
  });
});

describe("a token bucket", () => {
  test("throttles calls above the limit and refills", async () => {
    ecs.faults.add({ kind: "bucket", perSecond: 2, burst: 3 });
    expect(await codes(5)).toEqual([200, 200, 200, "Throttling.User", "Throttling.User"]);
    expect(ecs.faults.injected).toEqual({ bucket: 2 });
    now += 500;
    expect(await codes(2)).toEqual([200, "Throttling.User"]);
    now += 60_000;
    expect(await codes(4)).toEqual([200, 200, 200, "Throttling.User"]);
    expect(ecs.requests.at(-1)?.fault).toBe("bucket");
  });

  test("returns when to retry", async () => {
    ecs.faults.add({
      kind: "bucket",
      perSecond: 4,
      burst: 1,
      code: "Throttling.Api",
      status: 429,
      retryAfter: true,
    });
    await regions();
    now += 50;
    const { status, json, headers } = await regions();
    expect([status, json["Code"], headers.get("x-acs-retry-after")]).toEqual([429, "Throttling.Api", "200"]);
    now += 200;
    expect((await regions()).status).toBe(200);
  });

  test("has a limit for each account, region and action", async () => {
    const signer = ecs.accounts.add({ accountId: "other" });
    ecs.faults.add({ kind: "bucket", perSecond: 1 });
    const describe = (RegionId: string, asking: Asking = {}) =>
      ask(ecs, "DescribeHpcClusters", { RegionId }, asking);
    const answers = [
      await describe("cn-hangzhou"),
      await describe("cn-beijing"),
      await describe("cn-hangzhou", { signer }),
      await create(),
      await describe("cn-hangzhou"),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 400]);
  });
});

describe("clock and token", () => {
  test("a wrong clock refuses correct timestamps and accepts its own", async () => {
    ecs.faults.add({ kind: "clockSkew", ms: -20 * 60_000 });
    expect((await regions()).json["Code"]).toBe("InvalidTimeStamp.Expired");
    const common = { Timestamp: timestamp(now - 20 * 60_000) };
    expect((await regions({ common })).status).toBe(200);
    expect(ecs.requests[0]?.fault).toBe("clockSkew");
  });

  test("an expired token affects only calls with a token", async () => {
    ecs.faults.add({ kind: "expiredToken", times: 1 });
    const signer = ecs.accounts.issueToken(ecs.accountId, now + 3_600_000);
    expect((await regions()).status).toBe(200);
    const { status, json } = await regions({ signer });
    expect([status, json["Code"]]).toEqual([400, "InvalidSecurityToken.Expired"]);
    expect((await regions({ signer })).status).toBe(200);
  });
});

describe("a rule affects", () => {
  const busy = { kind: "error", status: 400, code: "Busy", message: "busy" } as const;

  test.each<[FaultRule["calls"], unknown[]]>([
    [2, [200, "Busy", 200, 200, 200, 200]],
    [
      [1, 4],
      ["Busy", 200, 200, "Busy", 200, 200],
    ],
    [{ from: 3 }, [200, 200, "Busy", "Busy", "Busy", "Busy"]],
    [{ to: 2 }, ["Busy", "Busy", 200, 200, 200, 200]],
    [{ from: 2, to: 5, every: 2 }, [200, "Busy", 200, "Busy", 200, 200]],
  ])("calls %j", async (calls, expected) => {
    ecs.faults.add({ ...busy, calls });
    expect(await codes(6)).toEqual(expected);
  });

  test("this many calls", async () => {
    const fault = ecs.faults.add({ ...busy, times: 2 });
    expect(await codes(4)).toEqual(["Busy", "Busy", 200, 200]);
    expect(fault.injected).toBe(2);
  });

  test("an action in a region", async () => {
    ecs.faults.add({ ...busy, action: ["CreateHpcCluster", "DescribeHpcClusters"], regionId: "cn-beijing" });
    expect((await regions()).status).toBe(200);
    expect((await create()).status).toBe(200);
    const inBeijing = { RegionId: "cn-beijing" };
    expect((await ask(ecs, "DescribeHpcClusters", inBeijing)).json["Code"]).toBe("Busy");
    expect((await ask(ecs, "CreateHpcCluster", { ...farm, ...inBeijing })).json["Code"]).toBe("Busy");
    const other = { ...inBeijing, HpcClusterId: "hpc-1" };
    expect((await ask(ecs, "DeleteHpcCluster", other)).json["Code"]).toBe("NotExists.HpcCluster");
  });

  test("numbered calls, counted among the matching ones", async () => {
    ecs.faults.add({ ...busy, action: "CreateHpcCluster", calls: 1 });
    expect(await codes(2)).toEqual([200, 200]);
    expect((await create()).json["Code"]).toBe("Busy");
  });

  test("a share of the calls, the same calls for the same seed with other rules", () => {
    const drawn = (seed: number, others: readonly FaultRule[] = []): string => {
      const faults = new Faults(seed);
      const fault = faults.add({ ...busy, rate: 0.3 });
      for (const other of others) {
        faults.add(other);
      }
      let seen = "";
      for (let call = 0; call < 1000; call += 1) {
        const before = fault.injected;
        faults.onService("DescribeRegions", undefined, "account", 0);
        seen += fault.injected === before ? "." : "x";
      }
      return seen;
    };
    const first = drawn(1);
    expect(drawn(1)).toBe(first);
    expect(drawn(1, [{ kind: "delay", ms: 1, rate: 0.5 }])).toBe(first);
    expect(drawn(2)).not.toBe(first);
    const share = first.replaceAll(".", "").length / first.length;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });

  test("different calls than another rule with the same rate", () => {
    const faults = new Faults(1);
    const rules = [1, 2].map(() => faults.add({ kind: "delay", ms: 1, rate: 0.5 }));
    let apart = 0;
    for (let call = 0; call < 100; call += 1) {
      const before = rules.map((rule) => rule.injected);
      faults.onService("DescribeRegions", undefined, "account", 0);
      const [one, other] = rules.map((rule, at) => rule.injected - (before[at] ?? 0));
      if (one !== other) {
        apart += 1;
      }
    }
    expect(apart).toBeGreaterThan(20);
  });

  test("the calls that the seed of the plan selects, or else the seed of the emulator", async () => {
    const draw = async (options: EmulatorOptions): Promise<string> => {
      const other = await startEmulator(options);
      try {
        let seen = "";
        for (let call = 0; call < 40; call += 1) {
          seen += (await ask(other, "DescribeRegions")).status === 200 ? "." : "x";
        }
        return seen;
      } finally {
        await other.stop();
      }
    };
    const rules = [{ ...busy, rate: 0.5 }];
    const first = await draw({ seed: 3, faults: { rules } });
    expect(await draw({ seed: 4, faults: { seed: 3, rules } })).toBe(first);
    expect(await draw({ seed: 4, faults: { rules } })).not.toBe(first);
  });

  test("a call that no earlier rule answers", async () => {
    ecs.faults.add({ ...busy, times: 1 });
    const second = ecs.faults.add({ kind: "throttling", times: 1 });
    expect(await codes(3)).toEqual(["Busy", "Throttling.User", 200]);
    expect(second.injected).toBe(1);
  });

  test("no call after it is removed or cleared", async () => {
    const fault = ecs.faults.add(busy);
    expect(await codes(1)).toEqual(["Busy"]);
    fault.remove();
    expect(await codes(1)).toEqual([200]);
    ecs.faults.add(busy);
    ecs.faults.add(busy);
    ecs.faults.clear();
    expect(await codes(1)).toEqual([200]);
    expect(ecs.faults.injected).toEqual({ error: 1 });
  });

  test("no call that is refused before", async () => {
    ecs.faults.add({ ...busy, times: 1 });
    expect((await regions({ tampered: { Signature: `${"A".repeat(27)}=` } })).json["Code"]).toBe(
      "SignatureDoesNotMatch",
    );
    expect(await codes(1)).toEqual(["Busy"]);
  });

  test("an invalid rule is refused at once", async () => {
    expect(() => ecs.faults.add({ kind: "delay" } as FaultRule)).toThrow("rule.ms: is required");
    await expect(
      startEmulator({ faults: { rules: [{ kind: "nope" } as unknown as FaultRule] } }),
    ).rejects.toThrow("rules[0].kind");
  });
});
