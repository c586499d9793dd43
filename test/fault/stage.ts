/** Where a run of the soak takes place: the real engine, or a model of it that is a hundred times as fast. */

/** What a program wants of one cluster. */
export interface Wanted {
  name: string;
  description?: string;
  regionId: string;
}

/** The program: resource names and what they are made of. */
export type Wants = ReadonlyMap<string, Wanted>;

/** A cluster in the state. */
export interface Kept {
  resource: string;
  id: string;
}

/** A process to kill. */
export type Victim = "provider" | "engine";

/** A stack. Operations that fail reject; the state then is what the engine had written. */
export interface Stage extends AsyncDisposable {
  /** @param replaced resources to replace whether or not they have changed */
  up(wants: Wants, replaced?: readonly string[]): Promise<void>;
  refresh(): Promise<void>;
  destroy(): Promise<void>;
  /**
   * An `up` whose process is killed as soon as `reached` settles.
   *
   * @returns whether it was killed; not if it ended before
   */
  killedUp(
    wants: Wants,
    replaced: readonly string[],
    victim: Victim,
    reached: Promise<unknown>,
  ): Promise<boolean>;
  /** What a killed engine leaves to be done before the next operation. */
  unlock(): Promise<void>;
  kept(): Kept[];
  /** What the CLI printed during the last few operations, where there is one. */
  readonly printed: readonly string[];
}
