import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as Creation from "../../provider/creation.ts";
import type * as Clients from "../../provider/ecs/client.ts";
import type { EcsClient } from "../../provider/ecs/client.ts";
import type * as Errors from "../../provider/ecs/errors.ts";
import type { EcsError } from "../../provider/ecs/errors.ts";
import type { Send } from "../../provider/ecs/http/transport.ts";
import type { InitializationError } from "../../provider/observation.ts";

/** A clock that moves when somebody sleeps: the grace of ten seconds costs nothing. */
const clock = vi.hoisted(() => ({ now: 1_000_000 }));
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number) => {
    clock.now += ms;
    return Promise.resolve();
  },
}));
beforeEach(() => void vi.spyOn(performance, "now").mockImplementation(() => clock.now));

const regionId = "cn-hangzhou";
const inputs = {
  name: "render-farm",
  description: "Nightly frames",
  regionId,
  __tokenKey: "key",
  __provider: "exports.handler = …",
};

interface Made {
  id: string;
  name: string;
  description: string;
  token: string;
  /** Not shown before; by the clock above. */
  visibleFrom: number;
  isDeleted: boolean;
}

/** A service in a few lines, which remembers every ClientToken, and can be late in showing what it has. */
class FakeService {
  readonly made: Made[] = [];
  readonly calls: string[] = [];
  readonly tokens: string[] = [];
  /** How long each new cluster stays out of sight, by the number of its creation; 0 for the others. */
  lateMs: Record<number, number> = {};
  /** How Modify answers about a cluster that does not show: as if it were not there. */
  modifyIsLateToo = false;
  refuse: Partial<Record<string, string>> = {};

  readonly send: Send = async (action, _region, parameters) => {
    this.calls.push(action);
    const code = this.refuse[action];
    if (code !== undefined) throw refusal(action, code);
    const id = String(parameters["HpcClusterId"]);
    switch (action) {
      case "CreateHpcCluster":
        return { HpcClusterId: this.create(parameters), RequestId: `R-${this.calls.length}` };
      case "DescribeHpcClusters": {
        const ids = JSON.parse(String(parameters["HpcClusterIds"])) as string[];
        const shown = this.made.filter((one) => ids.includes(one.id) && this.shows(one));
        return {
          TotalCount: shown.length,
          HpcClusters: {
            HpcCluster: shown.map((one) => ({
              HpcClusterId: one.id,
              Name: one.name,
              Description: one.description,
            })),
          },
        };
      }
      case "ModifyHpcClusterAttribute": {
        const one = this.find(id);
        if (one.isDeleted || (this.modifyIsLateToo && !this.shows(one))) {
          throw refusal(action, "HpcClusterNotExists");
        }
        one.name = String(parameters["Name"] ?? one.name);
        return {};
      }
      case "DeleteHpcCluster":
        this.find(id).isDeleted = true;
        return {};
      default:
        throw new Error(`no such action: ${action}`);
    }
  };

  get live(): string[] {
    return this.made.filter(({ isDeleted }) => !isDeleted).map(({ id }) => id);
  }

  count(action: string): number {
    return this.calls.filter((call) => call === action).length;
  }

  find(id: string): Made {
    return this.made.find((one) => one.id === id)!;
  }

  private shows(one: Made): boolean {
    return !one.isDeleted && clock.now >= one.visibleFrom;
  }

  private create(parameters: Parameters<Send>[2]): string {
    const token = String(parameters["ClientToken"]);
    this.tokens.push(token);
    const earlier = this.made.find((one) => one.token === token);
    if (earlier !== undefined) return earlier.id;
    const number = this.made.length + 1;
    const id = `hpc-${number}`;
    this.made.push({
      id,
      name: String(parameters["Name"]),
      description: String(parameters["Description"] ?? ""),
      token,
      visibleFrom: clock.now + (this.lateMs[number] ?? 0),
      isDeleted: false,
    });
    return id;
  }
}

function refusal(action: string, code: string): EcsError {
  return new errors.EcsError({ action, regionId, code, serviceMessage: "No", status: 400, requestId: "R" });
}

let service: FakeService;
let ecs: EcsClient;
let process_: typeof Creation;
/** Modules are loaded anew for every operation, and so is the class that `creation.ts` knows errors by. */
let errors: typeof Errors;
let clients: typeof Clients;

