import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { clusterOps, createEcsStack, failureOf } from "../ecsStack.ts";
import { errorsIn, warningsIn } from "./diagnostics.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.close());

const names = ["one", "two", "three"];
const clusters =
  (args: Partial<HpcClusterArgs> = {}) =>
  async () => {
    for (const name of names) new HpcCluster(name, { name: `farm-${name}`, ...args });
  };
const creates = Object.fromEntries(names.map((name) => [name, ["create"]]));

/** What one operation has asked the service. */
async function askedBy(operation: () => Promise<unknown>): Promise<string[]> {
  const before = ecs.requests.length;
  await operation();
  return ecs.requests.slice(before).map(({ action }) => action);
}

test("a misspelt region is an error on regionId with the nearest id, wherever it is set", async () => {
  await using stack = await createEcsStack(ecs, { program: clusters({ regionId: "cn-hangzou" }) });
  const misspelt = (shown: string, given: string, meant: string) =>
    expect.stringMatching(
      `property regionId value \\{${shown}\\} has a problem: regionId "${given}".* is not a region .*did you mean "${meant}"\\?$`,
    ) as unknown;
  expect(errorsIn(await failureOf(stack.preview()))).toEqual([
    { resource: expect.any(String), message: misspelt("cn-hangzou", "cn-hangzou", "cn-hangzhou") },
  ]);

  stack.setProgram(clusters());
  await stack.setConfig({ "alicloud:region": "ap-southest-5" });
  const [ofSetting, ...others] = errorsIn(await failureOf(stack.preview()));
  expect(others).toEqual([]);
  expect(ofSetting?.message).toEqual(misspelt("<nil>", "ap-southest-5", "ap-southeast-5"));
  // The program has no regionId to look for: the message says where the region came from.
  expect(ofSetting?.message).toContain("alicloud:region");

  // One that is no region's id by its form is not asked about.
  stack.setProgram(clusters({ regionId: "CN HANGZHOU" }));
  const [error] = errorsIn(await failureOf(stack.preview()));
  expect(error?.message).toMatch(/regionId must be the id of a region/);
  expect(error?.message).not.toMatch(/DescribeRegions lists for this account/);

  // Every preview has asked once, and nothing else.
  expect(ecs.requests.map(({ action }) => action)).toEqual(Array(3).fill("DescribeRegions"));
});

test("DescribeRegions is called once in an operation, however many clusters, and alone without changes", async () => {
  const many = async () => {
    for (let index = 0; index < 30; index += 1) {
      new HpcCluster(`c${index}`, { name: "farm", regionId: index % 2 ? "cn-beijing" : "eu-west-1" });
    }
  };
  await using stack = await createEcsStack(ecs, { program: many });
  expect(await askedBy(() => stack.preview())).toEqual(["DescribeRegions"]);
  expect((await askedBy(() => stack.up())).filter((action) => action === "DescribeRegions")).toHaveLength(1);
  expect(ecs.store.clusters()).toHaveLength(30);
  // Nothing to change: the one call, and no look at any cluster.
  expect(await askedBy(() => stack.preview({ expectNoChanges: true }))).toEqual(["DescribeRegions"]);
  expect(await askedBy(() => stack.up({ expectNoChanges: true }))).toEqual(["DescribeRegions"]);
  expect(await askedBy(() => stack.destroy())).not.toContain("DescribeRegions");
});

test("skipRegionValidation: preview asks nothing, and the service has the last word", async () => {
  await using stack = await createEcsStack(ecs, {
    program: clusters({ regionId: "cn-hangzou" }),
    config: { "alicloud:skipRegionValidation": "true" },
  });
  expect(clusterOps(await stack.preview())).toEqual(creates);
  // Not even with credentials that nobody knows.
  await stack.setConfig({ "alicloud:accessKey": "LTAIunknown" });
  expect(clusterOps(await stack.preview())).toEqual(creates);
  expect(ecs.requests).toEqual([]);

  await stack.setConfig({ "alicloud:accessKey": ecs.accessKeyId });
  expect((await failureOf(stack.up())).output).toMatch(
    /CreateHpcCluster in cn-hangzou: InvalidRegionId\.NotFound/,
  );
  expect(ecs.calls("DescribeRegions")).toEqual([]);
});

test.each<[string, { endpoint?: string; code: string }, () => void]>([
  ["there is no network", { endpoint: "http://127.0.0.1:1", code: "ECONNREFUSED" }, () => undefined],
  [
    "the account may not call it",
    { code: "Forbidden.RAM" },
    () => ecs.accounts.deny(ecs.accountId, "DescribeRegions"),
  ],
  [
    "the service is down",
    { code: "ServiceUnavailable" },
    () => void ecs.faults.add({ kind: "serviceUnavailable", action: "DescribeRegions" }),
  ],
  ["it is silent", { code: "RequestTimeout" }, () => void ecs.faults.add({ kind: "noAnswer" })],
])(
  "regions that cannot be checked because %s are one warning, and the preview goes on",
  async (_, given, arrange) => {
    arrange();
    await using stack = await createEcsStack(ecs, {
      program: clusters({ regionId: "cn-hangzou" }),
      config: {
        ...(given.endpoint === undefined
          ? {}
          : { "alicloud:endpoints": JSON.stringify([{ ecs: given.endpoint }]) }),
        // Shortens a silence; the check has no more than five seconds of patience anyway.
        "alicloud:clientReadTimeout": "300",
        "alicloud:maxRetryTimeout": "1",
      },
    });
    const preview = await stack.preview();
    expect(clusterOps(preview)).toEqual(creates);
    expect(errorsIn(preview)).toEqual([]);
    const warnings = warningsIn(preview).filter(({ message }) => message !== "");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/^warning: The regions could not be checked/);
    expect(warnings[0]?.message).toContain(given.code);
    expect(warnings[0]?.message).not.toContain(ecs.accessKeySecret);
  },
);
