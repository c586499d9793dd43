/** A service that answers wrongly never gets many clusters made for one resource, and never loses the one that was made. */
import { beforeEach, describe, expect, test } from "vitest";
import { createCluster } from "../../provider/cluster/create.ts";
import { InitializationError, type ClusterState } from "../../provider/cluster/state.ts";
import type { ClusterProperties } from "../../provider/cluster/properties.ts";
import { updateCluster } from "../../provider/cluster/update.ts";
import { failureOf } from "./failureOf.ts";
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
async function create(
  values: ClusterProperties = inputs,
  operation = service.operation(),
): Promise<ClusterState | Error> {
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
  service.shown = (item) => ({ ...item, Name: item.Name.toUpperCase(), Description: "" });
  expect(await create()).toMatchObject({ name: "FARM" });
  expect(warnings).toEqual([
    expect.stringMatching(
      /hpc-1 has been created, but .* another name and description than the program's\. The next .* `pulumi stack export` shows it\.$/,
    ),
  ]);
});

test.each(["", " and the cluster once not at all"])(
  "values that show late%s are waited for, no longer than they take, and nothing is warned of",
  async (hidden) => {
    service.shown = (item, ageMs) =>
      ageMs > 1_500
        ? item
        : hidden !== "" && ageMs > 200 && ageMs < 1_000
          ? undefined
          : { ...item, Description: "" };
    const start = service.clock.now();
    const operation = service.operation();
    expect(await createCluster(operation, inputs, origin)).toMatchObject(inputs);
    expect(service.clock.now() - start).toBeLessThan(5_000);
    expect(operation.warnings).toEqual([]);
  },
);

test("white space that the service drops does not hide the cluster of an interrupted run", async () => {
  service.shown = (item) => ({ ...item, Description: item.Description?.trim() ?? "" });
  await create();
  expect(await create()).toMatchObject({ hpcClusterId: "hpc-1" });
  expect(service.ids).toEqual(["hpc-1"]);
});

describe("where the region cannot be listed", () => {
  beforeEach(() => {
    service.refusesLists = true;
  });

  test("nothing is said of clusters from before, which are not known", async () => {
    await create();
    expect(warnings).toEqual([]);
    service.clusters[0]!.description = "changed";
    expect(await create()).toMatchObject({ hpcClusterId: "hpc-2" });
    expect(warnings).toEqual([]);
  });

  test("a second cluster with other values ends the attempts, and the message names both", async () => {
    service.shown = (item) => ({ ...item, Description: "" });
    const { message } = await failureOf(createCluster(service.operation(), inputs, origin));
    expect(message).toMatch(
      /hpc-2, which .* The same is true of hpc-1, which this .*delete it\. Make sure that no other resource has hpc-2/,
    );
  });
});

describe("an id that does not exist", () => {
  test("is found in the list if it differs only in its case or white space, in later runs too", async () => {
    service.answeredId = (id) => `${id.toUpperCase()} `;
    for (let run = 0; run < 2; run += 1) {
      expect(await create()).toMatchObject({ hpcClusterId: "hpc-1" });
      expect(service.ids).toEqual(["hpc-1"]);
    }
    const operation = service.operation();
    operation.session.holders.record("hpc-1", { entry: "other" });
    expect(await create(inputs, operation)).toMatchObject({ hpcClusterId: "hpc-2" });
  });

  test("ends in an error that names the new cluster, and no other one: none is made either", async () => {
    service.add("farm");
    const operation = service.operation();
    await operation.session.lists.beforeCreation(regionId);
    service.add("other");
    await createCluster(operation, inputs, { tokenKey: "of another resource" });
    service.answeredId = () => "hpc-wrong";
    expect(messageOf(await create(inputs, operation))).toMatch(
      /hpc-wrong, which does not exist.*new cluster with the name of this resource: hpc-4\. .*adopt it: adopt: "hpc-4"\.$/s,
    );
    expect(service.ids).toHaveLength(4);
  });

  test("ends in an error if the region cannot be listed any more: no other one is made", async () => {
    const operation = service.operation();
    await operation.session.lists.beforeCreation(regionId);
    service.refusesLists = true;
    service.answeredId = () => "hpc-wrong";
    expect(messageOf(await create(inputs, operation))).toContain("Forbidden.RAM");
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
