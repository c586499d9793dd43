import type { HpcClusterItem } from "../ecs/answerFields.ts";
import type { Holders } from "./holders.ts";

interface Name {
  readonly name: string;
  readonly regionId: string;
}

/** The clusters that had the name of a new one before the run. */
interface SameName extends Name {
  readonly ids: readonly string[];
  readonly warn: (text: string) => void;
  isCreated: boolean;
}

/**
 * Names of new clusters that other clusters had before. Who holds these is only known at the end of the run: the engine checks the
 * resources one after the other.
 */
export class SameNames {
  private readonly holders: Holders;
  private readonly found = new Map<string, SameName>();

  constructor(holders: Holders) {
    this.holders = holders;
  }

  /**
   * Notes a cluster that is to be created.
   *
   * @param before the clusters that the region had before
   */
  note({ name, regionId }: Name, before: Iterable<HpcClusterItem>, warn: (text: string) => void): void {
    const ids = [...before].filter(({ Name }) => Name === name).map(({ HpcClusterId }) => HpcClusterId);
    this.found.set(keyOf({ name, regionId }), { name, regionId, ids, warn, isCreated: false });
  }

  /** Notes that the cluster is being created: the run is no preview. */
  noteCreation(created: Name): void {
    const sameName = this.found.get(keyOf(created));
    if (sameName !== undefined) {
      sameName.isCreated = true;
    }
  }

  /** Warns of those clusters that belong to no resource which the run has shown. To be called at its end. */
  report(): void {
    for (const { ids, warn, ...rest } of this.found.values()) {
      const unknown = ids.filter((id) => !this.holders.isKnown(id));
      if (unknown.length > 0) {
        warn(warningOf(unknown, rest));
      }
    }
    this.found.clear();
  }
}

function keyOf({ name, regionId }: Name): string {
  return JSON.stringify([name, regionId]);
}

function warningOf(
  ids: readonly string[],
  { name, regionId, isCreated }: Omit<SameName, "ids" | "warn">,
): string {
  const clusters = ids.length === 1 ? "an HPC cluster" : `${ids.length} HPC clusters`;
  const outcome = isCreated
    ? "This run has not taken it over."
    : "`pulumi up` continues with it if an interrupted run of this resource created it, and creates another one otherwise.";
  return (
    `${regionId} already has ${clusters} named ${JSON.stringify(name)}: ${ids.join(", ")}. ${outcome} Before you adopt or delete it, ` +
    "look whose it is (pulumi stack export, also of other stacks): the resource that holds it now, e.g. one of @pulumi/alicloud, " +
    "would still delete it."
  );
}
