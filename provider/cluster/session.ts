import { debuglog } from "node:util";
import {
  PREVIEW_TIMEOUT_MS,
  readRegions,
  REGION_OF_REGIONS,
  validRegionId,
  type AccountRegions,
} from "../account/regions.ts";
import { problemTexts } from "../account/settingReader.ts";
import type { Settings } from "../account/settings.ts";
import type { EcsClient } from "../ecs/client.ts";
import { systemClock, type Clock } from "../ecs/clock.ts";
import { messageOf } from "../ecs/errors.ts";
import { Holders, noRunNotes, type RunNotes } from "./holders.ts";
import { RegionLists } from "./regionLists.ts";
import { SccRegions } from "./sccTypes.ts";
import { SameNames } from "./sameNames.ts";
import { textOf, type EngineProperties } from "./properties.ts";
import type { ClusterState } from "./state.ts";

const debug = debuglog("alicloud-hpc");

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
  readonly settings: Settings;
  readonly holders: Holders;
  readonly sameNames: SameNames;
  readonly lists: RegionLists;
  readonly sccRegions: SccRegions;
  readonly clock: Clock;
  /** Shows a warning to the user. */
  readonly warn: (text: string) => void;
  private readonly connect: NonNullable<SessionOptions["connect"]>;
  private readonly reported = new Set<string>();
  private account: Promise<string | undefined> | undefined;
  private client: Promise<EcsClient> | undefined;
  private accountRegions: Promise<AccountRegions> | undefined;

  constructor(settings: Settings, options: SessionOptions = {}) {
    this.settings = settings;
    this.clock = options.clock ?? systemClock;
    this.warn = options.warn ?? console.warn;
    this.connect = options.connect ?? connectLazily;
    this.holders = new Holders(options.notes ?? noRunNotes);
    this.sameNames = new SameNames(this.holders);
    this.lists = new RegionLists(this.clock, settings.maxRetryTimeoutMs, () => this.ecs());
    this.sccRegions = new SccRegions(() => this.ecs());
  }

  /** The settings that cannot be used, each with what to do. */
  get problemTexts(): string[] {
    return problemTexts(this.settings.problems);
  }

  /**
   * The client of the service. An operation takes its own (operation.ts).
   *
   * @throws if the settings cannot be used: `destroy` and `refresh` run without a check
   */
  async ecs(): Promise<EcsClient> {
    if (this.settings.problems.length > 0) {
      throw new Error(this.problemTexts.join("\n"));
    }
    this.client ??= Promise.resolve(this.connect(this.settings, this.clock));
    return await this.client;
  }

  /** The account's regions, read once, unless the settings say not to. A warning is shown if they cannot be read. */
  async regions(): Promise<AccountRegions> {
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

  /** Whether this text is reported for the first time. */
  reportOnce(text: string): boolean {
    const isFirst = !this.reported.has(text);
    this.reported.add(text);
    return isFirst;
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
    const { skipRegionValidation, namespace } = this.settings;
    if (skipRegionValidation) {
      return { isSkipped: true };
    }
    const regions = await readRegions(await this.ecs(), namespace);
    if ("warning" in regions) {
      this.warn(regions.warning);
    }
    return regions;
  }
}

/** The module is loaded in the program too, so what talks to the service is loaded on first use. */
async function connectLazily(settings: Settings, clock: Clock): Promise<EcsClient> {
  const { connect } = await import("../ecs/connect.ts");
  return connect(settings, clock);
}
