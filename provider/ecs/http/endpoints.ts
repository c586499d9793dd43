/** The regions whose endpoint does not follow from their id. */
const exceptions: Readonly<Record<string, string>> = {
  "cn-hangzhou": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-shanghai-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-shenzhen-finance-1": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-fujian": "ecs-cn-hangzhou.aliyuncs.com",
  "cn-north-2-gov-1": "ecs.aliyuncs.com",
  "cn-beijing-gov-1": "ecs.aliyuncs.com",
  "cn-hangzhou-finance": "ecs.aliyuncs.com",
  "cn-wuhan": "ecs.aliyuncs.com",
};

/** Settings that change the endpoint. */
export interface EndpointChoice {
  /** A host or a URL that serves every region (setting `alicloud:endpoints[0].ecs`). */
  override?: string | undefined;
  /** For a host without a scheme. */
  protocol: "https" | "http";
}

/** The URL of the ECS service for a region. */
export function endpointOf(regionId: string, { override, protocol }: EndpointChoice): string {
  const host = override ?? exceptions[regionId] ?? `ecs.${regionId}.aliyuncs.com`;
  return /^https?:\/\//i.test(host) ? host.replace(/\/+$/, "") : `${protocol}://${host}`;
}
