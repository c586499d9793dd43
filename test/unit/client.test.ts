import { describe, expect, test } from "vitest";
import { EcsClient } from "../../provider/ecs/client.ts";
import { EcsError, saysGone } from "../../provider/ecs/errors.ts";
import type { Parameters, Send } from "../../provider/ecs/http/transport.ts";
import { parseXmlAnswer } from "../../provider/ecs/http/xml.ts";

interface Sent {
  action: string;
  regionId: string;
  parameters: Parameters;
}

/** A client whose transport answers with what it is told to, and the calls it has made. */
function clientAnswered(answer: Record<string, unknown>): { client: EcsClient; sent: Sent[] } {
  const sent: Sent[] = [];
  const send: Send = (action, regionId, parameters) => {
    sent.push({ action, regionId, parameters });
    return Promise.resolve(answer);
  };
  return { client: new EcsClient(send), sent };
}

const defined = (parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));

async function failureOf(promise: Promise<unknown>): Promise<EcsError> {
  const error: unknown = await promise.then(
    () => expect.fail("it should have failed"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EcsError);
  return error as EcsError;
}

const RequestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
const regionId = "cn-hangzhou";

describe("createHpcCluster", () => {
  test("sends the documented parameters and returns both ids", async () => {
    const { client, sent } = clientAnswered({ RequestId, HpcClusterId: "hpc-1" });
    await expect(
      client.createHpcCluster({ regionId, name: "render-farm", description: "夜", clientToken: "t-1" }),
    ).resolves.toEqual({ hpcClusterId: "hpc-1", requestId: RequestId });
    expect(sent).toEqual([
      {
        action: "CreateHpcCluster",
        regionId,
        parameters: { RegionId: regionId, Name: "render-farm", Description: "夜", ClientToken: "t-1" },
      },
    ]);
  });

  test("what is not given is undefined to the transport, never a text", async () => {
    const { client, sent } = clientAnswered({ RequestId, HpcClusterId: "hpc-1" });
    await client.createHpcCluster({ regionId, name: "ab" });
    expect(defined(sent[0]?.parameters ?? {})).toEqual({ RegionId: regionId, Name: "ab" });
  });

  test.each([
    ["lacks", { RequestId }],
    ["has an empty", { RequestId, HpcClusterId: "" }],
    ["has a null", { RequestId, HpcClusterId: null }],
    ["has a numeric", { RequestId, HpcClusterId: 7 }],
  ])("an answer that %s id is an error, which keeps the request id", async (_, answer) => {
    const { client } = clientAnswered(answer);
    const error = await failureOf(client.createHpcCluster({ regionId, name: "ab" }));
    expect(error).toMatchObject({
      action: "CreateHpcCluster",
      regionId,
      code: "UnreadableAnswer",
      requestId: RequestId,
      transport: true,
    });
    expect(error.message).toContain("HpcClusterId");
  });
});

describe("describeHpcCluster", () => {
  const page = (clusters: unknown[]) => ({
    RequestId,
    PageNumber: 1,
    PageSize: 100,
    TotalCount: clusters.length,
    HpcClusters: { HpcCluster: clusters },
  });

  test("asks for the id as a JSON list in a string, and finds the cluster", async () => {
    const { client, sent } = clientAnswered(
      page([{ HpcClusterId: "hpc-1", Name: "one", Description: "the first" }]),
    );
    await expect(client.describeHpcCluster(regionId, "hpc-1")).resolves.toEqual({
      hpcClusterId: "hpc-1",
      name: "one",
      description: "the first",
    });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      action: "DescribeHpcClusters",
      regionId,
      parameters: { RegionId: regionId, HpcClusterIds: '["hpc-1"]' },
    });
  });

  test.each([
    ["an empty", ""],
    ["no", undefined],
    ["a null", null],
  ])("%s description is none", async (_, Description) => {
    const { client } = clientAnswered(page([{ HpcClusterId: "hpc-1", Name: "one", Description }]));
    const found = await client.describeHpcCluster(regionId, "hpc-1");
    expect(found).toEqual({ hpcClusterId: "hpc-1", name: "one" });
    expect(Object.keys(found ?? {})).not.toContain("description");
  });

  test("an empty list, in JSON and in XML, is no cluster", async () => {
    for (const answer of [
      page([]),
      parseXmlAnswer(
        `<DescribeHpcClustersResponse><RequestId>${RequestId}</RequestId><TotalCount>0</TotalCount><HpcClusters/></DescribeHpcClustersResponse>`,
      ) ?? {},
    ]) {
      await expect(
        clientAnswered(answer).client.describeHpcCluster(regionId, "hpc-1"),
      ).resolves.toBeUndefined();
    }
  });

  test("a list in XML is read as one in JSON", async () => {
    const xml = parseXmlAnswer(
      `<DescribeHpcClustersResponse><RequestId>${RequestId}</RequestId><TotalCount>1</TotalCount><HpcClusters><HpcCluster>` +
        "<HpcClusterId>hpc-1</HpcClusterId><Name>n0</Name><Description></Description></HpcCluster></HpcClusters></DescribeHpcClustersResponse>",
    );
    await expect(clientAnswered(xml ?? {}).client.describeHpcCluster(regionId, "hpc-1")).resolves.toEqual({
      hpcClusterId: "hpc-1",
      name: "n0",
    });
  });

  test("another cluster than the one asked for is not taken for it", async () => {
    const { client } = clientAnswered(page([{ HpcClusterId: "hpc-2", Name: "two", Description: "" }]));
    await expect(client.describeHpcCluster(regionId, "hpc-1")).resolves.toBeUndefined();
  });

  test.each([
    ["no list", { RequestId, TotalCount: 0 }],
    ["a null for the list", { RequestId, TotalCount: 0, HpcClusters: null }],
    ["a list without its items", { RequestId, TotalCount: 0, HpcClusters: {} }],
    ["a null for the items", { RequestId, TotalCount: 0, HpcClusters: { HpcCluster: null } }],
    ["a text for the items", { RequestId, TotalCount: 0, HpcClusters: { HpcCluster: "" } }],
    ["nothing at all", {}],
  ])("an answer with %s is an error, and does not say that the cluster is gone", async (_, answer) => {
    const error = await failureOf(clientAnswered(answer).client.describeHpcCluster(regionId, "hpc-1"));
    expect(error).toMatchObject({ action: "DescribeHpcClusters", code: "UnreadableAnswer", transport: true });
    expect(error.message).toContain("HpcCluster");
    expect(saysGone(error)).toBe(false);
  });

  test.each([
    ["id", { Name: "one" }],
    ["name", { HpcClusterId: "hpc-1" }],
  ])("a cluster without its %s is an error", async (_, cluster) => {
    const error = await failureOf(
      clientAnswered(page([cluster])).client.describeHpcCluster(regionId, "hpc-1"),
    );
    expect(error.code).toBe("UnreadableAnswer");
  });
});