/** Forgets what this process has done so far, as the next operation's process does. */
async function nextOperation(): Promise<void> {
  vi.resetModules();
  process_ = await import("../../provider/creation.ts");
  errors = await import("../../provider/ecs/errors.ts");
  clients = await import("../../provider/ecs/client.ts");
  ecs = new clients.EcsClient(service.send);
}

beforeEach(async () => {
  service = new FakeService();
  await nextOperation();
});

const create = (more: object = {}) => process_.createCluster(ecs, { ...inputs, ...more });

/** As the engine deletes: with what create has returned. */
async function remove(created: Creation.CreatedCluster): Promise<void> {
  await ecs.deleteHpcCluster(regionId, created.item.hpcClusterId);
  process_.rememberDeleted(created.item.hpcClusterId, created.known);
}

async function initializationFailure(call: Promise<unknown>): Promise<InitializationError> {
  const error: unknown = await call.then(
    () => expect.fail("it should have failed"),
    (reason: unknown) => reason,
  );
  expect((error as Error).name).toBe("InitializationError");
  return error as InitializationError;
}

describe("the same token again", () => {
  test("in a later operation, as after a crash, finds the cluster of the first", async () => {
    await create();
    await nextOperation();
    expect((await create()).item.hpcClusterId).toBe("hpc-1");
    expect(service.live).toEqual(["hpc-1"]);
    expect(new Set(service.tokens).size).toBe(1);
  });

  test("with another key is another cluster", async () => {
    await create();
    await create({ __tokenKey: "key of its sibling" });
    expect(service.live).toEqual(["hpc-1", "hpc-2"]);
  });

  test("after this process has deleted the cluster goes to the next generation at once", async () => {
    const first = await create();
    await nextOperation();
    await remove(first);
    const before = clock.now;
    const second = await create();
    expect(second.item.hpcClusterId).toBe("hpc-2");
    expect(second.known["__createdWith"]).toBe(service.tokens.at(-1));
    expect(clock.now).toBe(before);
    expect(service.count("ModifyHpcClusterAttribute")).toBe(0);

    // And from there on without trying the earlier ones again.
    await nextOperation();
    await remove(second);
    const calls = service.tokens.length;
    expect((await create()).item.hpcClusterId).toBe("hpc-3");
    expect(service.tokens).toHaveLength(calls + 1);
    expect(service.live).toEqual(["hpc-3"]);
  });

  test("after somebody else has deleted it: only when neither the list nor Modify knows it", async () => {
    const first = await create();
    await ecs.deleteHpcCluster(regionId, first.item.hpcClusterId);
    await nextOperation();
    const before = clock.now;
    const second = await create();
    expect(second.item.hpcClusterId).toBe("hpc-2");
    expect(clock.now - before).toBeGreaterThan(5_000);
    expect(service.count("ModifyHpcClusterAttribute")).toBe(1);
    expect(service.live).toEqual(["hpc-2"]);
  });

  test("the first of a key has no token in its state: there is nothing to remember", async () => {
    expect((await create()).known).not.toHaveProperty("__createdWith");
  });
});

