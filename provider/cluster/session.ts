import { readRegions, validRegionId, type AccountRegions } from "../account/regions";
import type { Settings } from "../account/settings";
import type { EcsClient } from "../ecs/client";
import { systemClock, type Clock } from "../ecs/clock";
import { Holders } from "./holders";
import { textOf, type EngineProperties } from "./properties";

/** What a session takes from its host. */
export interface SessionOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Shows a warning to the user. Default: on standard error. */
  warn?: (text: string) => void;
  /** Default: a client with the session's settings. */
  connect?: (settings: Settings, clock: Clock) => EcsClient | Promise<EcsClient>;
}

/**
 * Everything that one provider process knows. It serves one configured provider during one run: the engine starts a new
 * process for every operation.
 */
export class Session {
  readonly holders = new Holders();
  readonly clock: Clock;
  readonly warn: (text: string) => void;
  private readonly connect: NonNullable<SessionOptions["connect"]>;
  private readonly reported = new Set<string>();
  private client: Promise<EcsClient> | undefined;
  private accountRegions: Promise<AccountRegions> | undefined;

  constructor(
    readonly settings: Settings,
    options: SessionOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.warn = options.warn ?? console.warn;
    this.connect = options.connect ?? connectLazily;
  }

  /** The settings that cannot be used, each with what to do. */
  get problemTexts(): string[] {
    return this.settings.problems.map(({ key, reason }) => `${key} ${reason}`);
  }

  /**
   * The client of the service.
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

  /** The account's regions, read once. A warning is shown if they cannot be read. */
  async regions(): Promise<AccountRegions> {
    this.accountRegions ??= this.readRegions();
    return await this.accountRegions;
  }

  /** The region of a stored cluster, or the configured one. */
  regionOf(properties: EngineProperties): string {
    return validRegionId(textOf(properties, "regionId") ?? this.settings.region);
  }

  /** Whether this text is reported for the first time. */
  reportOnce(text: string): boolean {
    const isFirst = !this.reported.has(text);
    this.reported.add(text);
    return isFirst;
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
