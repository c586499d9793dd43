/** A service that answers wrongly never gets many clusters made for one resource, and never loses the one that was made. */
import { beforeEach, describe, expect, test } from "vitest";
import { createCluster } from "../../provider/cluster/create.ts";
import { InitializationError, type ClusterState } from "../../provider/cluster/state.ts";
import type { ClusterProperties } from "../../provider/cluster/properties.ts";
import { updateCluster } from "../../provider/cluster/update.ts";
import { FakeService, regionId } from "./fakeService.ts";

const inputs: ClusterProperties = { name: "farm", description: "Nightly frames ", regionId };
const origin = { tokenKey: "key", resourceName: "farm" };

let service: FakeService;
let warnings: string[];
beforeEach(() => {
  service = new FakeService();
  warnings = [];
});

/** What the state holds afterwards; undefined if nothing. */
async function create(values: ClusterProperties = inputs): Promise<ClusterState | Error> {
  const operation = service.operation();
  try {
    return await createCluster(operation, values, origin);
  } catch (error) {
    return error instanceof InitializationError ? error.state : (error as Error);
  } finally {
    warnings = operation.warnings;
  }
}

/** The message of a failure that leaves nothing in the state. */
const messageOf = (outcome: ClusterState | Error) => (outcome instanceof Error ? outcome.message : "none");

type Lie = (service: FakeService) => void;
const lies: [what: string, tell: Lie][] = [
  [
    "white space at the ends is dropped",
    (it) => (it.shown = (item) => ({ ...item, Description: item.Description?.trim() ?? "" })),
  ],
  [
    "values are shown in upper case",
    (it) => (it.shown = (item) => ({ ...item, Name: item.Name.toUpperCase() })),
  ],
  [
    "the description is cut",
    (it) => (it.shown = (item) => ({ ...item, Description: item.Description?.slice(0, 4) ?? "" })),
  ],
  ["the description never shows", (it) => (it.shown = ({ HpcClusterId, Name }) => ({ HpcClusterId, Name }))],
  [
    "values show 1.5 s late",
    (it) => (it.shown = (item, ageMs) => (ageMs < 1_500 ? { ...item, Description: "" } : item)),
  ],
  ["the cluster shows 8 s late", (it) => (it.lateMs = { 1: 8_000 })],
  [
    "another cluster's values are shown",
    (it) => (it.shown = (item) => ({ ...item, Name: "other", Description: "other" })),
  ],
];

describe.each(lies)("if %s", (_what, tell) => {
  test("one cluster is made, and it is in the state", async () => {
    tell(service);
    const state = await create();
    expect(service.ids).toEqual(["hpc-1"]);
    expect(state).toMatchObject({ hpcClusterId: "hpc-1" });
    // The next run's update makes no other one either.
    await updateCluster(service.operation(), state as ClusterState, inputs).catch(() => undefined);
    expect(service.ids).toEqual(["hpc-1"]);
  });

  test("and the clusters of the region cannot be listed, at most two are made, and the last is in the state", async () => {
    tell(service);
    service.refusesLists = true;
    const state = await create();
    expect(service.ids.length).toBeLessThanOrEqual(2);
    expect(state).toMatchObject({ hpcClusterId: service.ids.at(-1) });
  });
});

test("a difference that stays is warned of, and shows as an ordinary difference", async () => {
  service.shown = (item) => ({ ...item, Name: item.Name.toUpperCase() });
  expect(await create()).toMatchObject({ name: "FARM" });
  expect(warnings).toEqual([expect.stringMatching(/hpc-1 has been created, but .* another name/)]);
});

test("values that show late are waited for, and nothing is warned of", async () => {
  service.shown = (item, ageMs) => (ageMs < 1_500 ? { ...item, Description: "" } : item);
  expect(await create()).toMatchObject(inputs);
  expect(warnings).toEqual([]);
});

describe("an id that does not exist", () => {
  test("is found in the list if it differs only in its case, in later runs too", async () => {
    service.answeredId = (id) => id.toUpperCase();
    for (let run = 0; run < 2; run += 1) {
      expect(await create()).toMatchObject({ hpcClusterId: "hpc-1" });
      expect(service.ids).toEqual(["hpc-1"]);
    }
  });

  test("ends in an error that names the new cluster: no other one is made", async () => {
    service.answeredId = () => "hpc-wrong";
    expect(messageOf(await create())).toMatch(/hpc-wrong, which does not exist.*new cluster.*hpc-1/s);
    expect(service.ids).toEqual(["hpc-1"]);
  });

  test("and clusters that never show: the number of calls is bounded", async () => {
    service.modifyIsLateToo = true;
    service.shown = () => undefined;
    service.lateMs = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [at + 1, Infinity]));
    expect(messageOf(await create())).toMatch(
      /clusters that CreateHpcCluster in cn-hangzhou created earlier/,
    );
    expect(service.tokens).toHaveLength(20);
  });
});

test("two clusters of one run whose ids are swapped are one cluster each", async () => {
  const operation = service.operation();
  service.answeredId = (id) => (id === "hpc-1" ? "hpc-2" : "hpc-1");
  // Both exist before the first is read.
  service.lateMs = { 1: 500, 2: 0 };
  const states = await Promise.all(
    ["one", "two"].map((name) => createCluster(operation, { name, regionId }, { tokenKey: name })),
  );
  expect(states.map(({ hpcClusterId }) => hpcClusterId).toSorted()).toEqual(["hpc-1", "hpc-2"]);
  expect(service.ids).toEqual(["hpc-1", "hpc-2"]);
});