describe("a cluster that is late", () => {
  test("is waited for", async () => {
    service.lateMs = { 1: 4_000 };
    expect((await create()).item).toEqual({
      hpcClusterId: "hpc-1",
      name: "render-farm",
      description: "Nightly frames",
    });
    expect(service.tokens).toHaveLength(1);
  });

  test("beyond the grace, but there for Modify: no second one, and its id is kept", async () => {
    service.lateMs = { 1: 60_000 };
    const error = await initializationFailure(create());
    expect(error.id).toBe("hpc-1");
    expect(error.message).toContain("hpc-1");
    expect(error.reasons).toEqual([error.message]);
    expect(error.properties).toMatchObject({ ...inputs, hpcClusterId: "hpc-1", requestId: "R-1" });
    expect(service.live).toEqual(["hpc-1"]);
    expect(service.tokens).toHaveLength(1);
  });

  test("is asked for by a change that changes nothing", async () => {
    service.lateMs = { 1: 60_000 };
    const sent: unknown[] = [];
    const send: Send = (action, region, parameters) => {
      if (action.startsWith("Modify")) sent.push(parameters);
      return service.send(action, region, parameters);
    };
    ecs = new clients.EcsClient(send);
    await initializationFailure(create());
    expect(sent).toEqual([
      { RegionId: regionId, HpcClusterId: "hpc-1", Name: "render-farm", Description: undefined },
    ]);
  });

  test.each(["Forbidden.RAM", "InternalError", "Invalid.Parameter"])(
    "and cannot be asked for (%s): no second one, and its id is kept",
    async (code) => {
      service.lateMs = { 1: 60_000 };
      service.refuse = { ModifyHpcClusterAttribute: code };
      const error = await initializationFailure(create());
      expect(error.id).toBe("hpc-1");
      expect(error.message).toContain(code);
      expect(service.live).toEqual(["hpc-1"]);
      expect(service.tokens).toHaveLength(1);
    },
  );

  test("and that nobody knows of, until the next generation has been made: the earlier stays, the newest goes", async () => {
    service.modifyIsLateToo = true;
    service.lateMs = { 1: 12_000, 2: 4_000 };
    const { item, known } = await create();
    expect(item.hpcClusterId).toBe("hpc-1");
    expect(known.hpcClusterId).toBe("hpc-1");
    expect(known).not.toHaveProperty("__createdWith");
    expect(service.live).toEqual(["hpc-1"]);
    expect(service.tokens).toHaveLength(2);
  });

  test("without a key cannot be a replay: it is merely late, and its id is kept", async () => {
    service.lateMs = { 1: 60_000 };
    service.modifyIsLateToo = true;
    const error = await initializationFailure(create({ __tokenKey: undefined }));
    expect(error.id).toBe("hpc-1");
    expect(Object.values(error.properties)).not.toContain(undefined);
    expect(service.tokens).toHaveLength(1);
  });

  test("and cannot be looked at: its id is kept, with what the engine needs of it", async () => {
    service.refuse = { DescribeHpcClusters: "Forbidden.RAM" };
    const error = await initializationFailure(create());
    expect(error.id).toBe("hpc-1");
    expect(error.message).toContain("Forbidden.RAM");
    expect(error.properties["__provider"]).toBe(inputs.__provider);
    expect(service.live).toEqual(["hpc-1"]);
  });
});

describe("generations", () => {
  test("are bounded: a service that answers with deleted clusters for ever is an error", async () => {
    for (let number = 1; number <= 2_000; number += 1) process_.rememberDeleted(`hpc-${number}`, {});
    await expect(create()).rejects.toThrow(/1000 times with a cluster that does not exist/);
    expect(service.tokens).toHaveLength(1_000);
    expect(new Set(service.tokens).size).toBe(1_000);
  });

  test("are counted for each set of values by themselves", async () => {
    await remove(await create());
    const other = await create({ name: "farm-2" });
    expect(other.known).not.toHaveProperty("__createdWith");
    expect(service.live).toEqual(["hpc-2"]);
  });
});

describe("an explicit clientToken", () => {
  const given = { clientToken: "of-the-user", __tokenKey: undefined };

  test("is sent as it is, and answered with the cluster of the first call", async () => {
    await create(given);
    await nextOperation();
    expect((await create(given)).item.hpcClusterId).toBe("hpc-1");
    expect(service.tokens).toEqual(["of-the-user", "of-the-user"]);
  });

  test("comes before the key", async () => {
    await create({ clientToken: "of-the-user" });
    expect(service.tokens).toEqual(["of-the-user"]);
  });

  test.each(["by this process", "by somebody else"])(
    "whose cluster has been deleted (%s) is an error that says so, and makes nothing",
    async (by) => {
      const first = await create(given);
      if (by === "by this process") await remove(first);
      else await ecs.deleteHpcCluster(regionId, "hpc-1");
      await expect(create(given)).rejects.toThrow(/hpc-1.*deleted since.*new value, or remove it/s);
      expect(service.live).toEqual([]);
    },
  );
});

test("without a key each creation has a random token", async () => {
  await create({ __tokenKey: undefined });
  await create({ __tokenKey: undefined });
  expect(service.live).toHaveLength(2);
  for (const token of service.tokens) expect(token).toMatch(/^[\x21-\x7e]{16,64}$/);
});

test("what was just created is remembered, what was not is not", async () => {
  const { item } = await create();
  expect(process_.hasJustBeenCreated(item.hpcClusterId)).toBe(true);
  await nextOperation();
  expect(process_.hasJustBeenCreated(item.hpcClusterId)).toBe(false);
});

test("a create that fails makes nothing, and is the error of the service", async () => {
  service.refuse = { CreateHpcCluster: "Invalid.Parameter" };
  await expect(create()).rejects.toMatchObject({ name: "EcsError", code: "Invalid.Parameter" });
  expect(service.live).toEqual([]);
});
