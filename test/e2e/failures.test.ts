/**
 * Promises: every documented error of CreateHpcCluster says what to change; a cluster that was created but not read
 * stays in the state.
 */
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { clustersInState, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

/** The table of CreateHpcCluster's page, without InternalError, which is worth another attempt; and what to change. */
const documented = [
  {
    regionId: "cn-beijing",
    status: 400,
    code: "MissingParameter",
    message: "The input parameter RegionId that is mandatory for processing this request is not supplied.",
    advice: "Give `regionId` a value",
  },
  {
    regionId: "cn-shanghai",
    status: 400,
    code: "InvalidHpcClusterName.Malformed",
    message: "Specified hpc cluster name is not valid.",
    advice: "Change `name`: 2 to 128 characters",
  },
  {
    regionId: "cn-shenzhen",
    status: 400,
    code: "InvalidHpcClusterDescription.Malformed",
    message: "The specified parameter Description is not valid.",
    advice: "Change `description`: 2 to 256 characters",
  },
  {
    regionId: "cn-qingdao",
    status: 404,
    code: "InvalidRegionId.NotFound",
    message: 'The specified parameter "RegionId" is not valid.',
    advice: "Change `regionId`",
  },
  {
    regionId: "cn-chengdu",
    status: 400,
    code: "Invalid.Parameter",
    // gRPC takes no lone surrogate.
    message: "Invalid parameters \udfff",
    advice: "Check `name`, `description` and `regionId`",
  },
] as const;

test("every documented error of CreateHpcCluster says what to change, and leaves nothing behind", async () => {
  for (const { regionId, status, code, message } of documented) {
    ecs.faults.add({ action: "CreateHpcCluster", kind: "error", regionId, status, code, message });
  }
  const internalError = ecs.faults.add({
    action: "CreateHpcCluster",
    regionId: "cn-hangzhou",
    kind: "error",
    status: 404,
    code: "InternalError",
    message: "Failed to create hpc cluster",
    times: 1,
  });
  const regions = [...documented.map(({ regionId }) => regionId), "cn-hangzhou"];
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      for (const regionId of regions) {
        new HpcCluster(regionId, { name: "render-farm", regionId });
      }
    },
  });

  const { output } = await failureOf(stack.up({ continueOnError: true }));
  for (const { regionId, status, code, message, advice } of documented) {
    const line = output.split("\n").find((text) => text.includes(`CreateHpcCluster in ${regionId}: `));
    expect(line).toContain(`${code}: ${message.replace("\udfff", "\ufffd")}`);
    expect(line).toContain(advice);
    const requests = ecs.calls("CreateHpcCluster", regionId);
    expect(requests.map((request) => request.code)).toEqual([code]);
    expect(line).toContain(`HTTP ${status}, request ${requests[0]?.requestId}`);
    expect(ecs.store.clusters({ regionId })).toEqual([]);
    expect(clustersInState(stack).map(({ urn }) => urn)).not.toContainEqual(
      expect.stringMatching(`::${regionId}$`),
    );
  }

  // What the table calls a failed creation is over at the next attempt, which comes by itself.
  expect(internalError.injected).toBe(1);
  expect(ecs.store.clusters({ regionId: "cn-hangzhou" })).toHaveLength(1);
  ecs.faults.clear();
  await stack.up();
  expect(
    ecs.store
      .clusters()
      .map(({ regionId }) => regionId)
      .sort(),
  ).toEqual(regions.sort());
  expect(clustersInState(stack)).toHaveLength(regions.length);
});

test("a cluster that was created but cannot be read stays in the state, and the next up continues with it", async () => {
  const program = (name: string) => async () => ({ id: new HpcCluster("rendering", { name }).id });
  await using stack = await createEcsStack(ecs, { program: program("render-farm") });
  ecs.accounts.deny(ecs.accountId, "DescribeHpcClusters");
  const failure = await failureOf(stack.up());
  expect(failure.output).toContain("Forbidden.RAM");
  const [made, ...others] = ecs.store.clusters();
  expect(others).toEqual([]);
  expect(failure.output).toContain(made?.hpcClusterId);
  expect(clustersInState(stack)).toMatchObject([
    { id: made?.hpcClusterId, initErrors: [expect.stringContaining("Forbidden.RAM")] },
  ]);

  ecs.accounts.allow(ecs.accountId, "DescribeHpcClusters");
  expect((await stack.up()).outputs["id"]?.value).toBe(made?.hpcClusterId);
  expect(ecs.store.clusters()).toEqual([made]);
  expect(clustersInState(stack)).toMatchObject([
    { id: made?.hpcClusterId, outputs: { name: "render-farm" } },
  ]);
  expect(clustersInState(stack)[0]).not.toHaveProperty("initErrors");
  await stack.up({ expectNoChanges: true });

  // The same when a change cannot be made: the state keeps what is there.
  const refused = ecs.faults.add({
    action: "ModifyHpcClusterAttribute",
    kind: "error",
    status: 400,
    code: "InvalidHpcClusterName.Malformed",
    message: "Specified hpc cluster name is not valid.",
  });
  stack.setProgram(program("farm-2"));
  expect((await failureOf(stack.up())).output).toContain("Change `name`");
  expect(clustersInState(stack)).toMatchObject([{ outputs: { name: "render-farm" } }]);
  refused.remove();
  await stack.up();
  expect(ecs.store.clusters()).toEqual([{ ...made, name: "farm-2" }]);
});
