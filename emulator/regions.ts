/** Region ids with the names that DescribeRegions gives them. */
const localNames: Readonly<Record<string, string>> = {
  "cn-hangzhou": "华东1（杭州）",
  "cn-qingdao": "华北1（青岛）",
  "cn-beijing": "华北2（北京）",
  "cn-shenzhen": "华南1（深圳）",
  "cn-hongkong": "中国香港",
  "cn-shanghai": "华东2（上海）",
  "cn-zhangjiakou": "华北3（张家口）",
  "cn-huhehaote": "华北5（呼和浩特）",
  "cn-chengdu": "西南1（成都）",
  "cn-heyuan": "华南2（河源）",
  "cn-wulanchabu": "华北6（乌兰察布）",
  "cn-guangzhou": "华南3（广州）",
  "cn-nanjing": "华东5（南京-本地地域）",
  "cn-fuzhou": "华东6（福州-本地地域）",
  "cn-zhongwei": "西北2（中卫）",
  "us-west-1": "美国（硅谷）",
  "us-east-1": "美国（弗吉尼亚）",
  "us-southeast-1": "美国（亚特兰大）",
  "na-south-1": "墨西哥",
  "ap-northeast-1": "日本（东京）",
  "ap-northeast-2": "韩国（首尔）",
  "ap-southeast-1": "新加坡",
  "ap-southeast-3": "马来西亚（吉隆坡）",
  "ap-southeast-5": "印度尼西亚（雅加达）",
  "ap-southeast-6": "菲律宾（马尼拉）",
  "ap-southeast-7": "泰国（曼谷）",
  "ap-southeast-8": "马来西亚（柔佛）",
  "me-east-1": "阿联酋（迪拜）",
  "me-central-1": "沙特（利雅得）",
  "eu-central-1": "德国（法兰克福）",
  "eu-west-1": "英国（伦敦）",
  "cn-north-2-gov-1": "华北2阿里政务云1",
  "cn-shenzhen-finance-1": "华南1金融云",
  "cn-shanghai-finance-1": "华东2金融云",
  "cn-hangzhou-finance": "华东1金融云",
  "cn-beijing-finance-1": "华北2金融云",
};

const hangzhouEndpoint = ["cn-hangzhou", "cn-shanghai-finance-1", "cn-shenzhen-finance-1", "cn-fujian"];
const centralEndpoint = ["cn-north-2-gov-1", "cn-beijing-gov-1", "cn-hangzhou-finance", "cn-wuhan"];

/** The default regions of the service. */
export const defaultRegions: readonly string[] = Object.keys(localNames);

/** One entry of a DescribeRegions answer. */
export interface Region {
  readonly RegionId: string;
  readonly RegionEndpoint: string;
  readonly LocalName: string;
  readonly Status: string;
}

/** How DescribeRegions describes a region. */
export function describeRegion(regionId: string): Region {
  return {
    RegionId: regionId,
    RegionEndpoint: endpointOf(regionId),
    LocalName: localNames[regionId] ?? regionId,
    Status: "available",
  };
}

function endpointOf(regionId: string): string {
  if (hangzhouEndpoint.includes(regionId)) {
    return "ecs-cn-hangzhou.aliyuncs.com";
  }
  if (centralEndpoint.includes(regionId)) {
    return "ecs.aliyuncs.com";
  }
  return `ecs.${regionId}.aliyuncs.com`;
}
