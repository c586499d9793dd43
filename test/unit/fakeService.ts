import { readSettings } from "../../provider/account/settings.ts";
import { beginOperation, type Operation } from "../../provider/cluster/operation.ts";
import { noRunNotes, type RunNotes } from "../../provider/cluster/holders.ts";
import { Session } from "../../provider/cluster/session.ts";
import { EcsClient } from "../../provider/ecs/client.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import type { Answer, Call, Send } from "../../provider/ecs/http/transport.ts";
import type { HpcClusterItem } from "../../provider/ecs/answerFields.ts";
import { withoutRetry } from "./requests.ts";
import { FakeClock } from "./fakeClock.ts";

export const regionId = "cn-hangzhou";

interface FakeCluster {
  id: string;
  name: string;
  description: string;
  token: string;
  /** When DescribeHpcClusters shows it. */
  createdAt: number;
  visibleFrom: number;
  isDeleted: boolean;
}

/** The service in memory, behind the retries: it remembers every ClientToken, and may show clusters late. */
export class FakeService {
  readonly clock = new FakeClock();
  readonly clusters: FakeCluster[] = [];
  readonly calls: Call[] = [];
  /** Milliseconds until the nth created cluster shows. Default: 0. */
  lateMs: Record<number, number> = {};
  /** ModifyHpcClusterAttribute does not find a cluster either before it shows. */
  modifyIsLateToo = false;
  /** What DescribeHpcClusters shows of a cluster so long after its creation: undefined hides it. Default: the truth. */
  shown: (item: HpcClusterItem, ageMs: number) => HpcClusterItem | undefined = (item) => item;
  /** The id that CreateHpcCluster answers with. Default: the truth. */
  answeredId: (id: string) => string = (id) => id;
  /** DescribeHpcClusters is only allowed for given ids. */
  refusesLists = false;
  /** ModifyHpcClusterAttribute succeeds, but changes nothing. */
  ignoresModify = false;
  /** Error codes by action. */
  errors: Partial<Record<string, string>> = {};
  /** The account of the credentials; undefined: it cannot be asked. */
  accountId: string | undefined;
  /** The instances of every cluster. */
  instances: readonly string[] = [];
  /** The instance types that every region sells. */
  soldTypes: readonly string[] = ["ecs.g7.large", "ecs.sccc7.32xlarge"];
  regions: readonly string[] = [regionId, "cn-beijing"];

  readonly send: Send = async (call) => {
    this.calls.push(call);
    const { action, parameters } = call;
    const code = this.errors[action];
    if (code !== undefined) {
      throw this.error(call, code);
    }
    if (this.refusesLists && action === "DescribeHpcClusters" && !parameters["HpcClusterIds"]) {
      throw this.error(call, "Forbidden.RAM");
    }
    switch (action) {
      case "CreateHpcCluster":
        return {
          HpcClusterId: this.answeredId(this.create(parameters)),
          RequestId: `R-${this.calls.length}`,
        };
      case "DescribeHpcClusters":
        return this.describe(
          parameters["HpcClusterIds"] === undefined
            ? undefined
            : (JSON.parse(String(parameters["HpcClusterIds"])) as string[]),
        );
      case "ModifyHpcClusterAttribute": {
        const cluster = this.find(String(parameters["HpcClusterId"]));
        if (cluster === undefined || (this.modifyIsLateToo && !this.shows(cluster))) {
          throw this.error(call, "HpcClusterNotExists");
        }
        if (!this.ignoresModify) {
          cluster.name = String(parameters["Name"] ?? cluster.name);
          cluster.description = String(parameters["Description"] ?? cluster.description);
        }
        return {};
      }
      case "DeleteHpcCluster": {
        const cluster = this.find(String(parameters["HpcClusterId"]));
        if (cluster === undefined) {
          throw this.error(call, "NotExists.HpcCluster");
        }
        cluster.isDeleted = true;
        return {};
      }
      case "DescribeInstances":
        return {
          TotalCount: this.instances.length,
          Instances: { Instance: this.instances.slice(0, 10).map((InstanceId) => ({ InstanceId })) },
        };
      case "DescribeAvailableResource": {
        const types = { SupportedResource: this.soldTypes.map((Value) => ({ Value, Status: "Available" })) };
        const resources = { AvailableResource: [{ Type: "InstanceType", SupportedResources: types }] };
        return {
          AvailableZones: {
            AvailableZone: [{ ZoneId: "cn-hangzhou-a", AvailableResources: resources }],
          },
        };
      }
      case "GetCallerIdentity":
        if (this.accountId === undefined) {
          throw this.error(call, "Forbidden.RAM");
        }
        return { AccountId: this.accountId };
      case "DescribeRegions":
        return { Regions: { Region: this.regions.map((RegionId) => ({ RegionId })) } };
      default:
        throw new Error(`There is no action ${action}.`);
    }
  };

