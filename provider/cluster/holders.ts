import type { ClusterState } from "./state";

/** Which clusters this process has seen, created, adopted and deleted. */
export class Holders {
  private readonly owned = new Set<string>();
  private readonly adopted = new Set<string>();
  private readonly deleted = new Set<string>();
  private readonly created = new Map<string, string | undefined>();
  private readonly nextGenerations = new Map<string, number>();

  /**
   * Records a cluster that is in the state. A renamed resource keeps its cluster, but not its URN: a new resource with that URN
   * and the same values gets the same ClientToken, and with it the other's cluster.
   *
   * @throws if that has just happened
   */
  recordOwned({ hpcClusterId, requestId }: ClusterState): void {
    const newRequestId = this.created.get(hpcClusterId);
    if (newRequestId !== undefined && newRequestId !== requestId) {
      throw new Error(
        `The HPC cluster ${hpcClusterId} of this resource has just been given to a new resource as well, which has the name and the values ` +
          "that this one once had. Remove the new one from the state (pulumi state delete), and declare it after this one.",
      );
    }
    this.owned.add(hpcClusterId);
  }

  /** Records a cluster that is in the state as adopted. */
  recordAdopted(hpcClusterId: string): void {
    this.adopted.add(hpcClusterId);
  }

  recordCreated({ hpcClusterId, requestId }: ClusterState): void {
    this.created.set(hpcClusterId, requestId);
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

  belongsToAnother(hpcClusterId: string): boolean {
    return this.owned.has(hpcClusterId) && !this.deleted.has(hpcClusterId);
  }

  /** Whether a cluster to adopt was adopted earlier: then its resource is being replaced, by an ordinary new cluster. */
  wasAdopted(hpcClusterId: string): boolean {
    return this.adopted.has(hpcClusterId) || this.deleted.has(hpcClusterId);
  }

  /**
   * Whether CreateHpcCluster has returned this cluster in this process. Then a replacement that is created before the old
   * cluster is deleted has got the old cluster again. Deleting it would delete both.
   */
  wasJustCreated(hpcClusterId: string): boolean {
    return this.created.has(hpcClusterId);
  }

  /** The first generation of a series whose cluster this process has not deleted. */
  firstGeneration(series: string): number {
    return this.nextGenerations.get(series) ?? 0;
  }
}
