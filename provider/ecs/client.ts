import { DescribeBatch, DESCRIBE_LIMIT } from "./describeBatch";
import { EcsError } from "./errors";
import type { HpcClusterItem, RegionItem } from "./items";
import type { Send } from "./transport";

/** The five actions, typed. Every failure is an {@link EcsError}. */
export class EcsClient {
  private readonly batches = new Map<string, DescribeBatch>();

  constructor(private readonly send: Send) {}

  /** CreateHpcCluster. Repeated with the same clientToken and values it answers with the first call's cluster. */
  async createHpcCluster(request: {
    regionId: string;
    name: string;
    description?: string | undefined;
    clientToken?: string | undefined;
  }): Promise<{ hpcClusterId: string; requestId: string }> {
    const { regionId } = request;
    const answer = await this.send("CreateHpcCluster", regionId, {
      RegionId: regionId,
      Name: request.name,
      Description: request.description,
      ClientToken: request.clientToken,
    });
    const field = fieldsOf("CreateHpcCluster", regionId, answer);
    return { hpcClusterId: field(answer, "HpcClusterId"), requestId: field(answer, "RequestId") };
  }

  /**
   * DescribeHpcClusters of one id; undefined if there is no such cluster in the region. Calls at the same time share a
   * request.
   */
  describeHpcCluster(regionId: string, hpcClusterId: string): Promise<HpcClusterItem | undefined> {
    let batch = this.batches.get(regionId);
    if (batch === undefined) {
      batch = new DescribeBatch((ids) => this.describeByIds(regionId, ids));
      this.batches.set(regionId, batch);
    }
    return batch.load(hpcClusterId);
  }

  /** DescribeHpcClusters of all clusters of a region, page by page. */
  async listHpcClusters(regionId: string): Promise<HpcClusterItem[]> {
    const found = new Map<string, HpcClusterItem>();
    for (let page = 1; ; page += 1) {
      const { items, totalCount } = await this.describePage(regionId, {
        PageNumber: page,
        PageSize: DESCRIBE_LIMIT,
      });
      // A cluster made or deleted meanwhile shifts the pages: one may come twice.
      for (const item of items) {
        found.set(item.hpcClusterId, item);
      }
      if (items.length === 0 || page * DESCRIBE_LIMIT >= totalCount) {
        return [...found.values()];
      }
    }
  }

  /** ModifyHpcClusterAttribute. An empty description removes it; what is undefined stays as it is. */
  async modifyHpcCluster(request: {
    regionId: string;
    hpcClusterId: string;
    name?: string | undefined;
    description?: string | undefined;
  }): Promise<void> {
    await this.send("ModifyHpcClusterAttribute", request.regionId, {
      RegionId: request.regionId,
      HpcClusterId: request.hpcClusterId,
      Name: request.name,
      Description: request.description,
    });
  }

  /** DeleteHpcCluster. */
  async deleteHpcCluster(regionId: string, hpcClusterId: string): Promise<void> {
    await this.send("DeleteHpcCluster", regionId, { RegionId: regionId, HpcClusterId: hpcClusterId });
  }

  /** DescribeRegions, asked in the given region. */
  async describeRegions(regionId: string): Promise<RegionItem[]> {
    const answer = await this.send("DescribeRegions", regionId, {});
    const field = fieldsOf("DescribeRegions", regionId, answer);
    return listOf("DescribeRegions", regionId, answer, "Regions", "Region").map((item) => ({
      regionId: field(item, "RegionId"),
      regionEndpoint: optional(item, "RegionEndpoint") ?? "",
      localName: optional(item, "LocalName") ?? "",
      ...withDefined("status", optional(item, "Status")),
    }));
  }

  private async describeByIds(regionId: string, ids: readonly string[]): Promise<HpcClusterItem[]> {
    const { items } = await this.describePage(regionId, {
      HpcClusterIds: JSON.stringify(ids),
      PageSize: DESCRIBE_LIMIT,
    });
    return items;
  }

  private async describePage(
    regionId: string,
    parameters: Record<string, string | number>,
  ): Promise<{ items: HpcClusterItem[]; totalCount: number }> {
    const action = "DescribeHpcClusters";
    const answer = await this.send(action, regionId, { RegionId: regionId, ...parameters });
    const field = fieldsOf(action, regionId, answer);
    const items = listOf(action, regionId, answer, "HpcClusters", "HpcCluster").map((item) => ({
      hpcClusterId: field(item, "HpcClusterId"),
      name: field(item, "Name"),
      // The service writes "no description" as an empty one.
      ...withDefined("description", optional(item, "Description") || undefined),
    }));
    return { items, totalCount: Number(answer["TotalCount"] ?? items.length) };
  }
}

function withDefined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

type Answer = Record<string, unknown>;

/**
 * The list of an answer. An answer without it is an error: taken for an empty list it would say that every cluster is
 * gone. In XML an empty list is an empty text.
 */
function listOf(action: string, regionId: string, answer: Answer, list: string, item: string): Answer[] {
  const container = answer[list];
  if (typeof container === "string" && container.trim() === "") {
    return [];
  }
  const items = (container as Answer | undefined)?.[item];
  if (!Array.isArray(items)) {
    throw incomplete(action, regionId, answer, list);
  }
  return items as Answer[];
}

function fieldsOf(action: string, regionId: string, answer: Answer): (from: Answer, key: string) => string {
  return (from, key) => {
    const value = from[key];
    if (typeof value !== "string" || value === "") {
      throw incomplete(action, regionId, answer, key);
    }
    return value;
  };
}

function optional(from: Answer, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" ? value : undefined;
}

function incomplete(action: string, regionId: string, answer: Answer, missing: string): EcsError {
  return new EcsError({
    action,
    regionId,
    code: "UnreadableAnswer",
    serviceMessage: `the answer lacks ${missing}`,
    requestId: optional(answer, "RequestId"),
    transport: true,
  });
}