  /**
   * An operation of a new provider process, with this stack configuration (keys without `alicloud:`) and nothing in the environment.
   *
   * @param notes default: it is the run's only process
   */
  operation(
    configuration: Record<string, string> = { region: regionId },
    notes: RunNotes = noRunNotes,
  ): Operation & { warnings: string[] } {
    const warnings: string[] = [];
    const settings = readSettings((key) => configuration[key.replace("alicloud:", "")], {});
    const session = new Session(settings, {
      clock: this.clock,
      notes,
      warn: (text) => warnings.push(text),
      connect: () => new EcsClient(withoutRetry(this.send)),
    });
    return { ...beginOperation(session), warnings };
  }

  /** A cluster that was created outside Pulumi. */
  add(name: string, description = ""): string {
    return this.create({
      Name: name,
      Description: description,
      ClientToken: `outside ${this.clusters.length}`,
    });
  }

  /** The cluster, unless it is deleted. */
  find(id: string): FakeCluster | undefined {
    return this.clusters.find((cluster) => cluster.id === id && !cluster.isDeleted);
  }

  /** The ids of the clusters that exist. */
  get ids(): string[] {
    return this.clusters.filter(({ isDeleted }) => !isDeleted).map(({ id }) => id);
  }

  /** The parameters of every call of an action. */
  sent(action: string): Call["parameters"][] {
    return this.calls.filter((call) => call.action === action).map(({ parameters }) => parameters);
  }

  /** The ClientTokens of the creations. */
  get tokens(): string[] {
    return this.sent("CreateHpcCluster").map(({ ClientToken }) => String(ClientToken));
  }

  private describe(ids: readonly string[] | undefined): Answer {
    const shown = this.clusters
      .filter((cluster) => (ids === undefined || ids.includes(cluster.id)) && this.shows(cluster))
      .flatMap(({ id, name, description, createdAt }) => {
        const item = { HpcClusterId: id, Name: name, Description: description };
        return this.shown(item, this.clock.now() - createdAt) ?? [];
      });
    return { TotalCount: shown.length, HpcClusters: { HpcCluster: shown } };
  }

  private shows(cluster: FakeCluster): boolean {
    return !cluster.isDeleted && this.clock.now() >= cluster.visibleFrom;
  }

  private create(parameters: Call["parameters"]): string {
    const token = String(parameters["ClientToken"]);
    const earlier = this.clusters.find((cluster) => cluster.token === token);
    if (earlier !== undefined) {
      return earlier.id;
    }
    const number = this.clusters.length + 1;
    const id = `hpc-${number}`;
    this.clusters.push({
      id,
      name: String(parameters["Name"]),
      description: String(parameters["Description"] ?? ""),
      token,
      createdAt: this.clock.now(),
      visibleFrom: this.clock.now() + (this.lateMs[number] ?? 0),
      isDeleted: false,
    });
    return id;
  }

  private error({ action, regionId: region }: Call, code: string): EcsError {
    return new EcsError({
      action,
      regionId: region,
      code,
      serviceMessage: "No",
      status: 400,
      requestId: "R",
    });
  }
}
