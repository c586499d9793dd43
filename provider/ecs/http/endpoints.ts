/** The regions whose endpoint does not follow from their id. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ["cn-hangzhou", "ecs-cn-hangzhou.aliyuncs.com"],
  ["cn-shanghai-finance-1", "ecs-cn-hangzhou.aliyuncs.com"],
  ["cn-shenzhen-finance-1", "ecs-cn-hangzhou.aliyuncs.com"],
  ["cn-fujian", "ecs-cn-hangzhou.aliyuncs.com"],
  ["cn-north-2-gov-1", "ecs.aliyuncs.com"],
  ["cn-beijing-gov-1", "ecs.aliyuncs.com"],
  ["cn-hangzhou-finance", "ecs.aliyuncs.com"],
  ["cn-wuhan", "ecs.aliyuncs.com"],
]);

/** Settings that change the endpoint. */
export interface EndpointChoice {
  /** A host or a URL that serves every region (setting `alicloud:endpoints[0].ecs`). */
  override?: string | undefined;
  /** A host or a URL of STS (setting `alicloud:endpoints[0].sts`). */
  stsOverride?: string | undefined;
  /** For a host without a scheme. */
  protocol: "https" | "http";
}

/** The URL of a service for a region, without a slash at its end. */
export function endpointOf(
  api: "ecs" | "sts",
  regionId: string,
  { override, stsOverride, protocol }: EndpointChoice,
): string {
  const urlOf = (endpoint: string) =>
    new URL(/^https?:\/\//i.test(endpoint) ? endpoint : `${protocol}://${endpoint}`);
  const ecs = urlOf(override ?? exceptions.get(regionId) ?? `ecs.${regionId}.aliyuncs.com`);
  // A service other than Alibaba Cloud's own, e.g. a local one, must not make the credentials go to Alibaba Cloud.
  const isOwnService = !ecs.hostname.endsWith(".aliyuncs.com");
  const sts =
    stsOverride === undefined && isOwnService ? ecs : urlOf(stsOverride ?? `sts.${regionId}.aliyuncs.com`);
  const { origin, pathname } = api === "ecs" ? ecs : sts;
  return origin + pathname.replace(/\/+$/, "");
}
