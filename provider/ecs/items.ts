/** An HPC cluster as DescribeHpcClusters tells it. */
export interface HpcClusterItem {
  hpcClusterId: string;
  name: string;
  /** Absent where the service has none. */
  description?: string;
}

/** A region as DescribeRegions tells it. */
export interface RegionItem {
  regionId: string;
  regionEndpoint: string;
  localName: string;
  status?: string;
}
