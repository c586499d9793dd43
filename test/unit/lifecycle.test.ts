import { beforeEach, describe, expect, test } from "vitest";
import { checkCluster } from "../../provider/cluster/check.ts";
import { createCluster } from "../../provider/cluster/create.ts";
import { deleteCluster } from "../../provider/cluster/delete.ts";
import {
  InitializationError,
  inputsOf,
  outputsOf,
  stateFrom,
  type ClusterState,
} from "../../provider/cluster/state.ts";
import { propertiesFrom, UNKNOWN } from "../../provider/cluster/properties.ts";
import { readCluster } from "../../provider/cluster/read.ts";
import type { Operation } from "../../provider/cluster/operation.ts";
import { updateCluster } from "../../provider/cluster/update.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";

const origin = { tokenKey: "key", resourceName: "rendering" };

let service: FakeService;
let operation: Operation & { warnings: string[] };

beforeEach(() => {
  service = new FakeService();
  operation = service.operation();
});

/** A cluster in the state of an earlier run. */
function existing(name: string, description = ""): ClusterState {
  const hpcClusterId = service.add(name, description);
  return stateFrom(hpcClusterId, { name, description, regionId, requestId: "R-old" });
}

describe("check", () => {
  test("keeps the stored token key", async () => {
    const { inputs } = await checkCluster(
      operation,
      { name: "farm", regionId, __tokenKey: "stored" },
      { name: "farm", __tokenKey: "of another name" },
    );
    expect(inputs["__tokenKey"]).toBe("stored");
  });

  test("is the same for a replacement, which has no old inputs", async () => {
    const news = { name: "farm", __tokenKey: "key" };
    const first = await checkCluster(operation, {}, news);
    expect(first).toEqual({ inputs: { ...news, regionId }, failures: [] });
    await expect(checkCluster(operation, first.inputs, news)).resolves.toEqual(first);
  });

  test("reports problems of the settings once, without a property, and calls nothing", async () => {
    operation = service.operation({ accessKey: "LTAIhalf", endpoints: "{" });
    const { failures } = await checkCluster(operation, {}, { name: "farm", regionId });
    expect(failures.map(({ property }) => property)).toEqual(["", ""]);
    const reasons = failures.map(({ reason }) => reason).join("\n");
    expect(reasons).toMatch(/alicloud:endpoints/);
    expect(reasons).toMatch(/alicloud:secretKey/);
    expect(reasons).not.toContain("LTAIhalf");
    const { message } = await failureOf(deleteCluster(operation, existing("farm")));
    expect(message.split("\n")).toEqual(failures.map(({ reason }) => reason));
    await expect(checkCluster(operation, {}, { name: "farm", regionId })).resolves.toMatchObject({
      failures: [],
    });
    expect(service.calls).toEqual([]);
  });

  test("reads the regions and the names of new clusters once for many checks, within a few seconds", async () => {
    await Promise.all(Array.from({ length: 20 }, () => checkCluster(operation, {}, { name: "farm" })));
    expect(service.calls).toEqual([
      { action: "DescribeRegions", regionId, parameters: {}, withinMs: 5_000 },
      {
        action: "DescribeAvailableResource",
        regionId,
        parameters: { RegionId: regionId, DestinationResource: "InstanceType" },
        withinMs: 5_000,
      },
      {
        action: "DescribeHpcClusters",
        regionId,
        parameters: { RegionId: regionId, PageSize: 100 },
        deadline: service.clock.now() + 5_000,
        onWait: expect.any(Function) as () => void,
      },
    ]);
  });

  test("suggests the nearest region, and says where a wrong one was configured", async () => {
    const own = await checkCluster(operation, {}, { name: "farm", regionId: "cn-hangzou" });
    expect(own.failures).toMatchObject([{ property: "regionId" }]);
    expect(own.failures[0]?.reason).toMatch(/^regionId "cn-hangzou" is not .*did you mean "cn-hangzhou"\?$/);
    // Nothing is asked of a region that may not exist.
    expect(service.calls.map(({ action }) => action)).toEqual(["DescribeRegions"]);
    operation = service.operation({ region: "cn-hangzou" });
    const configured = await checkCluster(operation, {}, { name: "farm" });
    expect(configured.failures[0]?.reason).toContain("(from alicloud:region)");
  });

  test.each([
    ["a region that is missing", { name: "farm" }, ["regionId"]],
    ["a region of the wrong form", { name: "farm", regionId: "CN Hangzhou" }, ["regionId"]],
    ["a wrong name and an unknown region", { name: "x", regionId: "cn-hangzou" }, ["name", "regionId"]],
    ["a region that is not known yet", { name: "farm", regionId: UNKNOWN }, []],
    ["a name that is not known yet", { name: UNKNOWN, regionId }, []],
  ])("says of %s one thing each, and reads no cluster", async (_, news, wrong) => {
    operation = service.operation({});
    const { failures } = await checkCluster(operation, {}, news);
    expect(failures.map(({ property }) => property)).toEqual(wrong);
    expect(operation.warnings).toEqual([]);
    expect(service.calls.map(({ action }) => action)).toEqual(["DescribeRegions"]);
  });

  test("does not read the regions with skipRegionValidation", async () => {
    operation = service.operation({ skipRegionValidation: "true" });
    const { failures } = await checkCluster(operation, {}, { name: "farm", regionId: "cn-atlantis" });
    expect(failures).toEqual([]);
    expect(service.calls).toEqual([]);
  });

  test("only warns, and once, if the regions cannot be read", async () => {
    service.errors = { DescribeRegions: "Forbidden.RAM" };
    for (let round = 0; round < 2; round += 1) {
      const { failures } = await checkCluster(operation, {}, { name: "farm", regionId: "cn-atlantis" });
      expect(failures).toEqual([]);
    }
    expect(operation.warnings).toEqual([
      expect.stringMatching(
        /could not be checked.*Forbidden\.RAM.*\(Set alicloud:skipRegionValidation to true to skip this check\.\)$/s,
      ),
    ]);
  });

  test("fails once if the credentials are refused", async () => {
    service.errors = { DescribeRegions: "InvalidAccessKeyId.NotFound" };
    const first = await checkCluster(operation, {}, { name: "farm" });
    expect(first.failures).toEqual([
      { property: "", reason: expect.stringContaining("InvalidAccessKeyId.NotFound") as string },
    ]);
    expect((await checkCluster(operation, {}, { name: "farm" })).failures).toEqual([]);
  });
});

