/** An HPC cluster as DescribeHpcClusters returns it, in the API's names. Fields without a value are left out. */
export interface HpcClusterItem {
  readonly HpcClusterId: string;
  readonly Name: string;
  readonly Description?: string;
  readonly [field: string]: string | undefined;
}

/** A region as DescribeRegions returns it, in the API's names. */
export interface RegionItem {
  readonly RegionId: string;
  readonly RegionEndpoint: string;
  readonly LocalName: string;
}
