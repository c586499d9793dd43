import { expect, test } from "vitest";
import { send, uncertain } from "./service.ts";

interface Region {
  readonly RegionId: string;
  readonly RegionEndpoint: string;
}

async function regions(): Promise<Region[]> {
  const { json } = await send("DescribeRegions", { RegionId: undefined });
  return (json as { Regions: { Region: Region[] } }).Regions.Region;
}

test("returns the id, the endpoint, the name and the status of each region", async () => {
  const hangzhou = (await regions()).find(({ RegionId }) => RegionId === "cn-hangzhou");
  expect(hangzhou).toMatchObject({
    RegionEndpoint: "ecs-cn-hangzhou.aliyuncs.com",
    LocalName: expect.any(String),
    Status: "available",
  });
});

uncertain("returns the endpoints of the reference", async () => {
  const endpoints = Object.fromEntries(
    (await regions()).map(({ RegionId, RegionEndpoint }) => [RegionId, RegionEndpoint]),
  );
  expect(endpoints).toMatchObject({
    "cn-beijing": "ecs.cn-beijing.aliyuncs.com",
    "cn-shanghai-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
    "cn-north-2-gov-1": "ecs.aliyuncs.com",
    "ap-southeast-8": "ecs.ap-southeast-8.aliyuncs.com",
  });
});

uncertain("returns the regions of the reference", async () => {
  const china = "hangzhou qingdao beijing shenzhen hongkong shanghai zhangjiakou huhehaote chengdu heyuan";
  const chinaToo = "wulanchabu guangzhou nanjing fuzhou zhongwei";
  const special = "north-2-gov-1 shenzhen-finance-1 shanghai-finance-1 hangzhou-finance beijing-finance-1";
  const expected = [
    ...`${china} ${chinaToo} ${special}`.split(" ").map((place) => `cn-${place}`),
    ...["us-west-1", "us-east-1", "us-southeast-1", "na-south-1", "ap-northeast-1", "ap-northeast-2"],
    ...["1", "3", "5", "6", "7", "8"].map((number) => `ap-southeast-${number}`),
    ...["me-east-1", "me-central-1", "eu-central-1", "eu-west-1"],
  ];
  expect((await regions()).map(({ RegionId }) => RegionId).sort()).toEqual(expected.sort());
});
