/** The actions of this service. */
export const actionNames = [
  "CreateHpcCluster",
  "DescribeHpcClusters",
  "ModifyHpcClusterAttribute",
  "DeleteHpcCluster",
  "DescribeRegions",
  "RunInstances",
  "DescribeInstances",
  "DeleteInstances",
  "DescribeAvailableResource",
  "GetCallerIdentity",
] as const;

/** The name of an action. */
export type ActionName = (typeof actionNames)[number];
