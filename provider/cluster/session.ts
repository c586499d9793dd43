import { debuglog } from "node:util";
import {
  PREVIEW_TIMEOUT_MS,
  readRegions,
  REGION_OF_REGIONS,
  validRegionId,
  type AccountRegions,
} from "../account/regions";
import { problemTexts } from "../account/settingReader";
import type { Settings } from "../account/settings";
import type { EcsClient } from "../ecs/client";
import { systemClock, type Clock, type OnWait } from "../ecs/clock";
import { messageOf } from "../ecs/errors";
import type { HpcClusterItem } from "../ecs/items";
import { Holders } from "./holders";
import { RegionLists, type ListedClusters } from "./regionLists";
import { noRunNotes, type RunNotes } from "./runNotes";
import { SameNames } from "./sameNames";
import { textOf, type EngineProperties } from "./properties";
import type { ClusterState } from "./state";

const debug = debuglog("alicloud-hpc");

/** One call of the engine: how long it may take, and where its messages go. */
export interface Operation {
  /** Shows a warning to the user. */
  warn?: (text: string) => void;
  /** Shows what is being waited for. */
  onWait?: OnWait;
  /** How long the operation may take, milliseconds. Default: each call of the service as long as the settings say. */
  timeoutMs?: number | undefined;
}

/** What a session takes from its host. */
export interface SessionOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Shows a warning to the user. Default: on standard error. */
  warn?: (text: string) => void;
  /** How the session hears of the run's other provider processes. Default: it is alone. */
  notes?: RunNotes;
  /** Default: a client with the session's settings. */
  connect?: (settings: Settings, clock: Clock) => EcsClient | Promise<EcsClient>;
}

/**
 * Everything that one provider process knows. It serves one configured provider during one run: the engine starts a new
 * process for every operation.
 */
export class Session {
  readonly holders: Holders;
  readonly sameNames: SameNames;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
  /** Hears what is being waited for. */
  readonly onWait: OnWait;
  /** When the operation must end, on the clock. */
  readonly deadline: number;
  private readonly connect: NonNullable<SessionOptions["connect"]>;
  private readonly reported = new Set<string>();
  private readonly lists: RegionLists;
  private account: Promise<string | undefined> | undefined;
  private client: Promise<EcsClient> | undefined;
  private accountRegions: Promise<AccountRegions> | undefined;

  /** @param process the session of the whole process, if this one is of one operation */
  constructor(
    readonly settings: Settings,
    private readonly options: SessionOptions & Operation = {},
    private readonly process?: Session,
  ) {
    this.holders = process?.holders ?? new Holders(options.notes ?? noRunNotes);
    this.sameNames = process?.sameNames ?? new SameNames(this.holders);
    this.clock = options.clock ?? systemClock;
    this.warn = options.warn ?? console.warn;
    this.onWait = options.onWait ?? (() => undefined);
    this.deadline = options.timeoutMs === undefined ? Infinity : this.clock.now() + options.timeoutMs;
    this.connect = options.connect ?? connectLazily;
    this.lists = process?.lists ?? new RegionLists(this.clock, settings.maxRetryTimeoutMs, () => this.ecs());
  }

  /** The same session for one call of the engine: what it learns is everybody's. */
  forOperation(operation: Operation): Session {
    return new Session(this.settings, { ...this.options, ...operation }, this);
  }

  /** The settings that cannot be used, each with what to do. */
  get problemTexts(): string[] {
    return problemTexts(this.settings.problems);
  }

  /**
   * The client of the service.
   *
   * @throws if the settings cannot be used: `destroy` and `refresh` run without a check
   */
  async ecs(): Promise<EcsClient> {
    if (this.process !== undefined) {
      const { deadline, onWait } = this;
      const ecs = await this.process.ecs();
      return ecs.forOperation({ onWait, ...(deadline === Infinity ? {} : { deadline }) });
    }
    if (this.settings.problems.length > 0) {
      throw new Error(this.problemTexts.join("\n"));
    }
    this.client ??= Promise.resolve(this.connect(this.settings, this.clock));
    return await this.client;
  }

