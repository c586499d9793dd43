import {
  listOf,
  MissingField,
  optionalText,
  requiredCount,
  requiredText,
  textFieldsOf,
  type AvailableTypeItem,
  type HpcClusterItem,
  type InstanceItem,
  type RegionItem,
} from "./answerFields.ts";
import type { OnWait } from "./clock.ts";
import { EcsError } from "./errors.ts";
import type { Answer, ApiParameters, Call, CallOptions } from "./http/transport.ts";
import { describeCall, DESCRIBE_LIMIT } from "./regionQueue.ts";
import type { Request } from "./retry.ts";
import { withoutUndefined } from "./json.ts";

/** What the pages of DescribeHpcClusters have shown. */
interface DescribedClusters {
  items: readonly HpcClusterItem[];
  /** The error for the clusters that are not among the items, if the answers were not complete: they may exist. */
  missing?: EcsError;
}

/** The actions of the API, typed. Every failure is an {@link EcsError}. */
export class EcsClient {
  /** Makes any call of the API, with retries. */
  readonly request: Request;
  /** The clusters that the process has created, changed or deleted. */
  private readonly changed: Set<string>;

  constructor(request: Request, changed = new Set<string>()) {
    this.request = request;
    this.changed = changed;
  }

  /**
   * The same client for one operation.
   *
   * @param deadline when it must end, on the clock; Infinity: each call as the settings say
   */
  forOperation({ onWait, deadline }: { onWait: OnWait; deadline: number }): EcsClient {
    const options: CallOptions = { onWait, ...(deadline === Infinity ? {} : { deadline }) };
    return new EcsClient((call, parse) => this.request({ ...options, ...call }, parse), this.changed);
  }

  /** Whether this process has created, changed or deleted the cluster, or tried to: what it has read before is out of date. */
  hasChanged(hpcClusterId: string): boolean {
    return this.changed.has(hpcClusterId);
  }

  /**
   * CreateHpcCluster. Repeated with the same ClientToken and values it returns the first call's cluster.
   *
   * @param parameters Name, ClientToken, and perhaps Description
   */
  async createHpcCluster(
    regionId: string,
    parameters: ApiParameters,
  ): Promise<{ hpcClusterId: string; requestId: string | undefined }> {
    const created = await this.request(
      { action: "CreateHpcCluster", regionId, parameters: { RegionId: regionId, ...parameters } },
      // An answer with an id is a cluster, whatever else is missing.
      (answer) => ({
        hpcClusterId: requiredText(answer, "HpcClusterId"),
        requestId: optionalText(answer, "RequestId"),
      }),
    );
    this.changed.add(created.hpcClusterId);
    return created;
  }

  /**
   * DescribeHpcClusters of one id; undefined if the region has no such cluster.
   *
   * @param withinMs how long the call may take, retries included, milliseconds. Default: as the settings say.
   */
  async describeHpcCluster(
    regionId: string,
    hpcClusterId: string,
    withinMs?: number,
  ): Promise<HpcClusterItem | undefined> {
    return (await this.describeHpcClusters(regionId, [hpcClusterId], withinMs))[0];
  }

  /** DescribeHpcClusters of these ids, up to 100 a call; those that the region does not have are left out. */
  async describeHpcClusters(
    regionId: string,
    hpcClusterIds: readonly string[],
    withinMs?: number,
  ): Promise<HpcClusterItem[]> {
    const ids = [...new Set(hpcClusterIds)];
    const chunks = Array.from({ length: Math.ceil(ids.length / DESCRIBE_LIMIT) }, (_, at) =>
      ids.slice(at * DESCRIBE_LIMIT, (at + 1) * DESCRIBE_LIMIT),
    );
    return (await Promise.all(chunks.map((chunk) => this.describeChunk(regionId, chunk, withinMs)))).flat();
  }

  /**
   * DescribeHpcClusters of all clusters of a region.
   *
   * @param most the most clusters to list. Default: no limit.
   * @throws if the region has more
   */
  async listHpcClusters(regionId: string, most = Infinity): Promise<readonly HpcClusterItem[]> {
    const { items, missing } = await this.describeAllPages(regionId, {}, undefined, most);
    if (missing !== undefined) {
      throw missing;
    }
    return items;
  }

  /**
   * ModifyHpcClusterAttribute.
   *
   * @param changes Name, Description, or both. What is left out stays as it is; an empty Description removes it.
   */
  async modifyHpcCluster(regionId: string, hpcClusterId: string, changes: ApiParameters): Promise<void> {
    this.changed.add(hpcClusterId);
    await this.request(
      {
        action: "ModifyHpcClusterAttribute",
        regionId,
        parameters: { RegionId: regionId, HpcClusterId: hpcClusterId, ...changes },
      },
      () => undefined,
    );
  }

