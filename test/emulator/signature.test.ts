import { describe, expect, test } from "vitest";

import {
  canonicalRequestV3,
  encode,
  sha256,
  signV1,
  signV3,
  stringToSignV1,
} from "../../emulator/signature.ts";

describe("version 1", () => {
  const published = {
    Timestamp: "2016-02-23T12:46:24Z",
    Format: "XML",
    AccessKeyId: "testid",
    Action: "DescribeRegions",
    SignatureMethod: "HMAC-SHA1",
    SignatureNonce: "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
    Version: "2014-05-26",
    SignatureVersion: "1.0",
  };

  test("the published vector", () => {
    expect(stringToSignV1("GET", published)).toBe(
      "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26",
    );
    expect(signV1("GET", published, "testsecret")).toBe("OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
  });

  test("the signature itself is not signed", () => {
    expect(signV1("GET", { ...published, Signature: "anything" }, "testsecret")).toBe(
      "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
    );
  });

  test.each([
    ["the method", () => signV1("POST", published, "testsecret")],
    ["a value", () => signV1("GET", { ...published, Format: "JSON" }, "testsecret")],
    ["one more parameter", () => signV1("GET", { ...published, RegionId: "cn-hangzhou" }, "testsecret")],
    ["the secret", () => signV1("GET", published, "testsecret2")],
  ])("%s changes it", (_, sign) => {
    expect(sign()).not.toBe("OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
  });

  test("encoding is that of RFC 3986", () => {
    expect(encode("a b!'()*~-_.中𠀀&=+/")).toBe("a%20b%21%27%28%29%2A~-_.%E4%B8%AD%F0%A0%80%80%26%3D%2B%2F");
  });
});

describe("version 3", () => {
  const published = {
    method: "POST",
    path: "/",
    query: { RegionId: "cn-shanghai", ImageId: "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd" },
    headers: {
      host: "ecs.cn-shanghai.aliyuncs.com",
      "x-acs-action": "RunInstances",
      "x-acs-content-sha256": sha256(""),
      "x-acs-date": "2023-10-26T10:22:32Z",
      "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
      "x-acs-version": "2014-05-26",
    },
    signedHeaders: [
      "x-acs-version",
      "host",
      "x-acs-action",
      "x-acs-content-sha256",
      "x-acs-date",
      "x-acs-signature-nonce",
    ],
    hashedBody: sha256(""),
  };

  test("the published vector", () => {
    expect(signV3(published, "YourAccessKeySecret")).toBe(
      "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    );
  });

  test("its canonical request", () => {
    expect(canonicalRequestV3(published).split("\n")).toEqual([
      "POST",
      "/",
      "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
      "host:ecs.cn-shanghai.aliyuncs.com",
      "x-acs-action:RunInstances",
      "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "x-acs-date:2023-10-26T10:22:32Z",
      "x-acs-signature-nonce:3156853299f313e23d1673dc12e1703d",
      "x-acs-version:2014-05-26",
      "",
      "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]);
  });
});
