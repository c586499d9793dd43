import { describe, expect, test } from "vitest";
import { EcsClient } from "../../provider/ecs/client.ts";
import { EcsError, saysGone } from "../../provider/ecs/errors.ts";
import type { Answer, Call } from "../../provider/ecs/http/transport.ts";
import { parseXmlAnswer } from "../../provider/ecs/http/xml.ts";
import { withRetry, type Request } from "../../provider/ecs/retry.ts";
import { FakeClock } from "./fakeClock.ts";
import { failureOf } from "./failureOf.ts";
import { withoutRetry } from "./requests.ts";

const RequestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
const regionId = "cn-hangzhou";

/** A client, and the calls that it makes. */
function recordedClient(request: Request): { client: EcsClient; calls: Call[] } {
  const calls: Call[] = [];
  const client = new EcsClient((call, parse) => {
    calls.push(call);
    return request(call, parse);
  });
  return { client, calls };
}

/** A client that gets this answer to every call. */
function clientAnswered(answer: Answer): { client: EcsClient; calls: Call[] } {
  // So little time that no call is repeated.
  const options = {
    maxRetryTimeoutMs: 0.001,
    maxInFlight: 1,
    namespace: "alicloud",
    clock: new FakeClock(),
  } as const;
  return recordedClient(withRetry(() => Promise.resolve(answer), options));
}

const page = (...clusters: unknown[]): Answer => ({
  RequestId,
  PageNumber: 1,
  PageSize: 100,
  TotalCount: clusters.length,
  HpcClusters: { HpcCluster: clusters },
});
const described = (answer: Answer) => clientAnswered(answer).client.describeHpcCluster(regionId, "hpc-1");

describe("the parameters of", () => {
  test("CreateHpcCluster; the answer has both ids", async () => {
    const { client, calls } = clientAnswered({ RequestId, HpcClusterId: "hpc-1" });
    const parameters = { Name: "render-farm", Description: "夜", ClientToken: "t-1" };
    await expect(client.createHpcCluster(regionId, parameters)).resolves.toEqual({
      hpcClusterId: "hpc-1",
      requestId: RequestId,
    });
    expect(calls).toEqual([
      { action: "CreateHpcCluster", regionId, parameters: { RegionId: regionId, ...parameters } },
    ]);
  });

  test("DescribeHpcClusters: the ids are a JSON list in a text", async () => {
    const { client, calls } = clientAnswered(page());
    await client.describeHpcCluster(regionId, "hpc-1");
    const parameters = { RegionId: regionId, HpcClusterIds: '["hpc-1"]', PageSize: 100 };
    expect(calls).toEqual([
      { action: "DescribeHpcClusters", regionId, parameters, hpcClusterIds: ["hpc-1"] },
    ]);
  });

  test("ModifyHpcClusterAttribute: an empty description is sent", async () => {
    const { client, calls } = clientAnswered({ RequestId });
    await client.modifyHpcCluster(regionId, "hpc-1", { Description: "" });
    const parameters = { RegionId: regionId, HpcClusterId: "hpc-1", Description: "" };
    expect(calls).toEqual([{ action: "ModifyHpcClusterAttribute", regionId, parameters }]);
  });

  test("DeleteHpcCluster: the singular action", async () => {
    const { client, calls } = clientAnswered({ RequestId });
    await client.deleteHpcCluster(regionId, "hpc-1");
    const parameters = { RegionId: regionId, HpcClusterId: "hpc-1" };
    expect(calls).toEqual([{ action: "DeleteHpcCluster", regionId, parameters }]);
  });

  test("DescribeRegions: none; the time limit is the call's", async () => {
    const region = { RegionId: regionId, RegionEndpoint: "ecs-cn-hangzhou.aliyuncs.com", LocalName: "杭州" };
    const { client, calls } = clientAnswered({
      RequestId,
      Regions: { Region: [{ ...region, Status: "available" }, { RegionId: "cn-beijing" }] },
    });
    await expect(client.describeRegions(regionId, 5_000)).resolves.toEqual([
      region,
      { RegionId: "cn-beijing", RegionEndpoint: "", LocalName: "" },
    ]);
    await client.describeRegions(regionId);
    const call = { action: "DescribeRegions", regionId, parameters: {} };
    expect(calls).toStrictEqual([{ ...call, withinMs: 5_000 }, call]);
  });
});