describe("modifyHpcCluster", () => {
  test("sends what is given, and an empty description as an empty one", async () => {
    const { client, sent } = clientAnswered({ RequestId });
    const request = { regionId, hpcClusterId: "hpc-1" };
    await client.modifyHpcCluster({ ...request, name: "new" });
    await client.modifyHpcCluster({ ...request, description: "" });
    await client.modifyHpcCluster({ ...request, name: "new", description: "words" });
    expect(sent.map(({ action }) => action)).toEqual(Array(3).fill("ModifyHpcClusterAttribute"));
    const common = { RegionId: regionId, HpcClusterId: "hpc-1" };
    expect(sent.map(({ parameters }) => defined(parameters))).toEqual([
      { ...common, Name: "new" },
      { ...common, Description: "" },
      { ...common, Name: "new", Description: "words" },
    ]);
  });
});

describe("deleteHpcCluster", () => {
  test("is the singular action, with region and id", async () => {
    const { client, sent } = clientAnswered({ RequestId });
    await client.deleteHpcCluster(regionId, "hpc-1");
    expect(sent).toEqual([
      { action: "DeleteHpcCluster", regionId, parameters: { RegionId: regionId, HpcClusterId: "hpc-1" } },
    ]);
  });
});

describe("describeRegions", () => {
  test("tells id, endpoint, name and status", async () => {
    const { client, sent } = clientAnswered({
      RequestId,
      Regions: {
        Region: [
          {
            RegionId: "cn-hangzhou",
            RegionEndpoint: "ecs-cn-hangzhou.aliyuncs.com",
            LocalName: "华东1（杭州）",
            Status: "available",
          },
          {
            RegionId: "cn-beijing",
            RegionEndpoint: "ecs.cn-beijing.aliyuncs.com",
            LocalName: "华北2（北京）",
          },
        ],
      },
    });
    await expect(client.describeRegions(regionId)).resolves.toEqual([
      {
        regionId: "cn-hangzhou",
        regionEndpoint: "ecs-cn-hangzhou.aliyuncs.com",
        localName: "华东1（杭州）",
        status: "available",
      },
      { regionId: "cn-beijing", regionEndpoint: "ecs.cn-beijing.aliyuncs.com", localName: "华北2（北京）" },
    ]);
    expect(sent[0]).toMatchObject({ action: "DescribeRegions", regionId });
  });

  test("an answer without the list is an error", async () => {
    const error = await failureOf(clientAnswered({ RequestId }).client.describeRegions(regionId));
    expect(error).toMatchObject({ code: "UnreadableAnswer", requestId: RequestId });
  });
});

test("a failure of the transport passes through as it is", async () => {
  const failure = new EcsError({
    action: "DeleteHpcCluster",
    regionId,
    code: "NotEmpty.HpcCluster",
    serviceMessage: "",
  });
  const client = new EcsClient(() => Promise.reject(failure));
  await expect(client.deleteHpcCluster(regionId, "hpc-1")).rejects.toBe(failure);
  await expect(client.describeHpcCluster(regionId, "hpc-1")).rejects.toBe(failure);
});