describe("adopting a cluster", () => {
  const adoptable = () => ({
    name: "farm",
    description: "Frames",
    regionId,
    adopt: service.add("farm", "Frames"),
  });

  test("checks that the cluster exists and is as the program says", async () => {
    const inputs = adoptable();
    expect((await checkCluster(operation, {}, inputs)).failures).toEqual([]);

    const missing = await checkCluster(operation, {}, { ...inputs, adopt: "hpc-none" });
    expect(missing.failures).toMatchObject([{ property: "adopt" }]);
    expect(missing.failures[0]?.reason).toMatch(/no HPC cluster hpc-none in cn-hangzhou/);

    const different = await checkCluster(operation, {}, { name: "other", regionId, adopt: inputs.adopt });
    expect(different.failures.map(({ property }) => property)).toEqual(["name", "description"]);
    expect(different.failures[0]?.reason).toContain(`cluster ${inputs.adopt}, "farm", but is "other"`);
    expect(different.failures[1]?.reason).toContain(`cluster ${inputs.adopt}, "Frames", but is none`);
  });

  test("reads the cluster only if everything needed is known and correct, and for new resources only", async () => {
    const { adopt } = adoptable();
    const news = { name: "other", regionId, adopt };
    await checkCluster(operation, {}, { ...news, adopt: UNKNOWN });
    await checkCluster(operation, {}, { ...news, regionId: UNKNOWN });
    await checkCluster(operation, {}, { ...news, name: "!" });
    await checkCluster(operation, { name: "farm" }, news);
    expect(service.sent("DescribeHpcClusters")).toEqual([]);
    const unknownName = await checkCluster(operation, {}, { ...news, name: UNKNOWN, description: "Frames" });
    expect(unknownName.failures).toEqual([]);
  });

  test("goes on with a warning if the credentials come too late, and stops for other errors", async () => {
    const inputs = { ...adoptable(), __isProtected: true };
    service.errors = { DescribeHpcClusters: "CredentialsTimeout" };
    expect((await checkCluster(operation, {}, inputs)).failures).toEqual([]);
    expect(operation.warnings).toEqual([
      expect.stringMatching(/^The HPC cluster to adopt could not be compared.*CredentialsTimeout/),
    ]);
    service.errors = { DescribeHpcClusters: "Forbidden.RAM" };
    await expect(checkCluster(service.operation(), {}, inputs)).rejects.toThrow("Forbidden.RAM");
  });

  const notHere =
    /^adopt does not protect the HPC cluster hpc-1 in this language: .*protect: true.*deletes it\.$/;
  const notAnyMore =
    /^adopt has been removed.*of the adopted HPC cluster hpc-1, unless.*Without protection a destroy.*protect: true\.$/;
  test.each<[string, olds: object, news: object, RegExp?]>([
    ["a new adoption that the program does not protect", {}, { adopt: "hpc-1" }, notHere],
    ["an adoption that was removed", { adopt: "hpc-1" }, {}, notAnyMore],
    ["an adoption that stays", { adopt: "hpc-1" }, { adopt: "hpc-1" }],
    ["a protected one", {}, { adopt: "hpc-1", __isProtected: true }],
    ["one that the program leaves unprotected", {}, { adopt: "hpc-1", __isProtected: false }],
    ["a removed one that stays protected", { adopt: "hpc-1" }, { __isProtected: true }],
    ["one whose id is not known yet", {}, { adopt: UNKNOWN }],
    ["a cluster that was never adopted", { __tokenKey: "key" }, {}],
  ])("warns once where it does not protect: %s", async (_, olds, news, warning) => {
    const stored = Object.keys(olds).length === 0 ? {} : { name: "farm", regionId, ...olds };
    service.add("farm");
    for (let round = 0; round < 2; round += 1) {
      await checkCluster(operation, stored, { name: "farm", regionId, ...news });
    }
    expect(operation.warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  });

  test("changes and creates nothing", async () => {
    const inputs = adoptable();
    expect(await createCluster(operation, inputs, origin)).toEqual({
      ...inputs,
      hpcClusterId: inputs.adopt,
      __entry: expect.any(String) as string,
    });
    expect(service.calls.map(({ action }) => action).toSorted()).toEqual([
      "DescribeHpcClusters",
      "GetCallerIdentity",
    ]);
  });

  test("fails for a missing, a different and another resource's cluster", async () => {
    const inputs = adoptable();
    await expect(createCluster(operation, { ...inputs, adopt: "hpc-none" }, origin)).rejects.toThrow(
      "hpc-none",
    );
    await expect(
      createCluster(operation, { ...inputs, name: "other", description: "other" }, origin),
    ).rejects.toThrow(
      /^name and description must be that of .* hpc-1; make them the same, and change it once the cluster has been adopted\.$/,
    );
    operation.session.holders.record(inputs.adopt, { entry: "other" });
    await expect(createCluster(operation, inputs, origin)).rejects.toThrow(
      "adopt: another resource of this stack already holds the HPC cluster hpc-1; remove one of them.",
    );
  });

  test("is over once adopted: the replacement is an ordinary new cluster", async () => {
    const inputs = adoptable();
    await checkCluster(operation, inputs, inputs);
    expect((await checkCluster(operation, {}, { ...inputs, name: "other" })).failures).toEqual([]);
    await deleteCluster(operation, stateFrom(inputs.adopt, inputs));
    const created = await createCluster(operation, inputs, origin);
    expect(created.hpcClusterId).not.toBe(inputs.adopt);
    expect(service.ids).toEqual([created.hpcClusterId]);
  });
});

describe("reading a cluster", () => {
  test("returns what the service shows now, and keeps the rest of the state", async () => {
    const state = {
      ...existing("drifted", "after"),
      clientToken: "t",
      __tokenUse: { series: "s", generation: 3 },
    };
    const stored = { ...outputsOf(state), name: "before", description: "before" };
    const found = await readCluster(operation, state.hpcClusterId, stored);
    expect(outputsOf(found!)).toEqual(outputsOf(state));
    expect(inputsOf(found!)).toEqual({ name: "drifted", description: "after", regionId, clientToken: "t" });
  });

  test("drops a description that was removed", async () => {
    const state = existing("farm");
    const found = await readCluster(operation, state.hpcClusterId, { ...state, description: "before" });
    expect(outputsOf(found!)).not.toHaveProperty("description");
  });

  test("returns nothing for a stored cluster that is deleted, and an error for HpcCluster.get", async () => {
    const state = existing("farm");
    service.clusters[0]!.isDeleted = true;
    await expect(readCluster(operation, "hpc-1", outputsOf(state))).resolves.toBeUndefined();
    await expect(readCluster(operation, "hpc-1", { regionId })).rejects.toThrow(
      /hpc-1 in cn-hangzhou: check the id/,
    );
  });

  test("takes the configured region if there is none", async () => {
    existing("farm");
    await expect(readCluster(operation, "hpc-1", {})).resolves.toMatchObject({ name: "farm", regionId });
    await expect(readCluster(service.operation({}), "hpc-1", {})).rejects.toThrow(/regionId is required/);
  });

  test.each(["CN-Hangzhou", "evil.com/", "a b", "cn-hangzhou@evil.com"])(
    "fails for the region %o before anything is sent",
    async (region) => {
      await expect(readCluster(operation, "hpc-1", { regionId: region })).rejects.toThrow(
        /^regionId must be/,
      );
      expect(service.calls).toEqual([]);
    },
  );

  test.each([
    "InvalidAccessKeyId.NotFound",
    "InvalidRegionId.NotFound",
    "Forbidden.RAM",
    "Invalid.Parameter",
  ])("fails for %s: the cluster is not deleted", async (code) => {
    const state = existing("farm");
    service.errors = { DescribeHpcClusters: code };
    const error = await failureOf(readCluster(operation, "hpc-1", outputsOf(state)), EcsError);
    expect(error.code).toBe(code);
  });

  test("fails if the settings cannot be used: refresh and destroy make no check", async () => {
    const broken = service.operation({ accessKey: "LTAIhalf", region: regionId });
    await expect(readCluster(broken, "hpc-1", { hpcClusterId: "hpc-1" })).rejects.toThrow(
      "alicloud:secretKey",
    );
    await expect(deleteCluster(broken, existing("farm"))).rejects.toThrow("alicloud:secretKey");
    expect(service.calls).toEqual([]);
  });
});

describe("updating a cluster", () => {
  test.each([
    ["the name", { name: "renamed", description: "before" }, { Name: "renamed" }],
    ["the description", { name: "farm", description: "after" }, { Description: "after" }],
    ["both", { name: "renamed", description: "after" }, { Name: "renamed", Description: "after" }],
    ["a removed description as an empty one", { name: "farm" }, { Description: "" }],
  ])("sends %s, and nothing else", async (_, wanted, sent) => {
    const old = existing("farm", "before");
    const updated = await updateCluster(operation, old, { ...wanted, regionId });
    expect(service.sent("ModifyHpcClusterAttribute")).toEqual([
      { RegionId: regionId, HpcClusterId: "hpc-1", ...sent },
    ]);
    expect(outputsOf(updated)).toEqual({ ...wanted, regionId, hpcClusterId: "hpc-1", requestId: "R-old" });
    expect(service.find("hpc-1")).toMatchObject({ description: "", ...wanted });
  });

  test("in which nothing differs only reads the cluster", async () => {
    const old = existing("farm");
    await expect(updateCluster(operation, old, propertiesFrom(outputsOf(old)))).resolves.toMatchObject(
      outputsOf(old),
    );
    expect(service.calls.map(({ action }) => action)).toEqual(["DescribeHpcClusters"]);
  });

  test("keeps the token's generation, and takes a new clientToken", async () => {
    const old = { ...existing("farm"), __tokenUse: { series: "s", generation: 2 } };
    const updated = await updateCluster(operation, old, { name: "farm", regionId, clientToken: "new" });
    expect(updated).toMatchObject({ __tokenUse: { series: "s", generation: 2 }, clientToken: "new" });
  });

  test("of a cluster that is deleted says what to do", async () => {
    const old = existing("farm");
    service.clusters[0]!.isDeleted = true;
    const same = failureOf(updateCluster(operation, old, { name: "farm", regionId }));
    expect((await same).message).toMatch(/deleted outside Pulumi.*pulumi refresh/s);
    const changed = await failureOf(updateCluster(operation, old, { name: "renamed", regionId }), EcsError);
    expect(changed.message).toMatch(/deleted outside Pulumi.*pulumi refresh/s);
  });

  test("of a cluster that does not show, but exists, keeps it in the state", async () => {
    const old = existing("farm");
    service.clusters[0]!.visibleFrom = Infinity;
    const error = await failureOf(
      updateCluster(operation, old, { name: "farm", regionId }),
      InitializationError,
    );
    expect(error.state).toMatchObject({ hpcClusterId: "hpc-1", requestId: "R-old" });
    expect(error.message).toMatch(/in the state: run `pulumi up` again in a few minutes\.$/);
  });

  test("that the service refuses is its error: the state stays", async () => {
    service.errors = { ModifyHpcClusterAttribute: "InvalidHpcClusterName.Malformed" };
    const error = await failureOf(
      updateCluster(operation, existing("farm"), { name: "renamed", regionId }),
      EcsError,
    );
    expect(error.message).toContain(
      "ModifyHpcClusterAttribute in cn-hangzhou: InvalidHpcClusterName.Malformed",
    );
    expect(service.find("hpc-1")?.name).toBe("farm");
  });

  test("whose result cannot be read keeps the new values in the state", async () => {
    service.errors = { DescribeHpcClusters: "Forbidden.RAM" };
    const error = await failureOf(
      updateCluster(operation, existing("farm"), { name: "renamed", regionId }),
      InitializationError,
    );
    expect(error.state).toMatchObject({ hpcClusterId: "hpc-1", name: "renamed" });
    expect(error.message).toContain("Forbidden.RAM");
  });

  test("that never shows keeps what shows in the state, and names the stale properties", async () => {
    service.ignoresModify = true;
    const old = existing("farm", "before");
    const error = await failureOf(
      updateCluster(operation, old, { name: "renamed", regionId }),
      InitializationError,
    );
    expect(error.message).toMatch(
      /still shows the old name and description of hpc-1\. .*write it in the program as it is shown\.$/,
    );
    expect(error.state).toMatchObject({ name: "farm", description: "before" });
    expect(service.clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(5_000);
  });
});

describe("deleting a cluster", () => {
  test("deletes that cluster and no other; one that does not exist counts as deleted", async () => {
    const [state, twin] = [existing("farm"), existing("farm")];
    await deleteCluster(operation, state);
    expect(service.ids).toEqual([twin.hpcClusterId]);
    expect(service.sent("DeleteHpcCluster")).toEqual([
      { RegionId: regionId, HpcClusterId: state.hpcClusterId },
    ]);
    await deleteCluster(operation, state);
    expect(service.sent("DeleteHpcCluster")).toHaveLength(2);
  });

  test.each(["NotEmpty.HpcCluster", "InvalidRegionId.NotFound", "Forbidden.RAM", "SomethingNew.NotFound"])(
    "fails for %s",
    async (code) => {
      service.errors = { DeleteHpcCluster: code };
      expect((await failureOf(deleteCluster(operation, existing("farm")), EcsError)).code).toBe(code);
    },
  );
});