describe("describeHpcCluster", () => {
  test("returns the cluster with all its texts", async () => {
    const cluster = { HpcClusterId: "hpc-1", Name: "one", Description: "the first" };
    await expect(described(page(cluster))).resolves.toEqual(cluster);
  });

  test.each(["", undefined, null])("a description of %j is left out", async (Description) => {
    const found = await described(page({ HpcClusterId: "hpc-1", Name: "one", Description }));
    expect(found).toStrictEqual({ HpcClusterId: "hpc-1", Name: "one" });
  });

  const xml = (inside: string) =>
    parseXmlAnswer(
      `<DescribeHpcClustersResponse><RequestId>${RequestId}</RequestId>${inside}</DescribeHpcClustersResponse>`,
    )!;

  test("an empty list, in JSON and in XML, means no cluster; so does a list without it", async () => {
    for (const answer of [
      page(),
      xml("<TotalCount>0</TotalCount><HpcClusters/>"),
      { RequestId, TotalCount: 0, HpcClusters: " " },
      page({ HpcClusterId: "hpc-2", Name: "two" }),
    ]) {
      await expect(described(answer)).resolves.toBeUndefined();
    }
  });

  test("a list in XML is read as one in JSON", async () => {
    const cluster = "<HpcClusterId>hpc-1</HpcClusterId><Name>n0</Name><Description></Description>";
    const answer = xml(
      `<TotalCount>1</TotalCount><HpcClusters><HpcCluster>${cluster}</HpcCluster></HpcClusters>`,
    );
    await expect(described(answer)).resolves.toEqual({ HpcClusterId: "hpc-1", Name: "n0" });
  });
});

describe("an answer that lacks something is an error, with the request id:", () => {
  const create = (answer: Answer) => clientAnswered(answer).client.createHpcCluster(regionId, { Name: "ab" });
  const regions = (answer: Answer) => clientAnswered(answer).client.describeRegions(regionId);
  const instances = (answer: Answer) =>
    clientAnswered(answer).client.describeInstancesOf(regionId, "hpc-1", 5_000);

  test.each<[string, (answer: Answer) => Promise<unknown>, Answer, string]>([
    ["CreateHpcCluster without an id", create, { RequestId }, "HpcClusterId"],
    ["CreateHpcCluster with an empty id", create, { RequestId, HpcClusterId: "" }, "HpcClusterId"],
    ["CreateHpcCluster with a null id", create, { RequestId, HpcClusterId: null }, "HpcClusterId"],
    ["CreateHpcCluster with a numeric id", create, { RequestId, HpcClusterId: 7 }, "HpcClusterId"],
    ["DescribeHpcClusters without a list", described, { RequestId, TotalCount: 0 }, "HpcClusters"],
    ["DescribeHpcClusters with a null list", described, { RequestId, HpcClusters: null }, "HpcClusters"],
    ["DescribeHpcClusters with a text for a list", described, { RequestId, HpcClusters: "x" }, "HpcClusters"],
    ["DescribeHpcClusters without items", described, { RequestId, HpcClusters: {} }, "HpcClusters"],
    [
      "DescribeHpcClusters, null items",
      described,
      { RequestId, HpcClusters: { HpcCluster: null } },
      "HpcClusters",
    ],
    [
      "DescribeHpcClusters, text items",
      described,
      { RequestId, HpcClusters: { HpcCluster: "" } },
      "HpcClusters",
    ],
    ["DescribeRegions without a list", regions, { RequestId }, "Regions"],
    // With them a list would end after its first page.
    ...[undefined, null, "", " ", "many", "-1", -1, 1.5, NaN, "1e3", [], {}].map(
      (TotalCount): [string, (answer: Answer) => Promise<unknown>, Answer, string] => [
        `DescribeHpcClusters with the count ${JSON.stringify(TotalCount)}`,
        described,
        { ...page(), TotalCount },
        "valid TotalCount",
      ],
    ),
    [
      "DescribeInstances without a count",
      instances,
      { RequestId, Instances: { Instance: [] } },
      "valid TotalCount",
    ],
  ])("%s", async (_, call, answer, field) => {
    const error = await failureOf(call(answer), EcsError);
    expect(error).toMatchObject({ code: "UnreadableAnswer", requestId: RequestId, transport: true });
    expect(error.message).toContain(`the answer has no ${field}`);
    expect(saysGone(error)).toBe(false);
  });
});

test.each([
  ["id", { Name: "one" }],
  ["name", { HpcClusterId: "hpc-1" }],
])(
  "a cluster without its %s is an error, with the request id, and not a deleted cluster",
  async (_, item) => {
    const error = await failureOf(described(page(item)), EcsError);
    expect(error).toMatchObject({ code: "UnreadableAnswer", requestId: RequestId, transport: true });
    expect(error.message).toContain("only 0 of 1 HPC clusters were returned with id and name");
    expect(saysGone(error)).toBe(false);
  },
);

/** A client whose calls are answered by this function, without retries. */
const clientFor = (answer: (call: Call) => Answer) =>
  recordedClient(withoutRetry((call) => Promise.resolve().then(() => answer(call))));

