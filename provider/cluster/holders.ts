import type { ClusterState } from "./state.ts";

/** An entry: a resource in a stack's state that has the id of a cluster. */
export interface Entry {
  /** Random, made when the entry is recorded (`__entry` in the state); missing in states of earlier versions. */
  readonly entry?: string | undefined;
  /** The name of the resource in the program, if it is known. */
  readonly resourceName?: string | undefined;
  /** The engine's name of the resource. Set by the plugin's diff; the dynamic host does not know it. */
  readonly urn?: string | undefined;
  /** This run has created it. */
  readonly isNew?: boolean | undefined;
}

/** A holder for messages. */
export function nameOf({ resourceName }: Entry): string {
  return resourceName === undefined ? "another resource of this stack" : `the resource "${resourceName}"`;
}

/** That an entry holds a cluster, or does not hold it any more. */
export interface RunNote extends Entry {
  readonly hpcClusterId: string;
  readonly holds: boolean;
}

/** How the provider processes of one run tell each other which clusters their entries hold. */
export interface RunNotes {
  write(note: RunNote): void;
  /** The entries of other processes that hold the cluster. */
  holdersElsewhere(hpcClusterId: string): Entry[];
}

/** For a process that is alone. */
export const noRunNotes: RunNotes = { write: () => undefined, holdersElsewhere: () => [] };

/**
 * Which entries hold which clusters, as far as this run has shown. The other provider processes of the run (an explicit
 * provider has its own) are asked through their notes.
 */
export class Holders {
  private readonly notes: RunNotes;
  private readonly entries = new Map<string, Map<string, Entry>>();
  private readonly adopted = new Set<string>();
  private readonly returned = new Set<string>();
  private readonly deleted = new Set<string>();
  private readonly nextGenerations = new Map<string, number>();

  constructor(notes: RunNotes) {
    this.notes = notes;
  }

  /** Records that an entry holds a cluster. */
  record(hpcClusterId: string, { entry, resourceName, urn, isNew }: Entry): void {
    const held = this.entries.get(hpcClusterId) ?? new Map<string, Entry>();
    const known = held.get(entry ?? "");
    const isKnown = (given: string | undefined, before: string | undefined) =>
      given === undefined || given === before;
    if (known !== undefined && isKnown(resourceName, known.resourceName) && isKnown(urn, known.urn)) {
      return;
    }
    held.set(entry ?? "", { entry, resourceName, urn, isNew });
    this.entries.set(hpcClusterId, held);
    this.notes.write({ hpcClusterId, entry, resourceName, urn, isNew, holds: true });
  }

  /** Records that an entry leaves the state. */
  release(hpcClusterId: string, { entry }: Entry): void {
    this.entries.get(hpcClusterId)?.delete(entry ?? "");
    this.notes.write({ hpcClusterId, entry, holds: false });
  }

  /** Another entry that holds the cluster; undefined if none has been seen. */
  otherHolder(hpcClusterId: string, own?: Entry): Entry | undefined {
    const here = [...(this.entries.get(hpcClusterId)?.values() ?? [])];
    return [...here, ...this.notes.holdersElsewhere(hpcClusterId)].find(
      (other) => own === undefined || (other.entry ?? "") !== (own.entry ?? ""),
    );
  }

  /** Records a cluster that CreateHpcCluster has returned to this process. */
  recordReturned(hpcClusterId: string): void {
    this.returned.add(hpcClusterId);
  }

  /** Whether the run has something to do with a cluster: an entry holds it, or this process has got or deleted it. */
  isKnown(hpcClusterId: string): boolean {
    return (
      this.returned.has(hpcClusterId) ||
      this.deleted.has(hpcClusterId) ||
      this.otherHolder(hpcClusterId) !== undefined
    );
  }

  /** Records a cluster that is in the state as adopted. */
  recordAdopted(hpcClusterId: string): void {
    this.adopted.add(hpcClusterId);
  }

  /** Whether a cluster to adopt was adopted earlier: then its resource is being replaced, by an ordinary new cluster. */
  wasAdopted(hpcClusterId: string): boolean {
    return this.adopted.has(hpcClusterId) || this.deleted.has(hpcClusterId);
  }

  /** Records a deletion. The service still answers the cluster's ClientToken with it. */
  recordDeleted({ hpcClusterId, __tokenUse }: ClusterState): void {
    this.deleted.add(hpcClusterId);
    if (__tokenUse !== undefined) {
      this.nextGenerations.set(__tokenUse.series, __tokenUse.generation + 1);
    }
  }

  isDeleted(hpcClusterId: string): boolean {
    return this.deleted.has(hpcClusterId);
  }

  /** The first generation of a series whose cluster this process has not deleted. */
  firstGeneration(series: string): number {
    return this.nextGenerations.get(series) ?? 0;
  }
}
