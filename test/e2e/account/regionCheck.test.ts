/**
 * Promises: preview checks the region against DescribeRegions, with one call in each operation, and suggests the nearest
 * id; skipRegionValidation switches this off; regions that cannot be checked are one warning and never stop a preview.
 */
import { HpcCluster, type HpcClusterArgs, Provider } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { clusterOps, createEcsStack, failureOf } from "../ecsStack.ts";
import { hosts } from "../hosts.ts";
import { errorsIn, warningsIn } from "./diagnostics.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const names = ["one", "two", "three"];
const clusters =
  (args: Partial<HpcClusterArgs> = {}) =>
  async () => {
    for (const name of names) {
      new HpcCluster(name, { name: `farm-${name}`, ...args });
    }
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
  // And in each of the two regions one list of the names, and one of the types that it sells.
  const [first, ...others] = await askedBy(() => stack.preview());
  expect([first, ...others.sort()]).toEqual([
    "DescribeRegions",
    ...Array<string>(2).fill("DescribeAvailableResource"),
    ...Array<string>(2).fill("DescribeHpcClusters"),
  ]);
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

test("regions that cannot be checked are one warning for each provider, and the preview goes on", async () => {
  // Each provider has a service of its own, so that each is refused in its own way.
  await using services = new AsyncDisposableStack();
  const cannotCheck = async (fail: (service: Emulator) => void) => {
    const service = services.adopt(await startEmulator(), (emulator) => emulator.stop());
    fail(service);
    return service;
  };
  const down = await cannotCheck(
    (service) => void service.faults.add({ kind: "serviceUnavailable", action: "DescribeRegions" }),
  );
  const silent = await cannotCheck((service) => void service.faults.add({ kind: "noAnswer" }));
  const denied = await cannotCheck((service) => service.accounts.deny(service.accountId, "DescribeRegions"));
  const cases = [
    { code: "ECONNREFUSED", endpoint: "http://127.0.0.1:1", keys: ecs },
    { code: "Forbidden.RAM", endpoint: denied.endpoint, keys: denied },
    { code: "ServiceUnavailable", endpoint: down.endpoint, keys: down },
    { code: "RequestTimeout", endpoint: silent.endpoint, keys: silent },
  ];
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      for (const { code, endpoint, keys } of cases) {
        const provider = new Provider(code, {
          region: "cn-hangzhou",
          accessKey: keys.accessKeyId,
          secretKey: keys.accessKeySecret,
          endpoints: [{ ecs: endpoint }],
          clientReadTimeout: 300,
          maxRetryTimeout: 1,
        });
        for (const name of ["one", "two"]) {
          new HpcCluster(`${code}-${name}`, { name: `farm-${name}`, regionId: "cn-hangzou" }, { provider });
        }
      }
    },
  });
  const preview = await stack.preview();
  expect(Object.values(clusterOps(preview))).toEqual(Array(2 * cases.length).fill(["create"]));
  expect(errorsIn(preview)).toEqual([]);
  const warnings = warningsIn(preview).filter(({ message }) => message !== "");
  for (const { code, keys } of cases) {
    const about = warnings.filter(({ message }) => message.includes(code));
    expect(about, code).toHaveLength(1);
    expect(about[0]?.message).toMatch(/^warning: The regions could not be checked/);
    expect(preview.output).not.toContain(keys.accessKeySecret);
  }
  expect(warnings).toHaveLength(cases.length);
});

test.each(hosts)("a region without SCC types is one warning of a preview with the $name", async (host) => {
  ecs.store.setOffers("cn-hangzhou", [{ zoneId: "cn-hangzhou-a", instanceType: "ecs.g7.large" }]);
  const program = async () => {
    for (const name of names) {
      new host.HpcCluster(name, { name: `farm-${name}` });
    }
  };
  await using stack = await createEcsStack(ecs, { program });
  // The list of names waits until both were asked: neither call waits for the other.
  const list = ecs.hold({ action: "DescribeHpcClusters", when: "beforeCommit" });
  const previewed = stack.preview();
  await list.reached;
  await ecs.until(() => ecs.calls("DescribeAvailableResource").some(({ status }) => status === 200));
  list.release();
  const warned = warningsIn(await previewed).filter(({ message }) => message.includes("SCC"));
  expect(warned).toMatchObject([
    { message: expect.stringMatching(/cn-hangzhou sells no SCC instance types/) as string },
  ]);
  expect(ecs.calls("DescribeAvailableResource")).toHaveLength(1);
});