test("a wrong id among several is read apart from the others, and other errors are not read again", async () => {
  const { client, calls } = clientFor(({ regionId, action, hpcClusterIds = [] }) => {
    if (hpcClusterIds.includes("HPC-wrong")) {
      const code = "InvalidHpcClusterIds.Malformed";
      throw new EcsError({ action, regionId, code, serviceMessage: "" });
    }
    return page(...hpcClusterIds.map((HpcClusterId) => ({ HpcClusterId, Name: "one" })));
  });
  const error = await failureOf(
    client.describeHpcClusters(regionId, ["hpc-1", "HPC-wrong", "hpc-2"], 5_000),
    EcsError,
  );
  expect(error.code).toBe("InvalidHpcClusterIds.Malformed");
  expect(calls.map(({ hpcClusterIds, withinMs }) => [hpcClusterIds, withinMs])).toEqual(
    [["hpc-1", "HPC-wrong", "hpc-2"], ["hpc-1"], ["HPC-wrong"], ["hpc-2"]].map((ids) => [ids, 5_000]),
  );
  const refused = clientFor(({ regionId, action }) => {
    throw new EcsError({ action, regionId, code: "Forbidden.RAM", serviceMessage: "" });
  });
  await failureOf(refused.client.describeHpcClusters(regionId, ["hpc-1", "hpc-2"]), EcsError);
  expect(refused.calls).toHaveLength(1);
});

test("an answer with fewer clusters than it counts is read on, unless it has those of the call", async () => {
  const one = { HpcClusterId: "hpc-1", Name: "one" };
  // Counts a cluster that it never shows.
  const { client, calls } = clientFor(() => ({ ...page(one), TotalCount: 2 }));
  await expect(client.describeHpcClusters(regionId, ["hpc-1"])).resolves.toEqual([one]);
  expect(calls).toHaveLength(1);
  const pages = [{ HpcClusterId: "hpc-9", Name: "other" }, one, one];
  const stranger = clientFor(({ parameters }) => ({
    ...page(pages[Number(parameters["PageNumber"] ?? 1) - 1]),
    TotalCount: 3,
  }));
  await expect(stranger.client.describeHpcCluster(regionId, "hpc-1", 5_000)).resolves.toEqual(one);
  expect(stranger.calls.map(({ withinMs, parameters }) => [withinMs, parameters["PageNumber"]])).toEqual(
    [undefined, undefined, 2, 3].map((number) => [5_000, number]),
  );
});

test("a list of more clusters than are wanted is an error that says how many there are", async () => {
  const clusters = [1, 2].map((number) => ({ HpcClusterId: `hpc-${number}`, Name: "one" }));
  const { client } = clientFor(() => page(...clusters));
  await expect(client.listHpcClusters(regionId, 2)).resolves.toHaveLength(2);
  await expect(client.listHpcClusters(regionId, 1)).rejects.toThrow(
    "cn-hangzhou has 2 HPC clusters, more than the 1 that are listed.",
  );
});

test("an instance may lack everything but its id; a page that repeats its token is an error", async () => {
  const instances = (...Instance: unknown[]) => ({ RequestId, Instances: { Instance } });
  const { client } = clientFor(() =>
    instances(
      { InstanceId: "i-1" },
      { InstanceId: "i-2", VpcAttributes: null, RdmaIpAddress: "none" },
      { InstanceId: "i-3", RdmaIpAddress: { IpAddress: ["10.0.0.1", null] } },
    ),
  );
  const empty = { InstanceName: "", Status: "", InstanceType: "", ZoneId: "" };
  await expect(client.listInstancesOf(regionId, "hpc-1")).resolves.toEqual([
    { InstanceId: "i-1", ...empty, privateIpAddresses: [], rdmaIpAddresses: [] },
    { InstanceId: "i-2", ...empty, privateIpAddresses: [], rdmaIpAddresses: [] },
    { InstanceId: "i-3", ...empty, privateIpAddresses: [], rdmaIpAddresses: ["10.0.0.1"] },
  ]);
  const endless = clientFor(() => ({ ...instances(), NextToken: "again" }));
  await expect(endless.client.listInstancesOf(regionId, "hpc-1")).rejects.toThrow("new NextToken");
  expect(endless.calls).toHaveLength(2);
});

test("a zone may have no instance types, and a type no stock", async () => {
  const zone = (ZoneId: string, ...SupportedResource: unknown[]) => ({
    ZoneId,
    AvailableResources: { AvailableResource: [{ SupportedResources: { SupportedResource } }, {}] },
  });
  const AvailableZone = [{ ZoneId: "z-1" }, zone("z-2", { Value: "ecs.scc" })];
  const { client } = clientFor(() => ({ RequestId, AvailableZones: { AvailableZone } }));
  await expect(client.describeAvailableTypes(regionId)).resolves.toEqual([
    { instanceType: "ecs.scc", ZoneId: "z-2", Status: "", StatusCategory: "" },
  ]);
});

test("an error of the transport is thrown unchanged", async () => {
  const error = new EcsError({
    action: "DeleteHpcCluster",
    regionId,
    code: "NotEmpty.HpcCluster",
    serviceMessage: "",
  });
  const client = new EcsClient(() => Promise.reject(error));
  await expect(client.deleteHpcCluster(regionId, "hpc-1")).rejects.toBe(error);
  await expect(client.describeHpcCluster(regionId, "hpc-1")).rejects.toBe(error);
});