  /** The account's regions, read once. A warning is shown if they cannot be read. */
  async regions(): Promise<AccountRegions> {
    if (this.process !== undefined) {
      return await this.process.regions();
    }
    this.accountRegions ??= this.readRegions();
    return await this.accountRegions;
  }

  /** The region of a stored cluster, or the configured one. */
  regionOf(properties: EngineProperties): string {
    const { region, source } = this.settings;
    return validRegionId(textOf(properties, "regionId") ?? region, source.missingRegion);
  }

  /**
   * The id of the credentials' account, asked once; undefined if it cannot be asked. It is not needed for any call, so a failure
   * only turns off the comparison of accounts.
   */
  async accountId(): Promise<string | undefined> {
    if (this.process !== undefined) {
      return await this.process.accountId();
    }
    this.account ??= this.readAccountId();
    return await this.account;
  }

  /**
   * Before a cluster counts as deleted: the service also answers "does not exist" for a cluster of another account.
   *
   * @throws if the cluster was created in another account than that of the credentials
   */
  async requireAccountOf({ hpcClusterId, __accountId }: ClusterState): Promise<void> {
    const accountId = __accountId === undefined ? undefined : await this.accountId();
    if (accountId !== undefined && accountId !== __accountId) {
      throw new Error(
        `The HPC cluster ${hpcClusterId} is in the account ${__accountId}, but the credentials are those of the account ${accountId}. ` +
          "Nothing has been changed: run the same command again with credentials of the cluster's account.",
      );
    }
  }

  /** The clusters that a region had before this process created one there. */
  async clustersBefore(regionId: string): Promise<ListedClusters> {
    return await this.lists.beforeCreation(regionId);
  }

  /**
   * A cluster as the list of its region shows it, taken at most a minute ago.
   *
   * @param limitMs how long to wait for the list, milliseconds. Default: as long as a call may take.
   * @returns no item if it has to be read by its id: the list does not show it or cannot be taken, or this process has changed it
   */
  async findListed(
    regionId: string,
    hpcClusterId: string,
    limitMs?: number,
  ): Promise<{ item?: HpcClusterItem | undefined } | { item?: undefined; error: unknown }> {
    const { deadline, onWait } = this;
    const listed = await this.lists.list(regionId, { limitMs, deadline, onWait });
    if ("error" in listed) {
      return listed;
    }
    const isOutOfDate = (await this.ecs()).hasChanged(hpcClusterId);
    return isOutOfDate ? {} : { item: listed.clusters.get(hpcClusterId) };
  }

  /**
   * The clusters that a region has now, by id.
   *
   * @throws if they cannot be listed within the time of a preview, or there are more than 1,000
   */
  async listClusters(regionId: string): Promise<ReadonlyMap<string, HpcClusterItem>> {
    return await this.lists.listNow(regionId);
  }

  /** Whether this text is reported for the first time. */
  reportOnce(text: string): boolean {
    if (this.process !== undefined) {
      return this.process.reportOnce(text);
    }
    const isFirst = !this.reported.has(text);
    this.reported.add(text);
    return isFirst;
  }

  /** Warns, unless the process has already warned so. */
  warnOnce(text: string): void {
    if (this.reportOnce(text)) {
      this.warn(text);
    }
  }

  private async readAccountId(): Promise<string | undefined> {
    try {
      return await (
        await this.ecs()
      ).getAccountId(this.settings.region ?? REGION_OF_REGIONS, PREVIEW_TIMEOUT_MS);
    } catch (error) {
      debug("the account is not known: %s", messageOf(error));
      return undefined;
    }
  }

  private async readRegions(): Promise<AccountRegions> {
    const regions = await readRegions(await this.ecs());
    if ("warning" in regions) {
      this.warn(regions.warning);
    }
    return regions;
  }
}

/** The module is loaded in the program too, so what talks to the service is loaded on first use. */
async function connectLazily(settings: Settings, clock: Clock): Promise<EcsClient> {
  const { connect } = await import("../ecs/connect.js");
  return connect(settings, clock);
}