  /** DeleteHpcCluster. */
  async deleteHpcCluster(regionId: string, hpcClusterId: string): Promise<void> {
    this.changed.add(hpcClusterId);
    await this.request(
      {
        action: "DeleteHpcCluster",
        regionId,
        parameters: { RegionId: regionId, HpcClusterId: hpcClusterId },
      },
      () => undefined,
    );
  }

  /**
   * DescribeRegions.
   *
   * @param regionId the region whose endpoint is called
   * @param withinMs how long the call may take, retries included, milliseconds
   */
  async describeRegions(regionId: string, withinMs?: number): Promise<RegionItem[]> {
    return await this.request(
      { action: "DescribeRegions", regionId, parameters: {}, ...withoutUndefined({ withinMs }) },
      (answer) =>
        listOf(answer, "Regions", "Region").map((item) => ({
          RegionId: requiredText(item, "RegionId"),
          RegionEndpoint: optionalText(item, "RegionEndpoint") ?? "",
          LocalName: optionalText(item, "LocalName") ?? "",
        })),
    );
  }

  /**
   * DescribeInstances: the instances of a cluster, up to ten, and how many there are.
   *
   * @param withinMs how long the call may take, retries included, milliseconds
   */
  async describeInstancesOf(
    regionId: string,
    hpcClusterId: string,
    withinMs: number,
  ): Promise<{ ids: string[]; totalCount: number }> {
    return await this.request(
      {
        action: "DescribeInstances",
        regionId,
        parameters: { RegionId: regionId, HpcClusterId: hpcClusterId, PageSize: 10 },
        withinMs,
      },
      (answer) => {
        const ids = listOf(answer, "Instances", "Instance").map((item) => requiredText(item, "InstanceId"));
        return { ids, totalCount: requiredCount(answer, "TotalCount") };
      },
    );
  }

  /** DescribeInstances of all instances of a cluster, all pages of them. */
  async listInstancesOf(regionId: string, hpcClusterId: string): Promise<InstanceItem[]> {
    const found = new Map<string, InstanceItem>();
    const parameters = { RegionId: regionId, HpcClusterId: hpcClusterId, MaxResults: 100 };
    let token: string | undefined;
    do {
      const page = await this.request(
        {
          action: "DescribeInstances",
          regionId,
          parameters: { ...parameters, ...withoutUndefined({ NextToken: token }) },
        },
        (answer) => {
          const nextToken = optionalText(answer, "NextToken");
          if (nextToken !== undefined && nextToken === token) {
            throw new MissingField("new NextToken");
          }
          return { items: listOf(answer, "Instances", "Instance").map(instanceOf), nextToken };
        },
      );
      for (const item of page.items) {
        found.set(item.InstanceId, item);
      }
      token = page.nextToken;
    } while (token !== undefined);
    return [...found.values()];
  }

  /**
   * DescribeAvailableResource: the instance types that a region sells, in each of its zones.
   *
   * @param withinMs how long the call may take, retries included, milliseconds. Default: as the settings say.
   */
  async describeAvailableTypes(regionId: string, withinMs?: number): Promise<AvailableTypeItem[]> {
    return await this.request(
      {
        action: "DescribeAvailableResource",
        regionId,
        parameters: { RegionId: regionId, DestinationResource: "InstanceType" },
        ...withoutUndefined({ withinMs }),
      },
      (answer) => listOf(answer, "AvailableZones", "AvailableZone").flatMap(availableTypesOf),
    );
  }

  /** GetCallerIdentity of STS: the id of the credentials' account. */
  async getAccountId(regionId: string, withinMs: number): Promise<string> {
    return await this.request(
      { action: "GetCallerIdentity", regionId, parameters: {}, api: "sts", withinMs },
      (answer) => requiredText(answer, "AccountId"),
    );
  }

  private async describeChunk(
    regionId: string,
    ids: readonly string[],
    withinMs: number | undefined,
  ): Promise<HpcClusterItem[]> {
    const limit = withoutUndefined({ withinMs });
    // The request may be shared: the answer may have clusters that others have asked for.
    const isOwn = ({ HpcClusterId }: HpcClusterItem) => ids.includes(HpcClusterId);
    try {
      const call = describeCall(regionId, ids);
      const page = await this.request({ ...call, ...limit }, pageOf);
      const own = page.items.filter(isOwn);
      if (own.length === ids.length || page.items.length >= page.totalCount) {
        return own;
      }
      const all = await this.describeAllPages(regionId, call.parameters, withinMs);
      const found = all.items.filter(isOwn);
      if (all.missing !== undefined && found.length < ids.length) {
        throw all.missing;
      }
      return found;
    } catch (error) {
      if (ids.length > 1 && error instanceof EcsError && error.meaning.refused === "ids") {
        // One wrong id makes the whole call fail.
        return (await Promise.all(ids.map((id) => this.describeChunk(regionId, [id], withinMs)))).flat();
      }
      throw error;
    }
  }

