import { get } from "node:http";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask } from "./rawRequest.ts";

const farm = { RegionId: "cn-hangzhou", Name: "farm", ClientToken: "farm" };
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7, faults: { rules: [{ kind: "throttling", calls: 2 }] } });
});
afterEach(() => ecs.stop());

describe("after a reset", () => {
  test("nothing is left of what happened, and the same happens again", async () => {
    const happens = async () => {
      const { json } = await ask(ecs, "CreateHpcCluster", farm);
      expect((await ask(ecs, "CreateHpcCluster", farm)).json["Code"]).toBe("Throttling.User");
      await ask(ecs, "RebootInstance");
      return json["HpcClusterId"];
    };
    const { endpoint, accessKeyId, accessKeySecret } = ecs;
    const id = await happens();
    ecs.faults.add({ kind: "reset" });
    ecs.accounts.deny(ecs.accountId, "CreateHpcCluster");
    const second = ecs.accounts.add({ accountId: "1234567890123456" });
    expect(ecs.missingActions).toEqual(["RebootInstance"]);

    ecs.reset();
    const { store, requests, missingActions, faults } = ecs;
    expect([store.clusters(), requests, missingActions, faults.injected]).toEqual([[], [], [], {}]);
    expect(() => ecs.accounts.keyFor(second.accessKeyId)).toThrow();
    expect(await happens()).toBe(id);
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: id }]);
    expect(ecs).toMatchObject({ endpoint, accessKeyId, accessKeySecret });
  });

  test("a call in progress is dropped, and changes nothing", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const asked = ask(ecs, "CreateHpcCluster", farm).catch((error: unknown) => error);
    await hold.reached;
    ecs.reset();
    expect(await asked).toBeInstanceOf(Error);
    ecs.faults.add({ kind: "delay", ms: 3_600_000 });
    const delayed = ask(ecs, "CreateHpcCluster", farm).catch((error: unknown) => error);
    await ecs.until(() => ecs.requests.at(-1)?.fault === "delay");
    ecs.reset();
    expect(await delayed).toBeInstanceOf(Error);
    ecs.faults.add({ kind: "noAnswer" });
    const silent = ask(ecs, "DescribeRegions").catch((error: unknown) => error);
    await ecs.until(() => ecs.requests.at(-1)?.fault === "noAnswer");
    ecs.reset();
    expect(await silent).toBeInstanceOf(Error);
    expect(ecs.store.clusters()).toEqual([]);
  });
});

