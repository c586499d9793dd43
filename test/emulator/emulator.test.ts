import { connect } from "node:net";
import { networkInterfaces } from "node:os";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask } from "./rawRequest.ts";

const farm = { RegionId: "cn-hangzhou", Name: "farm" };
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.stop());

describe("the store", () => {
  test("adds, finds, modifies, filters and removes clusters", () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    expect(ecs.store.find(id)).toEqual({
      accountId: ecs.accountId,
      regionId: "cn-hangzhou",
      hpcClusterId: id,
      name: "farm",
      description: "",
      instances: 0,
    });
    ecs.store.modify(id, { name: "barn", description: "d", instances: 3 });
    expect(ecs.store.clusters({ name: "barn", instances: 3 })).toHaveLength(1);
    ecs.store.modify(id, { description: "" });
    expect(ecs.store.find(id)).toMatchObject({ name: "barn", description: "", instances: 3 });
    ecs.store.remove(id);
    expect([ecs.store.find(id), ecs.store.clusters()]).toEqual([undefined, []]);
  });

  test("returns copies", () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    for (const cluster of [...ecs.store.clusters(), ecs.store.find(id)]) {
      Object.assign(cluster ?? {}, { name: "changed" });
    }
    expect(ecs.store.find(id)?.name).toBe("farm");
  });

  test("throws for an existing id and for an unknown id", () => {
    ecs.store.add({ name: "farm", hpcClusterId: "hpc-1" });
    expect(() => ecs.store.add({ name: "farm", hpcClusterId: "hpc-1" })).toThrow("hpc-1 already exists");
    expect(() => {
      ecs.store.remove("hpc-2");
    }).toThrow("hpc-2 does not exist");
    expect(() => ecs.store.modify("hpc-2", {})).toThrow("hpc-2 does not exist");
  });

  test("changes what the API returns", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    ecs.store.modify(id, { name: "barn" });
    const { json } = await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-hangzhou" });
    expect(json).toMatchObject({ HpcClusters: { HpcCluster: [{ HpcClusterId: id, Name: "barn" }] } });
  });
});

describe("the requests", () => {
  test("are recorded in order, with the parameters of the action only", async () => {
    const { json } = await ask(ecs, "CreateHpcCluster", { ...farm, ClientToken: "t" });
    await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-nowhere" }, { method: "GET" });
    await ask(ecs, "DescribeRegions", {}, { signer: ecs.accounts.issueToken(ecs.accountId) });
    await ask(ecs, "Nonsense", {}, { tampered: { Signature: undefined } });
    const common = { accountId: ecs.accountId, fault: undefined, committed: false };
    expect(ecs.requests).toMatchObject([
      {
        ...common,
        requestId: json["RequestId"],
        action: "CreateHpcCluster",
        regionId: "cn-hangzhou",
        params: { ...farm, ClientToken: "t" },
        status: 200,
        code: undefined,
        committed: true,
      },
      {
        ...common,
        action: "DescribeHpcClusters",
        regionId: "cn-nowhere",
        params: { RegionId: "cn-nowhere" },
        status: 400,
        code: "InvalidRegionId.NotFound",
      },
      { ...common, action: "DescribeRegions", regionId: undefined, params: {}, status: 200 },
      { ...common, accountId: undefined, action: "Nonsense", params: {}, status: 404 },
    ]);
    expect(Object.keys(ecs.requests[2]?.params ?? {})).toEqual([]);
    for (const request of ecs.requests) {
      expect(request.finishedAt).toBeGreaterThanOrEqual(request.startedAt);
    }
  });

  test("are filtered by action and region", async () => {
    await ask(ecs, "CreateHpcCluster", farm);
    await ask(ecs, "CreateHpcCluster", { ...farm, RegionId: "cn-beijing" });
    await ask(ecs, "DescribeRegions");
    expect(ecs.calls()).toHaveLength(3);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(2);
    expect(ecs.calls("CreateHpcCluster", "cn-beijing")).toHaveLength(1);
    expect(ecs.calls(undefined, "cn-beijing")).toHaveLength(1);
  });

  test("are kept up to a limit", async () => {
    const small = await startEmulator({ requestLimit: 2 });
    try {
      for (let call = 0; call < 9; call += 1) {
        await ask(small, "DescribeRegions");
      }
      expect(small.requests.length).toBeLessThanOrEqual(4);
      expect(small.requests.length).toBeGreaterThanOrEqual(2);
    } finally {
      await small.stop();
    }
  });

  test("are awaited until a condition is true", async () => {
    const two = ecs.until(() => ecs.calls("DescribeRegions").length === 2);
    let settled = false;
    const noticed = two.then(() => (settled = true));
    await ask(ecs, "DescribeRegions");
    expect(settled).toBe(false);
    await ask(ecs, "DescribeRegions");
    await noticed;
    await expect(
      ecs.until(() => {
        throw new Error("broken condition");
      }),
    ).rejects.toThrow("broken condition");
  });
});

