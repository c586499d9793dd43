/** Promise: a process lists a region once for many reads; what the list cannot tell for certain is read by id. */
import { beforeEach, describe, expect, test } from "vitest";
import { readSettings } from "../../provider/account/settings.ts";
import { checkCluster } from "../../provider/cluster/check.ts";
import { createCluster } from "../../provider/cluster/create.ts";
import { deleteCluster } from "../../provider/cluster/delete.ts";
import { diffCluster } from "../../provider/cluster/diff.ts";
import { readCluster } from "../../provider/cluster/read.ts";
import { beginOperation, findListed } from "../../provider/cluster/operation.ts";
import { Session } from "../../provider/cluster/session.ts";
import { stateFrom } from "../../provider/cluster/state.ts";
import { updateCluster } from "../../provider/cluster/update.ts";
import { EcsClient } from "../../provider/ecs/client.ts";
import { CanceledError, cancelableClock } from "../../provider/ecs/clock.ts";
import type { Answer, Call } from "../../provider/ecs/http/transport.ts";
import { withoutRetry } from "./requests.ts";
import { FakeService, regionId } from "./fakeService.ts";
import { VirtualClock } from "./virtualClock.ts";

let service: FakeService;
let operation: ReturnType<FakeService["operation"]>;
beforeEach(() => {
  service = new FakeService();
  operation = service.operation();
});

/** "list" for a list of the region, else the id that was read. */
const reads = () => service.sent("DescribeHpcClusters").map(({ HpcClusterIds }) => HpcClusterIds ?? "list");
const refreshed = (id: string) => readCluster(operation, id, { hpcClusterId: id, name: "farm", regionId });
const got = (id: string) => readCluster(operation, id, { regionId });
const ids = (count: number) => Array.from({ length: count }, (_, at) => service.add(`farm-${at}`));

describe("one list of the region", () => {
  test("answers refresh, get, adoption, moves, and the checks of new clusters, together", async () => {
    const clusters = ids(5);
    const adopted = service.add("adopted");
    const foreign = service.add("foreign");
    const results = await Promise.all([
      ...clusters.map(refreshed),
      got(adopted),
      checkCluster(operation, {}, { name: "adopted", adopt: adopted }),
      checkCluster(operation, {}, { name: "farm-0" }),
      diffCluster(operation, foreign, { id: foreign, name: "foreign" }, { name: "foreign", regionId }, {}),
    ]);
    expect(results.slice(0, 6)).toMatchObject(
      [...clusters, adopted].map((hpcClusterId, at) => ({
        hpcClusterId,
        name: at < 5 ? `farm-${at}` : "adopted",
      })),
    );
    expect(reads()).toEqual(["list"]);
    await createCluster(operation, { name: "new", regionId }, { tokenKey: "key" });
    expect(reads()).toEqual(["list", `["hpc-8"]`]);
  });

  test("is not believed where a cluster is missing: a refresh drops it after several looks by its id", async () => {
    const [there, gone] = ids(2) as [string, string];
    service.find(gone)!.isDeleted = true;
    expect(await refreshed(there)).toMatchObject({ hpcClusterId: there });
    const before = service.clock.now();
    expect(await refreshed(gone)).toBeUndefined();
    expect(service.clock.now() - before).toBe(10_000);
    expect(reads().slice(1).length).toBeGreaterThan(3);
    await expect(got(gone)).rejects.toThrow("There is no HPC cluster");
    const late = service.add("late");
    expect(await refreshed(late)).toMatchObject({ name: "late" });
  });

  test("is not believed about what this process has created, changed or deleted since", async () => {
    const [changed, deleted] = ids(2) as [string, string];
    await refreshed(changed);
    await updateCluster(operation, stateFrom(changed, { name: "farm-0", regionId }), {
      name: "new",
      regionId,
    });
    expect(await got(changed)).toMatchObject({ name: "new" });
    await deleteCluster(operation, stateFrom(deleted, { name: "farm-1", regionId }));
    await expect(got(deleted)).rejects.toThrow("There is no HPC cluster");
    const { hpcClusterId: created } = await createCluster(operation, { name: "more", regionId }, {});
    service.clock.advance(61_000);
    service.find(created)!.name = "other";
    expect(await got(created)).toMatchObject({ name: "other" });
  });

  test("is renewed after a minute, but not as what there was before the first creation", async () => {
    const [id] = ids(1) as [string];
    await createCluster(operation, { name: "new", regionId }, {});
    service.find(id)!.name = "renamed";
    service.clock.advance(59_000);
    expect(await got(id)).toMatchObject({ name: "farm-0" });
    service.clock.advance(2_000);
    const both = await Promise.all([got(id), refreshed(id)]);
    expect(both).toMatchObject([{ name: "renamed" }, { name: "renamed" }]);
    expect(reads().filter((what) => what === "list")).toHaveLength(2);
    const before = await operation.session.lists.beforeCreation(regionId);
    expect("clusters" in before && [...before.clusters.keys()]).toEqual([id]);
  });

  test.each([
    ["the permission to list", () => (service.refusesLists = true)],
    ["a list, since the region has more than 1,000 clusters", () => void ids(1_000)],
  ])("is tried once without %s, and clusters are read by id", async (_, prepare) => {
    const [first, second] = ids(2) as [string, string];
    prepare();
    expect(await Promise.all([first, second].map(refreshed))).toMatchObject([
      { name: "farm-0" },
      { name: "farm-1" },
    ]);
    const { failures } = await checkCluster(operation, {}, { name: "farm-0", adopt: first });
    expect(failures).toEqual([]);
    expect(reads()).toEqual(["list", `["${first}"]`, `["${second}"]`, `["${first}"]`]);
  });
});

