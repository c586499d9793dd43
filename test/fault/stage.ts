/** Where a life of the soak takes place: on the real engine, or on a model of it that is a hundred times as fast. */

/** What a program wants of one cluster. */
export interface Wanted {
  name: string;
  description?: string;
  regionId?: string;
  clientToken?: string;
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
  /** @param replaced resources to replace, whether or not they have changed */
  up(wants: Wants, replaced?: readonly string[]): Promise<void>;
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
  ): Promise<boolean>;
  /** Removes what a killed engine leaves behind, before the next operation. */
  unlock(): Promise<void>;
  kept(): Kept[];
  /** What the last few operations printed. */
  readonly printed: readonly string[];
}