describe("over HTTP", () => {
  async function control(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
    const answer = await fetch(`${ecs.endpoint}/_emulator/${path}`, { method, body, headers });
    return { status: answer.status, body: await answer.json() };
  }

  test("shows what is stored and what was asked for, and resets", async () => {
    const { hpcClusterId } = ecs.store.add({ name: "farm", instances: 1 });
    await ask(ecs, "RebootInstance");
    const got = async (path: string) => (await control("GET", path)).body;
    expect(await got("clusters")).toMatchObject([{ hpcClusterId, instances: 1 }]);
    expect(await got("instances")).toMatchObject([{ hpcClusterId }]);
    expect(await got("health")).toEqual({ status: "ok", version: expect.stringMatching(/^\d/) as string });
    await ask(ecs, "CreateHpcCluster", farm);
    const created = ecs.store.clusters()[1]?.hpcClusterId;
    expect(await got("requests?last=1")).toMatchObject([{ action: "CreateHpcCluster", ids: [created] }]);
    expect(await got("requests")).toMatchObject([
      { action: "RebootInstance", code: "InvalidAction.NotFound" },
      { action: "CreateHpcCluster" },
    ]);
    expect(await got("actions")).toEqual({
      actions: expect.arrayContaining(["CreateHpcCluster", "GetCallerIdentity"]) as string[],
      missingActions: ["RebootInstance"],
    });
    expect(JSON.stringify(await got("requests"))).not.toContain(ecs.accessKeyId);
    expect(await control("POST", "reset")).toEqual({ status: 200, body: {} });
    expect([ecs.store.clusters(), ecs.requests, ecs.missingActions]).toEqual([[], [], []]);
  });

  test("adds clusters and instances, and refuses wrong ones with every problem", async () => {
    const seeded = { name: "farm", hpcClusterId: "hpc-seeded", regionId: "cn-beijing", instances: 1 };
    expect((await control("POST", "clusters", JSON.stringify(seeded))).body).toMatchObject(seeded);
    const node = { hpcClusterId: "hpc-seeded", status: "Stopped", rdmaIpAddresses: ["192.168.9.9"] };
    expect((await control("POST", "instances", JSON.stringify(node))).body).toMatchObject(node);
    expect(ecs.store.clusters()).toMatchObject([{ ...seeded, instances: 2, accountId: ecs.accountId }]);
    expect(ecs.store.instances()[1]).toMatchObject({ ...node, regionId: "cn-beijing" });
    for (const [path, wrong, problem] of [
      ["clusters", "{", "The body cannot be added"],
      ["clusters", "[]", "must be an object with the fields of a cluster"],
      ["clusters", '{"names":"a"}', "names: unknown for a cluster; known are name,"],
      ["clusters", '{"instances":1}', "name: is required for a cluster"],
      ["clusters", '{"name":"a","instances":1001}', "instances: must be a whole number from 0 to 1000"],
      ["clusters", '{"name":"a","regionId":"cn-x"}', "regionId: must be one of cn-hangzhou,"],
      ["clusters", JSON.stringify(seeded), "The cluster hpc-seeded already exists."],
      ["instances", '{"hpcClusterId":"hpc-x"}', "The cluster hpc-x does not exist."],
    ] as const) {
      const { status, body } = await control("POST", path, wrong);
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(problem)]);
    }
    expect([ecs.store.clusters().length, ecs.store.instances().length]).toEqual([1, 2]);
  });

  test("replaces the faults, and refuses wrong ones with every problem", async () => {
    const plan = JSON.stringify({ rules: [{ kind: "throttling", code: "Throttling" }] });
    expect((await control("PUT", "faults", plan)).status).toBe(200);
    expect((await control("GET", "faults")).body).toEqual(JSON.parse(plan));
    expect((await ask(ecs, "DescribeRegions")).json["Code"]).toBe("Throttling");
    for (const [wrong, problem] of [
      ["{", "The body is not a valid fault plan"],
      ['{"rules":[{"kind":"x"}]}', "rules[0].kind: must be one of"],
      ['{"rules":[],"seed":1}', "seed: can only be set at the start"],
    ] as const) {
      const { status, body } = await control("PUT", "faults", wrong);
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(problem)]);
    }
    expect((await ask(ecs, "DescribeRegions")).json["Code"]).toBe("Throttling");
    await control("PUT", "faults", '{"rules":[]}');
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
  });

  test("says what there is, and refuses web pages", async () => {
    ecs.store.add({ name: "farm" });
    expect(await control("GET", "reset")).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining("POST /_emulator/reset") as string },
    });
    const page = await control("POST", "reset", undefined, { origin: "https://example.com" });
    expect(page.status).toBe(403);
    for (const site of ["cross-site", "same-site"]) {
      expect((await control("GET", "clusters", undefined, { "sec-fetch-site": site })).status).toBe(403);
      expect((await control("GET", "", undefined, { "sec-fetch-site": site })).status).toBe(403);
    }
    const own = { origin: ecs.endpoint, "sec-fetch-site": "same-origin" };
    expect((await control("PUT", "faults", '{"rules":[]}', own)).status).toBe(200);
    // fetch sends the Host of the URL.
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: "example.com" };
      get(`${ecs.endpoint}/_emulator/clusters`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).once("error", reject);
    });
    expect(rebound).toBe(403);
    expect(ecs.store.clusters()).toHaveLength(1);
  });
});

test("says how a program finds it", () => {
  const { endpoint, accessKeyId, accessKeySecret } = ecs;
  expect(ecs.environment).toEqual({
    ALICLOUD_REGION: "cn-hangzhou",
    ALICLOUD_ACCESS_KEY: accessKeyId,
    ALICLOUD_SECRET_KEY: accessKeySecret,
    ALICLOUD_SECURITY_TOKEN: "",
    ALIBABA_CLOUD_REGION: "cn-hangzhou",
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    ALIBABA_CLOUD_SECURITY_TOKEN: "",
    ALIBABA_CLOUD_ENDPOINT_ECS: endpoint,
    ALIBABA_CLOUD_ENDPOINT_STS: endpoint,
  });
  expect(Object.keys(ecs.stackConfig)).toEqual([
    "alicloud:region",
    "alicloud:accessKey",
    "alicloud:secretKey",
    "alicloud:endpoints",
  ]);
});
