/**
 * A simple dynamic provider: a class in the program that holds the client's settings, with one call per operation, no batches
 * and no retries. The SDK stores its code and its settings, including the access key, with every cluster.
 */
import * as pulumi from "@pulumi/pulumi";

/** The local service's endpoint and access key. */
export interface Service {
  endpoint: string;
  accessKeyId: string;
  accessKeySecret: string;
}

interface Cluster {
  name: string;
  description: string;
  regionId: string;
}

type Answer = Record<string, unknown> & { HpcClusters?: { HpcCluster: Record<string, string>[] } };
type Client = new (config: object) => {
  request: (action: string, parameters: object, options: object) => Promise<Answer>;
};

class NaiveProvider implements pulumi.dynamic.ResourceProvider<Cluster, Cluster> {
  readonly service: Service;

  constructor(service: Service) {
    this.service = service;
  }

  async call(action: string, parameters: object): Promise<Answer> {
    const Client = require("@alicloud/pop-core") as Client;
    const client = new Client({ ...this.service, apiVersion: "2014-05-26" });
    return await client.request(action, parameters, { method: "POST", timeout: 30000 });
  }

  async diff(_id: string, olds: Cluster, news: Cluster): Promise<pulumi.dynamic.DiffResult> {
    const changes = olds.name !== news.name || olds.description !== news.description;
    const replaces = olds.regionId === news.regionId ? [] : ["regionId"];
    return { changes: changes || replaces.length > 0, replaces };
  }

  async create(inputs: Cluster): Promise<pulumi.dynamic.CreateResult<Cluster>> {
    const { HpcClusterId } = await this.call("CreateHpcCluster", {
      RegionId: inputs.regionId,
      Name: inputs.name,
      Description: inputs.description,
    });
    return { id: HpcClusterId as string, outs: inputs };
  }

  async read(id: string, props?: Cluster): Promise<pulumi.dynamic.ReadResult<Cluster>> {
    if (props === undefined) {
      return {};
    }
    const { HpcClusters } = await this.call("DescribeHpcClusters", {
      RegionId: props.regionId,
      HpcClusterIds: JSON.stringify([id]),
    });
    const found = HpcClusters?.HpcCluster[0];
    if (found === undefined) {
      return {};
    }
    return { id, props: { ...props, name: found["Name"]!, description: found["Description"]! } };
  }

  async update(id: string, olds: Cluster, news: Cluster): Promise<pulumi.dynamic.UpdateResult<Cluster>> {
    await this.call("ModifyHpcClusterAttribute", {
      RegionId: olds.regionId,
      HpcClusterId: id,
      Name: news.name,
      Description: news.description,
    });
    return { outs: news };
  }

  async delete(id: string, props: Cluster): Promise<void> {
    await this.call("DeleteHpcCluster", { RegionId: props.regionId, HpcClusterId: id });
  }
}

/** CommonJS's `require`: the class above runs in the provider's process. */
declare const require: (name: string) => unknown;

class NaiveCluster extends pulumi.dynamic.Resource {}

let provider: NaiveProvider | undefined;

/** Declares a cluster. All share one provider object, so that the SDK serializes it once. */
export function naiveCluster(name: string, cluster: Cluster, service: Service): void {
  provider ??= new NaiveProvider(service);
  new NaiveCluster(provider, name, { ...cluster }, {}, "alicloud", "HpcCluster");
}