describe("a hold", () => {
  const tokenFarm = { ...farm, ClientToken: "t" };
  const caught = (error: unknown): unknown => error;

  test("before the commit, then released", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const answer = ask(ecs, "CreateHpcCluster", farm);
    expect(await hold.reached).toEqual({ requestId: ecs.requests[0]?.requestId });
    expect(ecs.store.clusters()).toEqual([]);
    hold.release();
    expect((await answer).status).toBe(200);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test.each([
    ["beforeCommit", 0],
    ["afterCommit", 1],
  ] as const)("%s, then dropped: the change is made only after the commit", async (when, clusters) => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when });
    const lost = ask(ecs, "CreateHpcCluster", tokenFarm).catch(caught);
    const { hpcClusterId } = await hold.reached;
    expect(ecs.store.clusters()).toHaveLength(clusters);
    expect(ecs.requests[0]).toMatchObject({ committed: clusters === 1, finishedAt: undefined });
    hold.drop();
    expect(await lost).toBeInstanceOf(Error);
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.requests[0]).toMatchObject({ committed: clusters === 1, status: undefined, fault: "drop" });
    const again = await ask(ecs, "CreateHpcCluster", tokenFarm);
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId: again.json["HpcClusterId"] }]);
    expect(hpcClusterId).toBe(clusters === 1 ? again.json["HpcClusterId"] : undefined);
  });

  test("stops only the next call of its action and region", async () => {
    const { hpcClusterId } = ecs.store.add({ regionId: "cn-beijing", name: "farm" });
    const hold = ecs.hold({ action: "DeleteHpcCluster", when: "beforeCommit", regionId: "cn-beijing" });
    const elsewhere = { RegionId: "cn-hangzhou", HpcClusterId: hpcClusterId };
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
    expect((await ask(ecs, "DeleteHpcCluster", elsewhere)).json["Code"]).toBe("NotExists.HpcCluster");
    const target = { RegionId: "cn-beijing", HpcClusterId: hpcClusterId };
    const first = ask(ecs, "DeleteHpcCluster", target);
    expect((await hold.reached).hpcClusterId).toBe(hpcClusterId);
    expect((await ask(ecs, "DeleteHpcCluster", target)).status).toBe(200);
    hold.release();
    expect((await first).json["Code"]).toBe("NotExists.HpcCluster");
  });

  test("continues although the client has disconnected", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const leaving = new AbortController();
    const lost = ask(ecs, "CreateHpcCluster", farm, { signal: leaving.signal }).catch(caught);
    await hold.reached;
    leaving.abort();
    expect(await lost).toMatchObject({ name: "AbortError" });
    hold.release();
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("ends when the emulator closes", async () => {
    const held = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const waiting = ecs.hold({ action: "DeleteHpcCluster", when: "beforeCommit" });
    const lost = ask(ecs, "CreateHpcCluster", farm).catch(caught);
    await held.reached;
    await ecs.stop();
    await ecs.until(() => ecs.requests[0]?.fault === "drop");
    expect(await lost).toBeInstanceOf(Error);
    await expect(waiting.reached).rejects.toThrow("before a DeleteHpcCluster call");
    expect(ecs.store.clusters()).toEqual([]);
    ecs = await startEmulator();
  });
});