describe("a list that takes long", () => {
  const clock = new VirtualClock();
  let calls: Call[];
  let answer: () => void;
  let slow: Session;
  beforeEach(() => {
    calls = [];
    const list = new Promise<void>((resolve) => (answer = resolve));
    const send = async (call: Call): Promise<Answer> => {
      calls.push(call);
      if (call.parameters["HpcClusterIds"] === undefined) {
        await list;
      }
      return { TotalCount: 1, HpcClusters: { HpcCluster: [{ HpcClusterId: "hpc-1", Name: "farm" }] } };
    };
    const options = { clock, connect: () => new EcsClient(withoutRetry(send)) };
    slow = new Session(
      readSettings(() => undefined, {}),
      options,
    );
  });

  test("may take as long as a call for a refresh; a preview that joins it waits five seconds", async () => {
    const heard: string[] = [];
    const refresh = findListed(
      beginOperation(slow, { onWait: (what) => heard.push(what) }),
      regionId,
      "hpc-1",
    );
    const heardByCheck: string[] = [];
    const preview = beginOperation(slow, { onWait: (what) => heardByCheck.push(what) });
    const check = findListed(preview, regionId, "hpc-1", 5_000);
    const before = slow.lists.beforeCreation(regionId);
    const start = clock.now();
    let late = 0;
    void Promise.all([check, before]).then(() => (late = clock.now() - start));
    await clock.advance(60_000);
    expect(late).toBe(5_000);
    expect(await check).toMatchObject({
      error: {
        action: "DescribeHpcClusters",
        code: "RequestTimeout",
        serviceMessage: "the list of the region was not there within 5.0 s",
      },
    });
    expect(await before).toMatchObject({ error: { code: "RequestTimeout" } });
    // Each page as long as the settings say; and who waits hears why.
    expect(calls[0]).not.toHaveProperty("deadline");
    calls[0]?.onWait?.("throttled");
    answer();
    await clock.advance(0);
    expect(await refresh).toMatchObject({ item: { Name: "farm" } });
    expect(calls).toHaveLength(1);
    expect(heard).toEqual(["throttled"]);
    expect(heardByCheck).toEqual([]);
    // Other clusters have been created meanwhile, perhaps.
    expect(await slow.lists.beforeCreation(regionId)).toHaveProperty("error");
  });

  test("ends after five seconds if a preview has begun it", async () => {
    void findListed(beginOperation(slow), regionId, "hpc-1", 5_000);
    await clock.advance(0);
    expect(calls[0]?.deadline).toBe(clock.now() + 5_000);
  });

  test("leaves no timer, which would keep the process alive, if it comes in time", async () => {
    const read = findListed(beginOperation(slow, { timeoutMs: 3_000 }), regionId, "hpc-1");
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    answer();
    expect(await read).toMatchObject({ item: { Name: "farm" } });
    expect(clock.pending).toBe(0);
  });

  test("ends when the run is canceled", async () => {
    const cancellation = new AbortController();
    const options = { clock: cancelableClock(cancellation.signal), connect: () => slow.ecs() };
    const operation = beginOperation(new Session(slow.settings, options), { timeoutMs: 60_000 });
    const read = findListed(operation, regionId, "hpc-1");
    cancellation.abort();
    expect(await read).toEqual({ error: expect.any(CanceledError) as CanceledError });
  });

  test("does not outlast an operation with a time-out of its own", async () => {
    const operation = beginOperation(slow, { timeoutMs: 3_000 });
    const read = findListed(operation, regionId, "hpc-1");
    await clock.advance(3_000);
    expect(await read).toMatchObject({ error: { code: "RequestTimeout" } });
  });
});
