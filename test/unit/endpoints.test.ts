import { describe, expect, test } from "vitest";
import { endpointOf } from "../../provider/ecs/http/endpoints.ts";

const https = { protocol: "https" } as const;

describe("endpointOf", () => {
  test.each([
    ["cn-hangzhou", "ecs-cn-hangzhou.aliyuncs.com"],
    ["cn-shanghai-finance-1", "ecs-cn-hangzhou.aliyuncs.com"],
    ["cn-shenzhen-finance-1", "ecs-cn-hangzhou.aliyuncs.com"],
    ["cn-fujian", "ecs-cn-hangzhou.aliyuncs.com"],
    ["cn-north-2-gov-1", "ecs.aliyuncs.com"],
    ["cn-beijing-gov-1", "ecs.aliyuncs.com"],
    ["cn-hangzhou-finance", "ecs.aliyuncs.com"],
    ["cn-wuhan", "ecs.aliyuncs.com"],
    ["cn-beijing", "ecs.cn-beijing.aliyuncs.com"],
    ["ap-southeast-8", "ecs.ap-southeast-8.aliyuncs.com"],
    ["cn-beijing-finance-1", "ecs.cn-beijing-finance-1.aliyuncs.com"],
    ["xx-tomorrow-9", "ecs.xx-tomorrow-9.aliyuncs.com"],
    ["constructor", "ecs.constructor.aliyuncs.com"],
  ])("%s is served by %s", (regionId, host) => {
    expect(endpointOf("ecs", regionId, https)).toBe(`https://${host}`);
    expect(endpointOf("ecs", regionId, { protocol: "http" })).toBe(`http://${host}`);
  });

  test("a configured host serves every region, with the configured protocol", () => {
    for (const regionId of ["cn-hangzhou", "cn-wuhan", "us-west-1"]) {
      const override = "ecs-vpc.cn-hangzhou.aliyuncs.com";
      expect(endpointOf("ecs", regionId, { override, protocol: "https" })).toBe(`https://${override}`);
      expect(endpointOf("ecs", regionId, { override, protocol: "http" })).toBe(`http://${override}`);
      expect(endpointOf("ecs", regionId, { override: "localhost:8080", protocol: "http" })).toBe(
        "http://localhost:8080",
      );
    }
  });

  test("a configured URL keeps its own protocol, and loses its last slashes", () => {
    for (const [override, url] of [
      ["http://127.0.0.1:4566", "http://127.0.0.1:4566"],
      ["http://127.0.0.1:4566/", "http://127.0.0.1:4566"],
      ["https://ecs.example.com//", "https://ecs.example.com"],
      // pop-core knows a scheme only in lower case.
      ["HTTP://LOCALHOST:4566", "http://localhost:4566"],
      ["HTTPS://ecs.example.com/", "https://ecs.example.com"],
      ["http://[::1]:4566", "http://[::1]:4566"],
      ["https://example.com/ecs/", "https://example.com/ecs"],
    ] as const) {
      expect(endpointOf("ecs", "cn-hangzhou", { override, protocol: "https" })).toBe(url);
      expect(endpointOf("ecs", "cn-hangzhou", { override, protocol: "http" })).toBe(url);
    }
  });

  test.each([
    ["its own in the region", {}, "https://sts.cn-beijing.aliyuncs.com"],
    [
      "its own beside another ECS endpoint of Alibaba Cloud",
      { override: "ecs-vpc.cn-beijing.aliyuncs.com" },
      "https://sts.cn-beijing.aliyuncs.com",
    ],
    [
      "its own beside one in capitals and with a port",
      { override: "HTTPS://ECS-VPC.CN-BEIJING.ALIYUNCS.COM:443/" },
      "https://sts.cn-beijing.aliyuncs.com",
    ],
    [
      "the same as ECS of another service, which must not make the credentials go to Alibaba Cloud",
      { override: "http://127.0.0.1:4566" },
      "http://127.0.0.1:4566",
    ],
    [
      "the configured one",
      { override: "http://127.0.0.1:4566", stsOverride: "sts.example.com" },
      "https://sts.example.com",
    ],
  ])("of STS is %s", (_, choice, url) => {
    expect(endpointOf("sts", "cn-beijing", { ...choice, protocol: "https" })).toBe(url);
  });
});
