/** A rule that the inputs break. */
export interface CheckFailure {
  /** The property's name; empty where its value could be a secret, since the engine shows the value. */
  property: string;
  reason: string;
}
