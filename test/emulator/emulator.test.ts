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
afterEach(() => ecs.close());

describe("the store, out of band", () => {
  test("add, find, modify, filter, remove", () => {
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

  test("what it hands out are copies", () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    Object.assign(ecs.store.clusters()[0] ?? {}, { name: "changed" });
    Object.assign(ecs.store.find(id) ?? {}, { name: "changed" });
    expect(ecs.store.find(id)?.name).toBe("farm");
  });

  test("an id twice, an id that is not there", () => {
    ecs.store.add({ name: "farm", hpcClusterId: "hpc-1" });
    expect(() => ecs.store.add({ name: "farm", hpcClusterId: "hpc-1" })).toThrow("hpc-1");
    expect(() => ecs.store.remove("hpc-2")).toThrow("hpc-2");
    expect(() => ecs.store.modify("hpc-2", {})).toThrow("hpc-2");
  });

  test("changes show in the API", async () => {
    const { hpcClusterId: id } = ecs.store.add({ name: "farm" });
    ecs.store.modify(id, { name: "barn" });
    const { json } = await ask(ecs, "DescribeHpcClusters", { RegionId: "cn-hangzhou" });
    expect(json).toMatchObject({ HpcClusters: { HpcCluster: [{ HpcClusterId: id, Name: "barn" }] } });
  });
});

describe("the requests", () => {
  test("every one, in order, with the action's own parameters only", async () => {
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

  test("calls by action and region", async () => {
    await ask(ecs, "CreateHpcCluster", farm);
    await ask(ecs, "CreateHpcCluster", { ...farm, RegionId: "cn-beijing" });
    await ask(ecs, "DescribeRegions");
    expect(ecs.calls()).toHaveLength(3);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(2);
    expect(ecs.calls("CreateHpcCluster", "cn-beijing")).toHaveLength(1);
    expect(ecs.calls(undefined, "cn-beijing")).toHaveLength(1);
  });

  test("a limit on how many are kept", async () => {
    const small = await startEmulator({ requestLimit: 2 });
    try {
      for (let call = 0; call < 9; call += 1) {
        await ask(small, "DescribeRegions");
      }
      expect(small.requests.length).toBeLessThanOrEqual(4);
      expect(small.requests.length).toBeGreaterThanOrEqual(2);
    } finally {
      await small.close();
    }
  });

  test("until a condition holds", async () => {
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

describe("holds", () => {
  test("before the commit, then released", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const answer = ask(ecs, "CreateHpcCluster", farm);
    const held = await hold.reached;
    expect(ecs.store.clusters()).toEqual([]);
    expect(held).toEqual({ requestId: ecs.requests[0]?.requestId });
    hold.release();
    expect((await answer).status).toBe(200);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("after the commit, then dropped: the answer is lost, the cluster is there", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const lost = ask(ecs, "CreateHpcCluster", { ...farm, ClientToken: "t" }).catch((error: unknown) => error);
    const { hpcClusterId } = await hold.reached;
    expect(ecs.store.clusters()).toMatchObject([{ hpcClusterId }]);
    expect(ecs.requests[0]).toMatchObject({ committed: true, finishedAt: undefined });
    hold.drop();
    expect(await lost).toBeInstanceOf(Error);
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.requests[0]).toMatchObject({ committed: true, status: undefined, fault: "drop" });
    const again = await ask(ecs, "CreateHpcCluster", { ...farm, ClientToken: "t" });
    expect(again.json["HpcClusterId"]).toBe(hpcClusterId);
  });

  test("before the commit, then dropped: nothing happened and the token is free", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const lost = ask(ecs, "CreateHpcCluster", { ...farm, ClientToken: "t" }).catch((error: unknown) => error);
    await hold.reached;
    hold.drop();
    expect(await lost).toBeInstanceOf(Error);
    expect(ecs.store.clusters()).toEqual([]);
    expect((await ask(ecs, "CreateHpcCluster", { ...farm, ClientToken: "t" })).status).toBe(200);
    expect(ecs.requests[0]).toMatchObject({ committed: false, fault: "drop" });
  });

  test("only the next call, of that action and region", async () => {
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

  test("the service goes on although the client has left", async () => {
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const leaving = new AbortController();
    const gone = ask(ecs, "CreateHpcCluster", farm, { signal: leaving.signal }).catch(
      (error: unknown) => error,
    );
    await hold.reached;
    leaving.abort();
    expect(await gone).toMatchObject({ name: "AbortError" });
    hold.release();
    await ecs.until(() => ecs.requests[0]?.finishedAt !== undefined);
    expect(ecs.store.clusters()).toHaveLength(1);
  });

  test("closing drops what is held and disappoints who waits", async () => {
    const held = ecs.hold({ action: "CreateHpcCluster", when: "beforeCommit" });
    const waiting = ecs.hold({ action: "DeleteHpcCluster", when: "beforeCommit" });
    const lost = ask(ecs, "CreateHpcCluster", farm).catch((error: unknown) => error);
    await held.reached;
    await ecs.close();
    await ecs.until(() => ecs.requests[0]?.fault === "drop");
    expect(await lost).toBeInstanceOf(Error);
    await expect(waiting.reached).rejects.toThrow("before a DeleteHpcCluster call");
    expect(ecs.store.clusters()).toEqual([]);
    ecs = await startEmulator();
  });
});

describe("starting and closing", () => {
  test("keys are random, ids follow the seed", async () => {
    const other = await startEmulator({ seed: 7 });
    try {
      expect(other.accessKeyId).not.toBe(ecs.accessKeyId);
      expect(other.accessKeySecret).not.toBe(ecs.accessKeySecret);
      const mine = await ask(ecs, "CreateHpcCluster", farm);
      const theirs = await ask(other, "CreateHpcCluster", farm);
      expect(theirs.json).toEqual(mine.json);
    } finally {
      await other.close();
    }
    const unseeded = await startEmulator();
    try {
      const { json } = await ask(unseeded, "CreateHpcCluster", farm);
      expect(json["HpcClusterId"]).not.toBe(ecs.store.clusters()[0]?.hpcClusterId);
    } finally {
      await unseeded.close();
    }
  });

  test("given accounts and a given port", async () => {
    const { port } = new URL(ecs.endpoint);
    await ecs.close();
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
    await expect(startEmulator({ port: Number(port) })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("accounts and keys that cannot be", () => {
    expect(() => ecs.accounts.add({ accountId: ecs.accountId })).toThrow("already");
    expect(() => ecs.accounts.addKey("nobody")).toThrow("nobody");
    expect(() => ecs.accounts.setActive("nokey", true)).toThrow("nokey");
    expect(() => ecs.accounts.addKey(ecs.accountId, { accessKeyId: "", accessKeySecret: "" })).toThrow(
      "must have",
    );
  });

  test("nobody listens outside of the loopback interface", async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside === undefined) {
      return;
    } // a machine without a network proves nothing
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
    await ecs.close();
    await ended;
    await expect(ask(ecs, "DescribeRegions")).rejects.toThrow();
    ecs = await startEmulator();
  });

  test("a request that stops half-way is none", async () => {
    const socket = connect(Number(new URL(ecs.endpoint).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nAction=");
    await new Promise<void>((resolve) => socket.end(resolve));
    expect((await ask(ecs, "DescribeRegions")).status).toBe(200);
    expect(ecs.requests).toHaveLength(1);
  });

  test("many calls at once over kept connections", async () => {
    const calls = Array.from({ length: 300 }, (_, at) =>
      ask(ecs, "CreateHpcCluster", { ...farm, Name: `farm-${at}` }),
    );
    const answers = await Promise.all(calls);
    expect(new Set(answers.map((answer) => answer.json["HpcClusterId"])).size).toBe(300);
    expect(ecs.store.clusters()).toHaveLength(300);
  });
});
