/**
 * Promises: preview checks the region against DescribeRegions, and suggests the nearest id; regions that cannot be checked are one
 * warning and never stop a preview. One call in each operation: many.test.ts; skipRegionValidation: configuration.test.ts.
 */
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { clusterOps, createEcsStack, failureOf } from "../ecsStack.ts";
import { pluginHost } from "../hosts.ts";
import { errorsIn, warningsIn } from "./diagnostics.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const names = ["one", "two", "three"];

// A region of the configuration: test/unit/lifecycle.test.ts.
test("a misspelt region is one error on regionId with the nearest id, and nothing else is called", async () => {
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      for (const name of names) {
        new HpcCluster(name, { name: `farm-${name}`, regionId: "cn-hangzou" });
      }
    },
  });
  const message = expect.stringMatching(
    'property regionId value \\{cn-hangzou\\} has a problem: regionId "cn-hangzou".* is not a region .*did you mean "cn-hangzhou"\\?$',
  ) as unknown;
  expect(errorsIn(await failureOf(stack.preview()))).toEqual([
    { resource: expect.any(String) as unknown, message },
  ]);
  expect(ecs.requests.map(({ action }) => action)).toEqual(["DescribeRegions"]);
});

test("regions that cannot be checked are one warning for each provider, and the preview goes on", async () => {
  // Each provider has a service of its own, so that each is refused in its own way.
  await using services = new AsyncDisposableStack();
  const cannotCheck = async (fail: (service: Emulator) => void) => {
    const service = services.adopt(await startEmulator(), (emulator) => emulator.stop());
    fail(service);
    return service;
  };
  const silent = await cannotCheck((service) => void service.faults.add({ kind: "noAnswer" }));
  const denied = await cannotCheck((service) => service.accounts.deny(service.accountId, "DescribeRegions"));
  const cases = [
    { code: "Forbidden.RAM", endpoint: denied.endpoint, keys: denied },
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

test("a region without SCC types is one warning of a preview", async () => {
  ecs.store.setOffers("cn-hangzhou", [{ zoneId: "cn-hangzhou-a", instanceType: "ecs.g7.large" }]);
  const program = async () => {
    for (const name of names) {
      new pluginHost.HpcCluster(name, { name: `farm-${name}` });
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
