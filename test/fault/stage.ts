/** Where a life of the soak takes place: on the real engine, or on a model of it that is a hundred times as fast. */

/** What a program wants of one cluster. */
export interface Wanted {
  name: string;
  description?: string;
  regionId?: string;
  clientToken?: string;
  /** The id of a cluster to adopt. */
  adopt?: string;
  /** The explicit provider of the resource: a provider process of its own. Default: the default provider. */
  provider?: string;
  /** The former name of the resource. */
  alias?: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  /** Default: true. */
  deleteBeforeReplace?: boolean;
}

/** The program: what it declares, by resource name. */
export type Wants = ReadonlyMap<string, Wanted>;

/** A cluster in the state. */
export interface Kept {
  resource: string;
  id: string;
}

/** A process to kill. */
export type Victim = "provider" | "engine";

/** A stack. An operation that fails rejects; the state is then what the engine had written. */
export interface Stage extends AsyncDisposable {
  /**
   * @param replaced resources to replace, whether or not they have changed
   * @param targets undefined: the run is not limited to some resources
   */
  up(wants: Wants, replaced?: readonly string[], targets?: readonly string[]): Promise<void>;
  refresh(): Promise<void>;
  destroy(): Promise<void>;
  /**
   * An `up` whose process is killed as soon as `reached` settles.
   *
   * @returns whether it was killed; false if it ended before
   */
  killedUp(
    wants: Wants,
    replaced: readonly string[],
    victim: Victim,
    reached: Promise<unknown>,
    targets?: readonly string[],
  ): Promise<boolean>;
  /** Removes what a killed engine leaves behind, before the next operation. */
  unlock(): Promise<void>;
  kept(): Kept[];
  /** What the last few operations printed. */
  readonly printed: readonly string[];
  /** The host whose classes the program imports; undefined on the model, which is between the hosts and the core. */
  readonly host?: string;
  /** From the next `up` on the program imports the other host's classes. */
  changeHost?(): void;
}
