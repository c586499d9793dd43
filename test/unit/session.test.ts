import { beforeEach, describe, expect, test } from "vitest";
import { createCluster } from "../../provider/cluster/create.ts";
import { InitializationError } from "../../provider/cluster/state.ts";
import { beginOperation, ecsOf, warnOnce } from "../../provider/cluster/operation.ts";
import type { Session } from "../../provider/cluster/session.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";

let service: FakeService;
let session: Session;
let sessionWarnings: string[];

beforeEach(() => {
  service = new FakeService();
  ({ session, warnings: sessionWarnings } = service.operation());
});

test.each([
  ["cn-beijing", "cn-beijing"],
  [undefined, "cn-hangzhou"],
])("the account is asked in the configured region: %s", async (region, called) => {
  await service.operation(region === undefined ? {} : { region }).session.accountId();
  expect(service.calls).toMatchObject([{ action: "GetCallerIdentity", regionId: called }]);
});

describe("one operation", () => {
  test("learns the account, the regions, the clusters and the holders for all others", async () => {
    service.accountId = "1234567890123456";
    const operations = [beginOperation(session), beginOperation(session)] as const;
    for (const each of operations) {
      await Promise.all([each.session.accountId(), each.session.regions()]);
      await each.session.lists.beforeCreation(regionId);
    }
    expect(service.calls.map(({ action }) => action)).toEqual([
      "GetCallerIdentity",
      "DescribeRegions",
      "DescribeHpcClusters",
    ]);
    const [first, second] = operations;
    first.session.holders.record("hpc-1", { entry: "a" });
    expect(second.session.holders.otherHolder("hpc-1")).toMatchObject({ entry: "a" });
  });

  test("warns where it says, of what another one has not said, and the process of what concerns all", async () => {
    const warnings: string[] = [];
    const [first, second] = [1, 2].map((number) =>
      beginOperation(session, { warn: (text) => warnings.push(`${number}: ${text}`) }),
    );
    first!.warn("about one");
    warnOnce(first!, "a problem");
    warnOnce(second!, "a problem");
    service.errors = { DescribeRegions: "Forbidden.RAM" };
    await second!.session.regions();
    expect(warnings).toEqual(["1: about one", "1: a problem"]);
    expect(sessionWarnings).toEqual([expect.stringContaining("regions could not be checked")]);
  });

  test("sends its deadline and its listener with its calls, and the process sends none", async () => {
    const onWait = () => undefined;
    const operation = beginOperation(session, { timeoutMs: 7_000, onWait });
    const deadline = service.clock.now() + 7_000;
    expect(operation.deadline).toBe(deadline);
    for (const ecs of [ecsOf(operation), session.ecs(), ecsOf(beginOperation(session))]) {
      await (await ecs).deleteHpcCluster(regionId, service.add("farm"));
    }
    expect(service.calls.map((call) => call.deadline)).toEqual([deadline, undefined, undefined]);
    expect(service.calls[0]?.onWait).toBe(onWait);
    expect(service.calls[1]).not.toHaveProperty("onWait");
  });

  test("waits for a new cluster to show, says so, and stops at its deadline", async () => {
    service.lateMs = { 1: 60_000 };
    const heard: string[] = [];
    const operation = beginOperation(session, { timeoutMs: 3_000, onWait: (what) => heard.push(what) });
    const start = service.clock.now();
    const error = await failureOf(
      createCluster(operation, { name: "farm", regionId }, {}),
      InitializationError,
    );
    expect(error.state.hpcClusterId).toBe("hpc-1");
    expect(service.clock.now() - start).toBeLessThanOrEqual(3_000);
    expect(new Set(heard)).toEqual(new Set(["waiting for hpc-1 to show in DescribeHpcClusters"]));
  });
});
