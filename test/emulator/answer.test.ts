import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { failure, success } from "../../emulator/answer.ts";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { Refusal } from "../../emulator/refusal.ts";
import { ask, askV3 } from "./rawRequest.ts";

describe("rendering", () => {
  const refused = new Refusal(404, "Some.Code", `a <b> & "c"`, 250);

  test("a success in XML repeats the list field for each item", () => {
    const body = {
      RequestId: "R",
      TotalCount: 2,
      HpcClusters: {
        HpcCluster: [
          { HpcClusterId: "hpc-1", Name: "a", Description: "" },
          { HpcClusterId: "hpc-2", Name: "b", Description: "1 < 2 & 'x'\r\n\0" },
        ],
      },
    };
    expect(success("XML", "DescribeHpcClusters", "R", body).body).toBe(
      "<?xml version='1.0' encoding='UTF-8'?><DescribeHpcClustersResponse><RequestId>R</RequestId><TotalCount>2</TotalCount><HpcClusters>" +
        "<HpcCluster><HpcClusterId>hpc-1</HpcClusterId><Name>a</Name><Description></Description></HpcCluster>" +
        "<HpcCluster><HpcClusterId>hpc-2</HpcClusterId><Name>b</Name><Description>1 &lt; 2 &amp; &apos;x&apos;&#13;\n\ufffd</Description></HpcCluster>" +
        "</HpcClusters></DescribeHpcClustersResponse>",
    );
  });

  test("an empty list in XML is an empty element", () => {
    const body = { HpcClusters: { HpcCluster: [] } };
    expect(success("XML", "DescribeHpcClusters", "R", body).body).toContain("<HpcClusters></HpcClusters>");
  });

  test("an error in XML", () => {
    expect(failure("XML", "R", "host:1", refused)).toEqual({
      status: 404,
      code: "Some.Code",
      headers: {
        "content-type": "text/xml;charset=utf-8",
        "x-acs-request-id": "R",
        "x-acs-retry-after": "250",
      },
      body: "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>R</RequestId><HostId>host:1</HostId><Code>Some.Code</Code><Message>a &lt;b&gt; &amp; &quot;c&quot;</Message><Recommend>https://error-center.alibabacloud.com/status/search?Keyword=Some.Code&amp;source=PopGw</Recommend></Error>",
    });
  });

  test("an error in JSON", () => {
    const { body, headers } = failure("JSON", "R", "host:1", new Refusal(400, "Code", "Message"));
    expect(JSON.parse(body)).toEqual({
      RequestId: "R",
      HostId: "host:1",
      Code: "Code",
      Message: "Message",
      Recommend: "https://error-center.alibabacloud.com/status/search?Keyword=Code&source=PopGw",
    });
    expect(headers).not.toHaveProperty("x-acs-retry-after");
  });
});

describe("the requested format", () => {
  let ecs: Emulator;
  beforeEach(async () => {
    ecs = await startEmulator();
  });
  afterEach(() => ecs.stop());

  test.each([
    [undefined, "text/xml"],
    ["", "text/xml"],
    ["xml", "text/xml"],
    ["JSON", "application/json"],
    ["json", "application/json"],
  ])("Format=%s is %s, for a success and for an error", async (format, type) => {
    for (const [RegionId, status] of [["cn-hangzhou", 200] as const, [undefined, 400] as const]) {
      const answer = await ask(ecs, "DescribeHpcClusters", { RegionId }, { common: { Format: format } });
      const expected = [status, `${type};charset=utf-8`];
      expect([answer.status, answer.headers.get("content-type")]).toEqual(expected);
    }
  });

  test("an unknown format is refused in XML", async () => {
    const { status, text } = await ask(ecs, "DescribeRegions", {}, { common: { Format: "YAML" } });
    expect([status, text]).toEqual([400, expect.stringContaining("<Code>InvalidParameter.Format</Code>")]);
  });

  test("version 3 answers in JSON unless XML is requested", async () => {
    const json = await askV3(ecs, "DescribeRegions");
    expect(json.headers.get("content-type")).toBe("application/json;charset=utf-8");
    const xml = await askV3(ecs, "DescribeRegions", {}, { tampered: { accept: "application/xml" } });
    expect(xml.headers.get("content-type")).toBe("text/xml;charset=utf-8");
    expect(xml.text).toContain("<Regions><Region><RegionId>cn-hangzhou</RegionId>");
  });

  test("an error has the called host and the RequestId", async () => {
    const { json, headers } = await ask(ecs, "DescribeHpcClusters");
    expect(json["HostId"]).toBe(new URL(ecs.endpoint).host);
    expect(json["RequestId"]).toBe(ecs.requests[0]?.requestId);
    expect(headers.get("x-acs-request-id")).toBe(json["RequestId"]);
  });
});
