/** An entry: a resource in a stack's state that has the id of a cluster. */
export interface Entry {
  /** Random, made when the entry is recorded (`__entry` in the state); missing in states of earlier versions. */
  readonly entry?: string | undefined;
  /** The name of the resource in the program, if it is known. */
  readonly resourceName?: string | undefined;
  /** Set once a diff has shown that the program declares it, if the host knows it: the engine's name of the resource. */
  readonly urn?: string | undefined;
  /** This run has created it. */
  readonly isNew?: boolean | undefined;
}

/** A holder for messages. */
export function nameOf({ resourceName }: Entry): string {
  return resourceName === undefined ? "another resource of this stack" : `the resource "${resourceName}"`;
}