  /** All pages of DescribeHpcClusters. */
  private async describeAllPages(
    regionId: string,
    parameters: ApiParameters,
    withinMs: number | undefined,
    most = Infinity,
  ): Promise<DescribedClusters> {
    const found = new Map<string, HpcClusterItem>();
    const call: Call = {
      action: "DescribeHpcClusters",
      regionId,
      parameters: { RegionId: regionId, ...parameters, PageSize: DESCRIBE_LIMIT },
      ...withoutUndefined({ withinMs }),
    };
    for (let page = 1; ; page += 1) {
      const { items, totalCount, requestId } = await this.request(
        page === 1 ? call : { ...call, parameters: { ...call.parameters, PageNumber: page } },
        pageOf,
      );
      if (totalCount > most) {
        throw new Error(`${regionId} has ${totalCount} HPC clusters, more than the ${most} that are listed.`);
      }
      const before = found.size;
      // A cluster that is created or deleted meanwhile shifts the pages: one may come twice.
      for (const item of items) {
        found.set(item.HpcClusterId, item);
      }
      const all = [...found.values()];
      if (found.size >= totalCount) {
        return { items: all };
      }
      if (found.size === before) {
        const missing = new EcsError({
          action: call.action,
          regionId,
          code: "UnreadableAnswer",
          serviceMessage: `only ${found.size} of ${totalCount} HPC clusters were returned with id and name`,
          requestId,
          transport: true,
        });
        return { items: all, missing };
      }
    }
  }
}

/** A page of DescribeHpcClusters; without the items that have no id or no name. */
function pageOf(answer: Answer): {
  items: HpcClusterItem[];
  totalCount: number;
  requestId: string | undefined;
} {
  // An answer may contain a cluster twice, which must not count for another one.
  const items = listOf(answer, "HpcClusters", "HpcCluster").map(textFieldsOf).filter(isHpcClusterItem);
  return {
    items: [...new Map(items.map((item) => [item.HpcClusterId, item])).values()],
    totalCount: requiredCount(answer, "TotalCount"),
    requestId: optionalText(answer, "RequestId"),
  };
}

function instanceOf(item: Answer): InstanceItem {
  return {
    InstanceId: requiredText(item, "InstanceId"),
    InstanceName: optionalText(item, "InstanceName") ?? "",
    Status: optionalText(item, "Status") ?? "",
    InstanceType: optionalText(item, "InstanceType") ?? "",
    ZoneId: optionalText(item, "ZoneId") ?? "",
    privateIpAddresses: addressesOf(fieldOf(item, "VpcAttributes"), "PrivateIpAddress"),
    rdmaIpAddresses: addressesOf(item, "RdmaIpAddress"),
  };
}

function fieldOf(item: Answer, field: string): Answer {
  const value = item[field];
  return typeof value === "object" && value !== null ? (value as Answer) : {};
}

function optionalListOf(item: Answer, list: string, name: string): Answer[] {
  return item[list] === undefined ? [] : listOf(item, list, name);
}

/** A list of addresses; in XML a single one is a text. */
function addressesOf(item: Answer, field: string): string[] {
  const addresses: unknown = fieldOf(item, field)["IpAddress"];
  return [addresses].flat().filter((address): address is string => typeof address === "string");
}

function availableTypesOf(zone: Answer): AvailableTypeItem[] {
  const ZoneId = requiredText(zone, "ZoneId");
  // A zone that sells nothing may have no lists.
  const resources = optionalListOf(zone, "AvailableResources", "AvailableResource");
  return resources
    .flatMap((resource) => optionalListOf(resource, "SupportedResources", "SupportedResource"))
    .map((type) => ({
      instanceType: requiredText(type, "Value"),
      ZoneId,
      Status: optionalText(type, "Status") ?? "",
      StatusCategory: optionalText(type, "StatusCategory") ?? "",
    }));
}

function isHpcClusterItem(texts: Record<string, string>): texts is Record<string, string> & HpcClusterItem {
  return texts["HpcClusterId"] !== undefined && texts["Name"] !== undefined;
}
