import { describe, expect, test } from "vitest";
import { parseXmlAnswer } from "../../provider/ecs/http/xml.ts";

describe("parseXmlAnswer", () => {
  test("returns the API page's example in the shape of its JSON form", () => {
    expect(
      parseXmlAnswer(`<CreateHpcClusterResponse>
      <RequestId>473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E</RequestId>
      <HpcClusterId>hpc-pnlg1ds9rky4****</HpcClusterId>
</CreateHpcClusterResponse>
`),
    ).toEqual({
      RequestId: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
      HpcClusterId: "hpc-pnlg1ds9rky4****",
    });
  });

  test("reads an error with and without an XML declaration", () => {
    const error =
      "<Error><RequestId>R-1</RequestId><HostId>ecs.aliyuncs.com</HostId><Code>InvalidRegionId.NotFound</Code>" +
      "<Message>The specified parameter &quot;RegionId&quot; is not valid.</Message></Error>";
    const answer = {
      RequestId: "R-1",
      HostId: "ecs.aliyuncs.com",
      Code: "InvalidRegionId.NotFound",
      Message: 'The specified parameter "RegionId" is not valid.',
    };
    expect(parseXmlAnswer(error)).toEqual(answer);
    expect(parseXmlAnswer(`<?xml version='1.0' encoding='UTF-8'?>${error}`)).toEqual(answer);
    expect(parseXmlAnswer(`\n  ${error}\n`)).toEqual(answer);
    expect(parseXmlAnswer(`<?xml version="1.0"?>\n  ${error}`)).toEqual(answer);
  });

  const list = (inside: string) =>
    `<DescribeHpcClustersResponse><TotalCount>1</TotalCount>${inside}</DescribeHpcClustersResponse>`;
  const cluster = (name: string, description = "") =>
    `<HpcCluster><HpcClusterId>hpc-1</HpcClusterId><Name>${name}</Name><Description>${description}</Description></HpcCluster>`;

  test("a list of one is a list, as is a list of two", () => {
    const one = { HpcClusterId: "hpc-1", Name: "one", Description: "" };
    expect(parseXmlAnswer(list(`<HpcClusters>${cluster("one")}</HpcClusters>`))?.["HpcClusters"]).toEqual({
      HpcCluster: [one],
    });
    expect(
      parseXmlAnswer(list(`<HpcClusters>${cluster("one")}${cluster("two")}</HpcClusters>`))?.["HpcClusters"],
    ).toEqual({ HpcCluster: [one, { ...one, Name: "two" }] });
  });

  test("an empty list is an empty text in every notation", () => {
    for (const empty of [
      "<HpcClusters></HpcClusters>",
      "<HpcClusters/>",
      "<HpcClusters>\n   </HpcClusters>",
    ]) {
      expect(parseXmlAnswer(list(empty))?.["HpcClusters"]).toBe("");
    }
  });

  test("texts stay texts, also if they look like numbers or booleans", () => {
    for (const name of ["0012", "1e5", "true", "null", "12345678901234567890", "0x1F", "3.10"]) {
      expect(parseXmlAnswer(list(`<HpcClusters>${cluster(name, name)}</HpcClusters>`))).toMatchObject({
        HpcClusters: { HpcCluster: [{ Name: name, Description: name }] },
      });
    }
  });

  const described = (written: string): unknown => {
    const answer = parseXmlAnswer(list(`<HpcClusters>${cluster("one", written)}</HpcClusters>`));
    return (answer?.["HpcClusters"] as { HpcCluster: { Description: unknown }[] }).HpcCluster[0]?.Description;
  };

  test("entities and Chinese characters are decoded", () => {
    expect(described("a &lt;b&gt; &amp;amp; &quot;c&quot; &apos;d&apos;")).toBe(`a <b> &amp; "c" 'd'`);
    expect(described("每晚的帧 \u{20000}😀")).toBe("每晚的帧 \u{20000}😀");
  });

  test("numeric character references are decoded", () => {
    expect(described("&#20013;&#x6587; tab&#9;end")).toBe("中文 tab\tend");
  });

  test("keeps spaces at the ends of a description", () => {
    expect(described("  two spaces, one space ")).toBe("  two spaces, one space ");
  });

  test("anything else is not an answer of the service", () => {
    for (const text of [
      "",
      "   ",
      "Bad Gateway",
      '{"RequestId":"R-1"}',
      "<html><head><title>502 Bad Gateway</title></head></html>",
      "<!DOCTYPE html><html></html>",
      '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>',
      '<!DOCTYPE Error [<!ENTITY a "b">]><Error><Code>&a;</Code></Error>',
      "<Errors><Code>x</Code></Errors>",
      "<Error>a text</Error>",
    ]) {
      expect(parseXmlAnswer(text), text).toBeUndefined();
    }
  });

  test("an incomplete answer is not an answer", () => {
    const whole = list(`<HpcClusters>${cluster("one")}</HpcClusters>`);
    for (let length = 0; length < whole.length; length += 1) {
      expect(parseXmlAnswer(whole.slice(0, length)), whole.slice(0, length)).toBeUndefined();
    }
    expect(parseXmlAnswer(whole)).toBeDefined();
  });
});
