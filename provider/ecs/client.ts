import { DescribeBatch, DESCRIBE_LIMIT } from "./describeBatch";
import { EcsError } from "./errors";
import { getOrCreate } from "./getOrCreate";
import type { Answer, ApiParameters, Send } from "./http/transport";
import type { HpcClusterItem, RegionItem } from "./items";
import { withoutUndefined } from "./withoutUndefined";

/** The five actions of the API, typed. Every failure is an {@link EcsError}. */
export class EcsClient {
  private readonly batches = new Map<string, DescribeBatch>();

  /** @param send makes any call of the API, with retries */
  constructor(readonly send: Send) {}

  /**
   * CreateHpcCluster. Repeated with the same ClientToken and values it returns the first call's cluster.
   *
   * @param parameters Name, ClientToken, and perhaps Description
   */
  async createHpcCluster(
    regionId: string,
    parameters: ApiParameters,
  ): Promise<{ hpcClusterId: string; requestId: string }> {
    const call = {
      action: "CreateHpcCluster",
      regionId,
      parameters: { RegionId: regionId, ...parameters },
    };
    const answer = await this.send(call);
    return {
      hpcClusterId: textOf(answer, "HpcClusterId", call, answer),
      requestId: textOf(answer, "RequestId", call, answer),
    };
  }

  /** DescribeHpcClusters of one id; undefined if the region has no such cluster. Calls at the same time share a request. */
  describeHpcCluster(regionId: string, hpcClusterId: string): Promise<HpcClusterItem | undefined> {
    const batch = getOrCreate(
      this.batches,
      regionId,
      () =>
        new DescribeBatch(async (ids) => {
          const page = await this.describePage(regionId, {
            HpcClusterIds: JSON.stringify(ids),
            PageSize: DESCRIBE_LIMIT,
          });
          return page.items;
        }),
    );
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
      // A cluster that is created or deleted meanwhile shifts the pages: one may come twice.
      for (const item of items) {
        found.set(item.HpcClusterId, item);
      }
      if (items.length === 0 || page * DESCRIBE_LIMIT >= totalCount) {
        return [...found.values()];
      }
    }
  }

  /**
   * ModifyHpcClusterAttribute.
   *
   * @param changes Name, Description, or both. What is left out stays as it is; an empty Description removes it.
   */
  async modifyHpcCluster(regionId: string, hpcClusterId: string, changes: ApiParameters): Promise<void> {
    await this.send({
      action: "ModifyHpcClusterAttribute",
      regionId,
      parameters: { RegionId: regionId, HpcClusterId: hpcClusterId, ...changes },
    });
  }

  /** DeleteHpcCluster. */
  async deleteHpcCluster(regionId: string, hpcClusterId: string): Promise<void> {
    await this.send({
      action: "DeleteHpcCluster",
      regionId,
      parameters: { RegionId: regionId, HpcClusterId: hpcClusterId },
    });
  }

  /**
   * DescribeRegions.
   *
   * @param regionId the region whose endpoint is called
   * @param withinMs how long the call may take, retries included, milliseconds
   */
  async describeRegions(regionId: string, withinMs?: number): Promise<RegionItem[]> {
    const call = { action: "DescribeRegions", regionId, parameters: {}, ...withoutUndefined({ withinMs }) };
    const answer = await this.send(call);
    return listOf(answer, "Regions", "Region", call).map((item) => ({
      RegionId: textOf(item, "RegionId", call, answer),
      RegionEndpoint: optionalTextOf(item, "RegionEndpoint") ?? "",
      LocalName: optionalTextOf(item, "LocalName") ?? "",
    }));
  }

  private async describePage(
    regionId: string,
    parameters: ApiParameters,
  ): Promise<{ items: HpcClusterItem[]; totalCount: number }> {
    const call = {
      action: "DescribeHpcClusters",
      regionId,
      parameters: { RegionId: regionId, ...parameters },
    };
    const answer = await this.send(call);
    const items = listOf(answer, "HpcClusters", "HpcCluster", call).map((item) => ({
      ...textsOf(item),
      HpcClusterId: textOf(item, "HpcClusterId", call, answer),
      Name: textOf(item, "Name", call, answer),
    }));
    return { items, totalCount: Number(answer["TotalCount"] ?? items.length) };
  }
}

interface CalledAction {
  action: string;
  regionId: string;
}

/**
 * The list of an answer. An answer without it is an error: an empty list would mean that every cluster is deleted. In XML an
 * empty list is an empty text.
 */
function listOf(answer: Answer, list: string, item: string, call: CalledAction): Answer[] {
  const container = answer[list];
  if (typeof container === "string" && container.trim() === "") {
    return [];
  }
  const items = (container as Answer | undefined)?.[item];
  if (!Array.isArray(items)) {
    throw missingField(answer, list, call);
  }
  return items as Answer[];
}

function textOf(from: Answer, key: string, call: CalledAction, answer: Answer): string {
  const value = optionalTextOf(from, key);
  if (value === undefined) {
    throw missingField(answer, key, call);
  }
  return value;
}

/** All fields that are texts. */
function textsOf(from: Answer): Record<string, string> {
  return Object.fromEntries(
    Object.keys(from).flatMap((key) => {
      const text = optionalTextOf(from, key);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

/** The service writes a missing value as an empty text. */
function optionalTextOf(from: Answer, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function missingField(answer: Answer, field: string, { action, regionId }: CalledAction): EcsError {
  return new EcsError({
    action,
    regionId,
    code: "UnreadableAnswer",
    serviceMessage: `the answer has no ${field}`,
    requestId: optionalTextOf(answer, "RequestId"),
    transport: true,
  });
}
