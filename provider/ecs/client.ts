import { listOf, MissingField, optionalText, requiredCount, requiredText, textsOf } from "./answerFields";
import { DescribeBatch, DESCRIBE_LIMIT, type DescribedClusters } from "./describeBatch";
import { EcsError } from "./errors";
import { getOrCreate } from "./getOrCreate";
import type { Answer, ApiParameters, Call, CallOptions, Send } from "./http/transport";
import type { HpcClusterItem, RegionItem } from "./items";
import { withoutUndefined } from "./withoutUndefined";

/** The actions of the API, typed. Every failure is an {@link EcsError}. */
export class EcsClient {
  private readonly batches = new Map<string, DescribeBatch>();

  /**
   * @param send makes any call of the API, with retries
   * @param operation what the calls have in common, if they belong to one operation
   * @param shared the client that collects the reads of all operations. Default: this one.
   */
  constructor(
    readonly send: Send,
    private readonly operation: CallOptions = {},
    private readonly shared?: EcsClient,
  ) {}

  /** The same client for one operation. Its reads still share requests with those of other operations. */
  forOperation(operation: CallOptions): EcsClient {
    return new EcsClient((call) => this.send({ ...operation, ...call }), operation, this.shared ?? this);
  }

  /** Sends the reads that wait for others, and from now on every read at once: the run is canceled. */
  stopWaiting(): void {
    for (const batch of this.batches.values()) {
      batch.stopWaiting();
    }
  }

  /** A cluster will be created and then read, so that its read can share a call with others. */
  announceCreate(regionId: string): void {
    this.batch(regionId).announceCreate();
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
    return await this.batch(regionId).create(() =>
      this.read(
        { action: "CreateHpcCluster", regionId, parameters: { RegionId: regionId, ...parameters } },
        // An answer with an id is a cluster, whatever else is missing.
        (answer) => ({
          hpcClusterId: requiredText(answer, "HpcClusterId"),
          requestId: optionalText(answer, "RequestId"),
        }),
      ),
    );
  }

  /**
   * DescribeHpcClusters of one id; undefined if the region has no such cluster. Calls at the same time share a request.
   *
   * @param withinMs how long the call may take, retries included, milliseconds. Default: as the settings say.
   */
  describeHpcCluster(
    regionId: string,
    hpcClusterId: string,
    withinMs?: number,
  ): Promise<HpcClusterItem | undefined> {
    return this.batch(regionId, withinMs).load(hpcClusterId, this.operation);
  }

  /**
   * DescribeHpcClusters of all clusters of a region.
   *
   * @param withinMs how long each call may take, retries included, milliseconds. Default: as the settings say.
   * @param most the most clusters to list. Default: no limit.
   * @throws if the region has more
   */
  async listHpcClusters(
    regionId: string,
    withinMs?: number,
    most = Infinity,
  ): Promise<readonly HpcClusterItem[]> {
    const { items, missing } = await this.describeAllPages(regionId, {}, withinMs, most);
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
    return await this.read(
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
    return await this.read(
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

  /** GetCallerIdentity of STS: the id of the credentials' account. */
  async getAccountId(regionId: string, withinMs: number): Promise<string> {
    return await this.read(
      { action: "GetCallerIdentity", regionId, parameters: {}, api: "sts", withinMs },
      (answer) => requiredText(answer, "AccountId"),
    );
  }

  private batch(regionId: string, withinMs?: number): DescribeBatch {
    // Not that of the operation which happens to read first: its deadline and its listener would become everybody's.
    const shared = this.shared ?? this;
    return getOrCreate(shared.batches, `${regionId} ${withinMs}`, () => {
      const describe = async (ids: readonly string[], operation: CallOptions) => {
        const parameters = { HpcClusterIds: JSON.stringify(ids) };
        return await shared.forOperation(operation).describeAllPages(regionId, parameters, withinMs);
      };
      return new DescribeBatch(describe);
    });
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
      const { list, totalCount, requestId } = await this.read(
        page === 1 ? call : { ...call, parameters: { ...call.parameters, PageNumber: page } },
        (answer) => ({
          list: listOf(answer, "HpcClusters", "HpcCluster"),
          totalCount: requiredCount(answer, "TotalCount"),
          requestId: optionalText(answer, "RequestId"),
        }),
      );
      if (totalCount > most) {
        throw new Error(`${regionId} has ${totalCount} HPC clusters, more than the ${most} that are listed.`);
      }
      const before = found.size;
      // A cluster that is created or deleted meanwhile shifts the pages: one may come twice.
      for (const item of list.map(textsOf).filter(isHpcClusterItem)) {
        found.set(item.HpcClusterId, item);
      }
      const items = [...found.values()];
      if (found.size >= totalCount) {
        return { items };
      }
      if (found.size === before) {
        const message = `only ${found.size} of ${totalCount} HPC clusters were returned with id and name`;
        return { items, missing: unreadableAnswer(call, message, requestId) };
      }
    }
  }

  /** Makes a call and parses its answer. An incomplete answer is repeated like a lost one. */
  private async read<T>(call: Call, parse: (answer: Answer) => T): Promise<T> {
    const parseAnswer = (answer: Answer): T => {
      try {
        return parse(answer);
      } catch (error) {
        throw error instanceof MissingField
          ? unreadableAnswer(call, error.message, optionalText(answer, "RequestId"))
          : error;
      }
    };
    return parseAnswer(await this.send({ ...call, validate: (answer) => void parseAnswer(answer) }));
  }
}

function isHpcClusterItem(texts: Record<string, string>): texts is Record<string, string> & HpcClusterItem {
  return texts["HpcClusterId"] !== undefined && texts["Name"] !== undefined;
}

function unreadableAnswer({ action, regionId }: Call, serviceMessage: string, requestId?: string): EcsError {
  return new EcsError({
    action,
    regionId,
    code: "UnreadableAnswer",
    serviceMessage,
    requestId,
    transport: true,
  });
}
