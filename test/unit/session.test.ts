import { beforeEach, describe, expect, test } from "vitest";
import { createCluster } from "../../provider/cluster/create.ts";
import { InitializationError } from "../../provider/cluster/initializationError.ts";
import type { Session } from "../../provider/cluster/session.ts";
import { failureOf } from "./failureOf.ts";
import { FakeService, regionId } from "./fakeService.ts";

let service: FakeService;
let session: Session & { warnings: string[] };

beforeEach(() => {
  service = new FakeService();
  session = service.session();
});

describe("the session of one operation", () => {
  test("shares with the others what the process has learned", async () => {
    service.accountId = "1234567890123456";
    const [first, second] = [session.forOperation({}), session.forOperation({})];
    await Promise.all([first, second, session].map((each) => each.accountId()));
    await Promise.all([first, second].map((each) => each.regions()));
    await Promise.all([first, second].map((each) => each.clustersBefore(regionId)));
    expect(service.calls.map(({ action }) => action)).toEqual([
      "GetCallerIdentity",
      "DescribeRegions",
      "DescribeHpcClusters",
    ]);
    expect(first.reportOnce("a problem")).toBe(true);
    expect(second.reportOnce("a problem")).toBe(false);
    first.holders.record("hpc-1", { entry: "a" });
    expect(second.holders.otherHolder("hpc-1")).toMatchObject({ entry: "a" });
  });

  test("warns where the operation says, and of what concerns all where the process says", async () => {
    const warnings: string[] = [];
    const operation = session.forOperation({ warn: (text) => warnings.push(text) });
    operation.warn("about one");
    service.errors = { DescribeRegions: "Forbidden.RAM" };
    await operation.regions();
    expect(warnings).toEqual(["about one"]);
    expect(session.warnings).toEqual([expect.stringContaining("regions could not be checked")]);
  });

  test("sends its deadline and its listener with its calls, and the process sends none", async () => {
    const onWait = () => undefined;
    const operation = session.forOperation({ timeoutMs: 7_000, onWait });
    const deadline = service.clock.now() + 7_000;
    expect(operation.deadline).toBe(deadline);
    for (const each of [operation, session, session.forOperation({})]) {
      await (await each.ecs()).deleteHpcCluster(regionId, service.add("farm"));
    }
    expect(service.calls.map((call) => call.deadline)).toEqual([deadline, undefined, undefined]);
    expect(service.calls[0]?.onWait).toBe(onWait);
  });

  test("waits for a new cluster to show, says so, and stops at its deadline", async () => {
    service.lateMs = { 1: 60_000 };
    const heard: string[] = [];
    const operation = session.forOperation({ timeoutMs: 3_000, onWait: (what) => heard.push(what) });
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