describe("starting and closing", () => {
  test("keys are random, ids depend on the seed", async () => {
    const other = await startEmulator({ seed: 7 });
    try {
      expect(other.accessKeyId).not.toBe(ecs.accessKeyId);
      expect(other.accessKeySecret).not.toBe(ecs.accessKeySecret);
      const mine = await ask(ecs, "CreateHpcCluster", farm);
      const theirs = await ask(other, "CreateHpcCluster", farm);
      expect(theirs.json).toEqual(mine.json);
    } finally {
      await other.stop();
    }
    const unseeded = await startEmulator();
    try {
      const { json } = await ask(unseeded, "CreateHpcCluster", farm);
      expect(json["HpcClusterId"]).not.toBe(ecs.store.clusters()[0]?.hpcClusterId);
    } finally {
      await unseeded.stop();
    }
  });

  test("uses the accounts and the port of the options", async () => {
    const { port } = new URL(ecs.endpoint);
    await ecs.stop();
    const key = { accessKeyId: "LTAIgiven", accessKeySecret: "given" };
    const inactive = { accessKeyId: "LTAIoff", accessKeySecret: "off", active: false };
    ecs = await startEmulator({
      port: Number(port),
      accounts: [{ accountId: "a", keys: [key, inactive] }, { accountId: "b" }],
    });
    expect(ecs).toMatchObject({ endpoint: `http://127.0.0.1:${port}`, accountId: "a", ...key });
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
    const off = await ask(ecs, "DescribeRegions", {}, { signer: inactive });
    expect(off.json["Code"]).toBe("InvalidAccessKeyId.Inactive");
    await expect(startEmulator({ port: Number(port) })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use. Stop the process that uses it, or choose another port (0: a free one).`,
    );
  });

  test("throws for invalid accounts and keys", () => {
    expect(() => ecs.accounts.add({ accountId: ecs.accountId })).toThrow("already");
    expect(() => ecs.accounts.addKey("nobody")).toThrow("nobody");
    expect(() => ecs.accounts.setActive("nokey", true)).toThrow("nokey");
    expect(() => ecs.accounts.addKey(ecs.accountId, { accessKeyId: "", accessKeySecret: "" })).toThrow(
      "must have",
    );
  });

  test("listens on the loopback interface only", async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside === undefined) {
      return;
    } // a machine without a network cannot tell
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(ecs.endpoint).port), outside.address);
      socket.once("connect", () => resolve("connected"));
      socket.once("error", () => resolve("refused"));
    });
    expect(outcome).toBe("refused");
  });

  test("close ends open connections, also idle ones", async () => {
    await ask(ecs, "DescribeRegions");
    const idle = connect(Number(new URL(ecs.endpoint).port), "127.0.0.1");
    await new Promise((resolve) => idle.once("connect", resolve));
    const ended = new Promise((resolve) => idle.once("close", resolve));
    await ecs.stop();
    await ended;
    await expect(ask(ecs, "DescribeRegions")).rejects.toThrow();
    ecs = await startEmulator();
  });

  test("an incomplete request is not recorded", async () => {
    const socket = connect(Number(new URL(ecs.endpoint).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nAction=");
    await new Promise<void>((resolve) => socket.end(resolve));
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
    expect(ecs.requests).toHaveLength(1);
  });

  test("answers many calls at once", async () => {
    const calls = Array.from({ length: 300 }, (_, at) =>
      ask(ecs, "CreateHpcCluster", { ...farm, Name: `farm-${at}` }),
    );
    const answers = await Promise.all(calls);
    expect(new Set(answers.map((answer) => answer.json["HpcClusterId"])).size).toBe(300);
    expect(ecs.store.clusters()).toHaveLength(300);
  });
});
